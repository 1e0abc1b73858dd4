// Order statistics: values in order are picked, so they have gradients.

extension Tensor {
  /// Axes moved to the end and made one: `[kept …, elements]`, in floating numbers.
  func flattened(over axes: [Int]) throws(EngineError) -> Tensor {
    let kept = (0..<rank).filter { !axes.contains($0) }
    let x = dtype.isFloating ? self : try cast(to: .float32)
    return try x.permuted(kept + axes).reshaped(
      to: kept.map { shape[$0] } + [axes.reduce(1) { $0 * shape[$1] }])
  }

  /// The shape without axes, or with size 1 there.
  func reduced(over axes: [Int], keepDims: Bool) -> [Int] {
    (0..<rank).compactMap { axes.contains($0) ? (keepDims ? 1 : nil) : shape[$0] }
  }

  /// The number below which a share `q` of the elements over axes (all by default) lies.
  ///
  /// Linear between neighbours in order, at place q (n - 1) counted from 0 (NumPy's default). NaN counts as
  /// the largest.
  ///
  /// - Parameter q: 0 for the smallest, 0.5 for the median, 1 for the largest.
  /// - Throws: for `q` outside 0…1 and where there are no elements.
  public func quantile(_ q: Double, _ axes: [Int]? = nil, keepDims: Bool = false)
    throws(EngineError) -> Tensor
  {
    guard (0...1).contains(q) else {
      throw .invalidArgument(op: "quantile", argument: "q", expected: "0…1", got: "\(q)")
    }
    let axes = try shape.resolve(axes: axes, op: "quantile")
    let lines = try flattened(over: axes)
    let (last, count) = (lines.rank - 1, lines.shape[lines.rank - 1])
    guard count > 0 else {
      throw .invalidShape(
        op: "quantile", dimensions: shape.dimensions, reason: "there are no elements to order")
    }
    let sorted = try lines.sorted(axis: last)
    let place = q * Double(count - 1)
    let below = Int(place)
    var result = try sorted.sliced(axis: last, from: below, to: below + 1)
    let part = place - Double(below)
    if part > 0 {
      let above = try sorted.sliced(axis: last, from: below + 1, to: below + 2)
      result = try result * (1 - part) + above * part
    }
    return try result.reshaped(to: reduced(over: axes, keepDims: keepDims))
  }

  /// The element in the middle of the order, over axes (all by default); of an even number the mean of two.
  public func median(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    try quantile(0.5, axes, keepDims: keepDims)
  }
}
