/// How an image is brought to another size.
public enum ResizeMode: String, Sendable, CaseIterable {
  /// The nearest pixel.
  case nearest
  /// Linear between the centres of neighbouring pixels; the edge repeats.
  case bilinear
  /// The mean over the area a new pixel covers: for making images smaller.
  case area
}

extension Tensor {
  /// Resizes the last two axes. Pixels are squares, and the images' corners agree: new pixel i has its
  /// centre at (i + ½) · old / new - ½ (PyTorch's `align_corners=False`).
  ///
  /// - Parameters:
  ///   - height: size of the axis before the last, at least 1.
  ///   - width: size of the last axis, at least 1.
  public func resized(height: Int, width: Int, mode: ResizeMode = .bilinear) throws(EngineError)
    -> Tensor
  {
    guard rank >= 2, dtype.isFloating, shape[rank - 2] > 0, shape[rank - 1] > 0 else {
      throw .invalidArgument(
        op: "resize", argument: "tensor", expected: "a floating image […, H, W], not empty",
        got: "\(dtype.rawValue) \(shape)")
    }
    guard height > 0, width > 0 else {
      throw .invalidArgument(
        op: "resize", argument: "size", expected: "at least 1 by 1", got: "\(height) by \(width)")
    }
    _ = try Shape(checking: shape.dimensions.dropLast(2) + [height, width], op: "resize")
    return try resized(axis: rank - 2, to: height, mode).resized(axis: rank - 1, to: width, mode)
  }

  private func resized(axis: Int, to size: Int, _ mode: ResizeMode) throws(EngineError) -> Tensor {
    let old = shape[axis]
    if size == old { return self }
    let ratio = Double(old) / Double(size)
    switch mode {
    case .nearest:
      let numbers = (0..<size).map { Int32(Swift.min(Int((Double($0) + 0.5) * ratio), old - 1)) }
      return try selected(axis: axis, indices: Tensor(numbers, shape: [size]))
    case .bilinear:
      let centres = (0..<size).map {
        Swift.min(Swift.max((Double($0) + 0.5) * ratio - 0.5, 0), Double(old - 1))
      }
      let below = centres.map { Int32($0) }
      let above = below.map { Swift.min($0 + 1, Int32(old - 1)) }
      let place = [Int](repeating: 1, count: rank).replacing(axis, with: size)
      let weight = try Tensor(zip(centres, below).map { $0 - Double($1) }, shape: Shape(place))
        .cast(to: dtype)
      let lower = try selected(axis: axis, indices: Tensor(below, shape: [size]))
      let upper = try selected(axis: axis, indices: Tensor(above, shape: [size]))
      return try lower + (upper - lower) * weight
    case .area: return try averaged(axis: axis, to: size, ratio)
    }
  }

  /// Each new element is the mean of what its interval `[i, i + 1) · ratio` covers, edges in part.
  private func averaged(axis: Int, to size: Int, _ ratio: Double) throws(EngineError) -> Tensor {
    let old = shape[axis]
    guard size <= (1 << 26) / old else {
      throw .invalidArgument(
        op: "resize", argument: "size", expected: "at most \((1 << 26) / old) for means of \(old)",
        got: "\(size)")
    }
    var weights: [Double] = []
    for i in 0..<size {
      let (start, stop) = (Double(i) * ratio, Double(i + 1) * ratio)
      for j in 0..<old {
        let covered = Swift.min(stop, Double(j + 1)) - Swift.max(start, Double(j))
        weights.append(Swift.max(covered, 0) / ratio)
      }
    }
    let matrix = try Tensor(weights, shape: [size, old]).cast(to: dtype)
    var order = Array(0..<rank)
    order.swapAt(axis, rank - 1)
    return try permuted(order).matmul(matrix.transposed()).permuted(order)
  }

