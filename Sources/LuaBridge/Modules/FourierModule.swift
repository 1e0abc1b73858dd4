import Engine

/// Discrete Fourier transforms; a complex number is a last axis of 2: (real, imaginary).
enum FourierModule {
  private static func transform(_ name: String, _ formula: String, inverse: Bool) -> LuaFunction {
    LuaFunction(
      name, "The discrete Fourier transform \(formula), over the axes before the last.",
      Param<Tensor>("x", "[…, N, 2]"),
      Param<Int?>("count", "how many axes to transform; default 1"),
      returns: "same shape as `x`"
    ) { x, count in
      let count = count ?? 1
      guard count >= 1, count < x.rank, x.shape[x.rank - 1] == 2 else {
        throw ArgumentProblem(
          "\(count) axes before a last axis of 2 (real, imaginary) are needed, got shape \(x.shape)",
          hint: "make a real tensor complex with mg.complex(x)")
      }
      return try x.fft(axisCount: count, inverse: inverse)
    }
  }

  static let functions = [
    transform("fft", "X[k] = Σ x[n] exp(-2πi kn/N)", inverse: false),
    transform("ifft", "x[n] = 1/N Σ X[k] exp(2πi kn/N)", inverse: true),
    LuaFunction(
      "complex", "Complex numbers of a real and an imaginary part.",
      Param<Tensor>("re", "any shape"),
      Param<Tensor?>("im", "same shape; default 0"), returns: "[…, 2]"
    ) { re, im in
      try Tensor.stacked([re, im ?? .zeros(re.shape, dtype: re.dtype)], axis: re.rank)
    },
  ]
}
