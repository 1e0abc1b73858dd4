/// How a derivative on a grid is taken.
public enum DifferenceScheme: String, Sendable, CaseIterable {
  /// (u[i+1] - u[i-1]) / 2h: second order, at the point itself.
  case central
  /// (u[i+1] - u[i]) / h: second order half a cell ahead, as on a staggered grid.
  case forward
  /// (u[i] - u[i-1]) / h: second order half a cell behind; in periodic space minus the adjoint of `forward`.
  case backward
}

extension Tensor {
  /// Derivative along an axis by finite differences; same shape.
  ///
  /// - Parameters:
  ///   - spacing: distance h between grid points.
  ///   - mode: what lies outside: ``PaddingMode/circular`` for periodic space, ``PaddingMode/edge`` for a
  ///     boundary without flux, ``PaddingMode/zero``, ``PaddingMode/reflect``.
  public func derivative(
    axis: Int, spacing: Double = 1, scheme: DifferenceScheme = .central,
    mode: PaddingMode = .circular
  ) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "derivative")
    let (behind, ahead): (Int, Int) =
      switch scheme {
      case .central: (-1, 1)
      case .forward: (0, 1)
      case .backward: (-1, 0)
      }
    let difference =
      try neighbour(ahead, axis: axis, mode, op: "derivative")
      - neighbour(behind, axis: axis, mode, op: "derivative")
    return try difference * (1 / (spacing * Double(ahead - behind)))
  }

  /// Sum of second derivatives over axes, (u[i+1] - 2 u[i] + u[i-1]) / h² along each; same shape.
  ///
  /// See ``derivative(axis:spacing:scheme:mode:)`` for the parameters.
  public func laplacian(axes: [Int], spacing: Double = 1, mode: PaddingMode = .circular)
    throws(EngineError) -> Tensor
  {
    let axes = try shape.resolve(axes: axes, op: "laplacian")
    var total = try self * (-2 * Double(axes.count))
    for axis in axes {
      total =
        try total + neighbour(1, axis: axis, mode, op: "laplacian")
        + neighbour(-1, axis: axis, mode, op: "laplacian")
    }
    return try total * (1 / (spacing * spacing))
  }

  /// The elements `offset` (-1, 0 or 1) places further along an axis.
  private func neighbour(_ offset: Int, axis: Int, _ mode: PaddingMode, op: String)
    throws(EngineError) -> Tensor
  {
    guard dtype.isFloating else {
      throw .dtypeMismatch(op: op, expected: "a floating tensor", got: dtype)
    }
    if offset == 0 { return self }
    if mode == .circular { return try rolled(by: -offset, axis: axis) }
    var widths = [(Int, Int)](repeating: (0, 0), count: rank)
    widths[axis] = offset > 0 ? (0, 1) : (1, 0)
    let start = Swift.max(offset, 0)
    return try padded(widths, mode: mode)
      .sliced(axis: axis, from: start, to: start + shape[axis])
  }

  /// The periodic u of mean 0 with Laplacian this tensor, over the last `axisCount` axes.
  ///
  /// By FFT, in the eigenvalues of ``laplacian(axes:spacing:mode:)`` itself, -Σ 4/h² sin²(πk/N): its Laplacian
  /// gives this tensor back but for the mean, which no periodic function's Laplacian has.
  public func poissonSolution(axisCount: Int = 2, spacing: Double = 1) throws(EngineError) -> Tensor
  {
    guard dtype.isFloating, axisCount >= 1, axisCount <= rank, count > 0 else {
      throw .invalidArgument(
        op: "poisson", argument: "right side", expected: "a floating tensor of \(axisCount) axes",
        got: "\(dtype.rawValue) \(shape)")
    }
    var eigenvalues = Tensor.zeros([], dtype: .float64)
    for (axis, size) in shape.dimensions.suffix(axisCount).enumerated() {
      let angles = try Tensor.numbers(size, step: Double.pi / Double(size), op: "poisson")
      let line = try angles.sin().square() * (-4 / (spacing * spacing))
      let place = [Int](repeating: 1, count: axisCount).replacing(axis, with: size)
      eigenvalues = try eigenvalues + line.reshaped(to: place)
    }
    // The mean's eigenvalue is 0: it is dropped.
    let isMean = try eigenvalues.isEqual(to: 0)
    let inverse = try Tensor.select(
      isMean, .zeros([], dtype: .float64),
      Tensor.select(isMean, .ones([], dtype: .float64), eigenvalues).reciprocal())
    let spectrum = try complexFromReal().fft(axisCount: axisCount)
    return try (spectrum * inverse.cast(to: dtype).expanded(axis: -1))
      .fft(axisCount: axisCount, inverse: true).realPart()
  }
}