  /// Largest element of every window of the last two axes.
  ///
  /// - Parameters:
  ///   - window: its size in both directions, at least 1.
  ///   - stride: distance of windows; `window` by default.
  ///   - padding: elements of -∞ on each side, less than the window.
  /// - Returns: `[…, (H + 2 padding - window) / stride + 1, …]`.
  public func maxPooled(window: Int, stride: Int? = nil, padding: Int = 0) throws(EngineError)
    -> Tensor
  {
    try pooled("max_pool2d", window, stride ?? window, padding, outside: -.infinity) {
      (a, b) throws(EngineError) in try a.maximum(b)
    }
  }

  /// Mean of every window of the last two axes; see ``maxPooled(window:stride:padding:)``. Padding is zeros,
  /// which count.
  public func averagePooled(window: Int, stride: Int? = nil, padding: Int = 0) throws(EngineError)
    -> Tensor
  {
    let sums = try pooled("avg_pool2d", window, stride ?? window, padding, outside: 0) {
      (a, b) throws(EngineError) in try a + b
    }
    return try sums * (1 / Double(window * window))
  }

  /// Combines windows along columns, then along rows: 2 · window steps instead of window².
  private func pooled(
    _ op: String, _ window: Int, _ stride: Int, _ padding: Int, outside: Double,
    _ combine: (Tensor, Tensor) throws(EngineError) -> Tensor
  ) throws(EngineError) -> Tensor {
    guard rank >= 2, dtype.isFloating else {
      throw .invalidArgument(
        op: op, argument: "tensor", expected: "a floating image […, H, W]",
        got: "\(dtype.rawValue) \(shape)")
    }
    guard (1...Tensor.largestWindow).contains(window), stride >= 1, (0..<window).contains(padding),
      Swift.min(shape[rank - 2], shape[rank - 1]) + 2 * padding >= window
    else {
      throw .invalidArgument(
        op: op, argument: "window, stride and padding",
        expected: "1…\(Tensor.largestWindow), 1 or more and 0 or more, a window in \(shape) and "
          + "padding less than the window",
        got: "\(window), \(stride) and \(padding)")
    }
    var widths = [(Int, Int)](repeating: (0, 0), count: rank)
    (widths[rank - 2], widths[rank - 1]) = ((padding, padding), (padding, padding))
    var result = try padded(widths, value: outside)
    for axis in [rank - 2, rank - 1] {
      let source = result
      let last = source.shape[axis] - window
      result = try source.sliced(axis: axis, from: 0, to: last + 1, step: stride)
      for offset in 1..<Swift.max(window, 2) where offset < window {
        result = try combine(
          result, source.sliced(axis: axis, from: offset, to: last + offset + 1, step: stride))
      }
    }
    return result
  }

  /// A window is walked element by element when the graph is built.
  private static let largestWindow = 1024

  /// Every channel of an image weighted by a kernel around each pixel (cross-correlation), same size.
  ///
  ///     y[i, j] = Σ x[i + a - ⌊KH/2⌋, j + b - ⌊KW/2⌋] · kernel[a, b]
  ///
  /// - Parameters:
  ///   - kernel: `[KH, KW]`.
  ///   - mode: what lies outside this tensor, `[…, H, W]`.
  public func correlated(with kernel: Tensor, mode: PaddingMode = .zero) throws(EngineError)
    -> Tensor
  {
    guard rank >= 2, kernel.rank == 2, kernel.count > 0 else {
      throw .invalidArgument(
        op: "correlate", argument: "tensor and kernel",
        expected: "an image […, H, W] and a kernel [KH, KW]", got: "\(shape) and \(kernel.shape)")
    }
    let (rows, columns) = (kernel.shape[0], kernel.shape[1])
    let images = try reshaped(
      to: [shape.dimensions.dropLast(2).reduce(1, *), 1, shape[rank - 2], shape[rank - 1]])
    let around = try images.padded(
      [(0, 0), (0, 0), (rows / 2, rows - 1 - rows / 2), (columns / 2, columns - 1 - columns / 2)],
      mode: mode)
    return try Tensor.conv2d(around, kernel.reshaped(to: [1, 1, rows, columns]))
      .reshaped(to: shape.dimensions)
  }
}
