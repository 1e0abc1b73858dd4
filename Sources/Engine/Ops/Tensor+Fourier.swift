// Complex numbers are a last axis of (real, imaginary); these go there and back.

extension Tensor {
  /// This tensor as complex numbers without imaginary part: `[…]` → `[…, 2]`.
  public func complexFromReal() throws(EngineError) -> Tensor {
    try .stacked([self, .zeros(shape, dtype: dtype)], axis: rank)
  }

  /// The real parts: `[…, 2]` → `[…]`.
  public func realPart() throws(EngineError) -> Tensor { try part(0) }

  /// The imaginary parts: `[…, 2]` → `[…]`.
  public func imaginaryPart() throws(EngineError) -> Tensor { try part(1) }

  private func part(_ number: Int) throws(EngineError) -> Tensor {
    guard rank > 0, shape[rank - 1] == 2 else {
      throw .invalidArgument(
        op: "complex part", argument: "tensor", expected: "a last axis of 2", got: "shape \(shape)")
    }
    return try sliced(axis: -1, from: number, to: number + 1).squeezed(axis: -1)
  }

  /// Complex product, element by element, of tensors with a last axis of 2.
  public func complexProduct(_ other: Tensor) throws(EngineError) -> Tensor {
    let (a, b) = (try realPart(), try imaginaryPart())
    let (c, d) = (try other.realPart(), try other.imaginaryPart())
    let (re, im) = (try a * c - b * d, try a * d + b * c)
    return try .stacked([re, im], axis: re.rank)
  }

  /// Complex conjugates, of a tensor with a last axis of 2.
  public func conjugate() throws(EngineError) -> Tensor {
    let (re, im) = (try realPart(), try imaginaryPart())
    return try .stacked([re, -im], axis: re.rank)
  }

  /// Absolute values of complex numbers: `[…, 2]` → `[…]`. The gradient at 0 is 0.
  public func magnitude() throws(EngineError) -> Tensor {
    _ = try part(0)
    return try norm([rank - 1])
  }

  /// Angles of complex numbers in radians, -π…π: `[…, 2]` → `[…]`. The gradient at 0 is not a number.
  public func angle() throws(EngineError) -> Tensor { try imaginaryPart().atan2(realPart()) }

  /// Complex quotient, element by element, of tensors with a last axis of 2.
  public func complexQuotient(_ other: Tensor) throws(EngineError) -> Tensor {
    let size = try other.realPart().square() + other.imaginaryPart().square()
    return try complexProduct(other.conjugate()) / size.expanded(axis: size.rank)
  }

  /// Complex numbers of these absolute values and the given angles (radians): `[…]` → `[…, 2]`.
  public func polar(angle: Tensor) throws(EngineError) -> Tensor {
    let (re, im) = (try self * angle.cos(), try self * angle.sin())
    return try .stacked([re, im], axis: re.rank)
  }

  /// Moves frequency 0 from the first place to the middle of axes, or back.
  ///
  /// - Parameter inverse: undo it; of an axis of even size that is the same.
  public func frequenciesCentred(axes: [Int], inverse: Bool = false) throws(EngineError) -> Tensor {
    var result = self
    for axis in try shape.resolve(axes: axes, op: "fftshift") {
      let half = shape[axis] / 2
      result = try result.rolled(by: inverse ? -half : half, axis: axis)
    }
    return result
  }

  /// Fourier transform of real numbers over the last `axisCount` axes.
  ///
  /// - Returns: the half that holds everything, `[…, N/2 + 1, 2]` of `[…, N]`: the rest mirrors it.
  public func realFFT(axisCount: Int = 1) throws(EngineError) -> Tensor {
    guard dtype.isFloating, axisCount >= 1, axisCount <= rank, count > 0 else {
      throw .invalidArgument(
        op: "rfft", argument: "tensor",
        expected: "a floating tensor of \(axisCount) or more axes, not empty",
        got: "\(dtype.rawValue) \(shape)")
    }
    return try complexFromReal().fft(axisCount: axisCount)
      .sliced(axis: -2, from: 0, to: shape[rank - 1] / 2 + 1)
  }

  /// The real numbers whose ``realFFT(axisCount:)`` this is.
  ///
  /// - Parameter size: how many the last axis had: N even or odd cannot be told from N/2 + 1.
  public func inverseRealFFT(size: Int, axisCount: Int = 1) throws(EngineError) -> Tensor {
    guard dtype.isFloating, axisCount >= 1, rank > axisCount, shape[rank - 1] == 2, size >= 1,
      size / 2 + 1 == shape[rank - 2], count > 0
    else {
      throw .invalidArgument(
        op: "irfft", argument: "tensor", expected: "shape […, \(size) / 2 + 1, 2]",
        got: "\(dtype.rawValue) \(shape)")
    }
    // The other half: conjugate, at the negative frequencies of every transformed axis.
    let half = rank - 2
    var mirrored = try sliced(axis: half, from: 1, to: (size + 1) / 2).flipped(axes: [half])
    for axis in (half - axisCount + 1)..<half {
      mirrored = try mirrored.flipped(axes: [axis]).rolled(by: 1, axis: axis)
    }
    let conjugate = try mirrored * Tensor([1, -1] as [Double], shape: [2]).cast(to: dtype)
    return try Tensor.concatenated([self, conjugate], axis: half)
      .fft(axisCount: axisCount, inverse: true).realPart()
  }
}
