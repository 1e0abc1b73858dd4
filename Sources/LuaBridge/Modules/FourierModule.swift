import Engine

/// Discrete Fourier transforms; a complex number is a last axis of 2: (real, imaginary).
enum FourierModule {
  private static func transform(
    _ name: String, _ formula: String, inverse: Bool, axes fixed: Int? = nil
  ) -> LuaFunction {
    let axes = fixed == nil ? "the axes before the last" : "the two axes before the last"
    let summary = "The discrete Fourier transform \(formula), over \(axes)."
    let shape = fixed == nil ? "[…, N, 2]" : "[…, H, W, 2]"
    @Sendable func apply(_ x: Tensor, _ count: Int) throws -> Tensor {
      guard count >= 1, count < x.rank, x.shape[x.rank - 1] == 2 else {
        throw ArgumentProblem(
          "\(count) axes before a last axis of 2 (real, imaginary) are needed, got shape \(x.shape)",
          hint: "make a real tensor complex with mg.complex(x)")
      }
      return try x.fft(axisCount: count, inverse: inverse)
    }
    if let fixed {
      return LuaFunction(
        name, summary, Param<Tensor>("x", shape), returns: "same shape as `x`"
      ) { x in try apply(x, fixed) }
    }
    return LuaFunction(
      name, summary, Param<Tensor>("x", shape),
      Param<Int?>("count", "how many axes to transform; default 1"), returns: "same shape as `x`"
    ) { x, count in try apply(x, count ?? 1) }
  }

  private static func real(_ name: String, axes: Int, _ shapes: (String, String)) -> LuaFunction {
    LuaFunction(
      name,
      "The Fourier transform of real numbers over \(axes == 1 ? "the last axis" : "the last two axes"), the half that holds everything.",
      Param<Tensor>("x", shapes.0), returns: shapes.1
    ) { x in try x.realFFT(axisCount: axes) }
  }

  private static func inverseReal(
    _ name: String, axes: Int, _ shapes: (String, String)
  ) -> LuaFunction {
    LuaFunction(
      name, "The real numbers whose \(axes == 1 ? "rfft" : "rfft2") this is.",
      Param<Tensor>("x", shapes.1),
      Param<Int?>("size", "how many the last axis had; default the even number"),
      returns: shapes.0
    ) { x, size in
      let half = x.rank >= 2 ? x.shape[x.rank - 2] : 0
      return try x.inverseRealFFT(size: size ?? max(2 * (half - 1), 1), axisCount: axes)
    }
  }

  private static func shift(_ name: String, _ summary: String, _ inverse: Bool) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Tensor>("x", "any shape"),
      Param<Axes>("axes", "default all; of complex numbers all but the last: {1, 2}"),
      returns: "same shape as `x`"
    ) { x, axes in
      try x.frequenciesCentred(
        axes: axes.indices(rank: x.rank) ?? Array(0..<x.rank), inverse: inverse)
    }
  }

  private static let (line, plane) = (
    ("[…, N]", "[…, N/2 + 1, 2]"), ("[…, H, W]", "[…, H, W/2 + 1, 2]")
  )

  static let functions = [
    transform("fft", "X[k] = Σ x[n] exp(-2πi kn/N)", inverse: false)
      .example(
        "mg.complex(mg.tensor {1, 0}):fft()", "tensor [2, 2] float32 {{1, 0}, {1, 0}}"
      )
      .mistake(
        "mg.fft(mg.zeros(4))",
        "fft: 1 axes before a last axis of 2 (real, imaginary) are needed, got shape [4]"),
    transform("ifft", "x[n] = 1/N Σ X[k] exp(2πi kn/N)", inverse: true)
      .example(
        "x:fft():ifft():sub(x):abs():max():lt(1e-6)", "tensor [] bool true",
        after: "local x = mg.randn({8, 2}, 1)"
      )
      .mistake(
        "mg.zeros(4, 2):ifft(2)",
        "ifft: 2 axes before a last axis of 2 (real, imaginary) are needed, got shape [4, 2]"),
    transform("fft2", "of images", inverse: false, axes: 2)
      .example("mg.complex(mg.ones(2, 2)):fft2():real()", "tensor [2, 2] float32 {{4, 0}, {0, 0}}")
      .mistake(
        "mg.zeros(4, 2):fft2()",
        "fft2: 2 axes before a last axis of 2 (real, imaginary) are needed, got shape [4, 2]"),
    transform("ifft2", "of images, backwards", inverse: true, axes: 2)
      .example(
        "mg.complex(mg.ones(2, 2)):ifft2():real()", "tensor [2, 2] float32 {{1, 0}, {0, 0}}"
      )
      .mistake(
        "mg.zeros(4, 2):ifft2()",
        "ifft2: 2 axes before a last axis of 2 (real, imaginary) are needed, got shape [4, 2]"),
    real("rfft", axes: 1, line)
      .example("mg.tensor {1, 2, 3, 2}:rfft()", "tensor [3, 2] float32 {{8, 0}, {-2, 0}, {0, 0}}")
      .mistake(
        "mg.tensor(1):rfft()",
        "rfft: tensor must be a floating tensor of 1 or more axes, not empty, got float32 []"),
    inverseReal("irfft", axes: 1, line)
      .example("mg.tensor {1, 2, 3, 2}:rfft():irfft()", "tensor [4] float32 {1, 2, 3, 2}")
      .mistake(
        "mg.zeros(3, 2):irfft(7)",
        "irfft: tensor must be shape […, 7 / 2 + 1, 2], got float32 [3, 2]"),
    real("rfft2", axes: 2, plane)
      .example(
        "mg.ones(2, 2):rfft2()", "tensor [2, 2, 2] float32 {{{4, 0}, {0, 0}}, {{0, 0}, {0, 0}}}"
      )
      .mistake(
        "mg.zeros(4):rfft2()",
        "rfft2: tensor must be a floating tensor of 2 or more axes, not empty, got float32 [4]"),
    inverseReal("irfft2", axes: 2, plane)
      .example("mg.tensor {{1, 2, 3}}:rfft2():irfft2(3):sum()", "tensor [] float32 6")
      .mistake(
        "mg.zeros(3, 2):irfft2()",
        "irfft2: tensor must be shape […, 4 / 2 + 1, 2], got float32 [3, 2]"),
    shift("fftshift", "Moves frequency 0 from the first place to the middle.", false)
      .example("mg.fftfreq(4):fftshift()", "tensor [4] float32 {-0.5, -0.25, 0, 0.25}")
      .mistake(
        "mg.zeros(4):fftshift(2)",
        "fftshift: axis 2 is out of range for a tensor of 1 axes"),
    shift("ifftshift", "Undoes fftshift.", true)
      .example("mg.arange(5):fftshift():ifftshift()", "tensor [5] float32 {1, 2, 3, 4, 5}")
      .mistake(
        "mg.zeros(4):ifftshift(2)",
        "ifftshift: axis 2 is out of range for a tensor of 1 axes"),
    LuaFunction(
      "fftfreq",
      "The frequencies of an fft, in the order it gives them: 0 first, negative ones last.",
      Param<Int>("size", "how many points are transformed"),
      Param<Double?>("spacing", "distance of the points; default 1"),
      Param<DType?>("dtype", "default \"float32\""),
      returns: "[size], in turns for one unit of distance", access: .function
    ) { size, spacing, dtype in
      guard (1...1 << 26).contains(size), (spacing ?? 1) > 0 else {
        throw ArgumentProblem("size must be at least 1 and spacing above 0")
      }
      let places = Tensor.arange(size, from: 0, step: 1, dtype: .float64)
      let turned = try Tensor.select(
        places.isLess(than: Double((size + 1) / 2)), places, places - Double(size))
      return try (turned * (1 / (Double(size) * (spacing ?? 1)))).cast(to: dtype ?? .float32)
    }
    .example("mg.fftfreq(5)", "tensor [5] float32 {0, 0.2, 0.4, -0.4, -0.2}")
    .mistake(
      "mg.fftfreq(0)",
      "fftfreq: size must be at least 1 and spacing above 0"),
    LuaFunction(
      "complex", "Complex numbers of a real and an imaginary part.",
      Param<Tensor>("re", "any shape"),
      Param<Tensor?>("im", "same shape; default 0"), returns: "[…, 2]"
    ) { re, im in
      try Tensor.stacked([re, im ?? .zeros(re.shape, dtype: re.dtype)], axis: re.rank)
    }
    .example("mg.complex(mg.tensor {1, 2})", "tensor [2, 2] float32 {{1, 0}, {2, 0}}")
    .mistake(
      "mg.complex(mg.zeros(2), mg.zeros(3))",
      "complex: shapes [2] and [3] do not fit together"),
    LuaFunction(
      "polar", "Complex numbers of an absolute value and an angle in radians.",
      Param<Tensor>("magnitude", "any shape"), Param<Tensor>("angle", "any shape"),
      returns: "the common shape and a last axis of 2", access: .function
    ) { magnitude, angle in try magnitude.polar(angle: angle) }
    .example(
      "mg.polar(mg.tensor {2}, mg.tensor {0})", "tensor [1, 2] float32 {{2, 0}}"
    )
    .mistake(
      "mg.polar(2, 0)",
      "bad argument 'magnitude' to 'polar': expected a tensor, got 2"),
    LuaFunction(
      "real", "The real parts of complex numbers.", Param<Tensor>("x", "[…, 2]"), returns: "[…]"
    ) { x in try x.realPart() }
    .example("mg.tensor {{1, 2}, {3, 4}}:real()", "tensor [2] float32 {1, 3}")
    .mistake(
      "mg.zeros(3):real()",
      "real: tensor must be a last axis of 2, got shape [3]"),
    LuaFunction(
      "imag", "The imaginary parts of complex numbers.", Param<Tensor>("x", "[…, 2]"),
      returns: "[…]"
    ) { x in try x.imaginaryPart() }
    .example("mg.tensor {{1, 2}, {3, 4}}:imag()", "tensor [2] float32 {2, 4}")
    .mistake(
      "mg.zeros(3):imag()",
      "imag: tensor must be a last axis of 2, got shape [3]"),
    LuaFunction(
      "conj", "The conjugates of complex numbers.", Param<Tensor>("x", "[…, 2]"),
      returns: "same shape as `x`"
    ) { x in try x.conjugate() }
    .example("mg.tensor {1, 2}:conj()", "tensor [2] float32 {1, -2}")
    .mistake(
      "mg.zeros(3):conj()",
      "conj: tensor must be a last axis of 2, got shape [3]"),
    LuaFunction(
      "complex_abs", "The absolute values of complex numbers; the gradient at 0 is 0.",
      Param<Tensor>("x", "[…, 2]"), returns: "[…]"
    ) { x in try x.magnitude() }
    .example("mg.tensor {3, 4}:complex_abs()", "tensor [] float32 5")
    .mistake(
      "mg.zeros(3):complex_abs()",
      "complex_abs: tensor must be a last axis of 2, got shape [3]"),
    LuaFunction(
      "angle", "The angles of complex numbers in radians, -π…π; without gradient at 0.",
      Param<Tensor>("x", "[…, 2]"), returns: "[…]"
    ) { x in try x.angle() }
    .example("mg.tensor {{0, 2}, {3, 0}}:angle()", "tensor [2] float32 {1.5707964, 0}")
    .mistake("mg.zeros(3):angle()", "angle: tensor must be a last axis of 2, got shape [3]"),
    LuaFunction(
      "complex_mul", "The product of complex numbers, element by element.",
      Param<Tensor>("a", "[…, 2]"), Param<Tensor>("b", "[…, 2]"), returns: "the common shape"
    ) { a, b in try a.complexProduct(b) }
    .example("mg.tensor {0, 1}:complex_mul(mg.tensor {0, 1})", "tensor [2] float32 {-1, 0}")
    .mistake(
      "mg.zeros(2):complex_mul(mg.zeros(3))",
      "complex_mul: tensor must be a last axis of 2, got shape [3]"),
    LuaFunction(
      "complex_div", "The quotient of complex numbers, element by element.",
      Param<Tensor>("a", "[…, 2]"), Param<Tensor>("b", "[…, 2]"), returns: "the common shape"
    ) { a, b in try a.complexQuotient(b) }
    .example("mg.tensor {-1, 0}:complex_div(mg.tensor {0, 1})", "tensor [2] float32 {0, 1}")
    .mistake(
      "mg.zeros(2):complex_div(mg.zeros(3))",
      "complex_div: tensor must be a last axis of 2, got shape [3]"),
  ]
}
