/// Folds axes, which stay with size 1.
struct Reduce: FusedPrimitive {
  enum Kind: String, Sendable {
    case sum, max
  }

  let kind: Kind
  let axes: [Int]
  var name: String { kind.rawValue }
  var attributes: String? { "\(axes)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let x = context.inputs[0]
    let spread = context.cotangent.unsafeBroadcast(to: x.shape)
    guard kind == .max else { return [spread] }
    // Elements that tie for the maximum share the gradient.
    let hit = try x.isEqual(to: context.output.unsafeBroadcast(to: x.shape)).cast(to: x.dtype)
    return [try spread * hit / hit.sum(axes, keepDims: true)]
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: kind == .sum ? 0 : -.infinity)
    DenseArray.forEachIndex(of: inputs[0].shape) { index in
      let kept = index.indices.map { axes.contains($0) ? 0 : index[$0] }
      let value = inputs[0][index]
      result[kept] =
        kind == .sum
        ? result[kept] + value : value.isNaN || value > result[kept] ? value : result[kept]
    }
    return result
  }
}

extension Tensor {
  /// - Parameter axes: resolved.
  private func reduced(_ kind: Reduce.Kind, _ axes: [Int], keepDims: Bool) throws(EngineError)
    -> Tensor
  {
    let operand = dtype.isFloating ? self : try cast(to: .float32)
    var result = operand
    if axes.contains(where: { shape[$0] != 1 }) {
      var sizes = shape.dimensions
      for axis in axes { sizes[axis] = 1 }
      result = Tensor(
        Node(
          Reduce(kind: kind, axes: axes), .one(operand.node), shape: Shape(sizes),
          dtype: operand.dtype))
    }
    if keepDims { return result }
    var kept: [Int] = []
    if axes.count < rank {
      kept.reserveCapacity(rank - axes.count)
      for axis in 0..<rank where !axes.contains(axis) { kept.append(shape[axis]) }
    }
    return try result.reshaped(to: kept)
  }

  /// Sum over axes (all by default). Int32 and Bool tensors are summed as Float32.
  public func sum(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    try reduced(.sum, shape.resolve(axes: axes, op: "sum"), keepDims: keepDims)
  }
  /// Largest element over axes; elements that tie share the gradient.
  public func max(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let folded = try shape.resolve(axes: axes, op: "max")
    guard folded.allSatisfy({ shape[$0] > 0 }) else {
      throw .invalidShape(
        op: "max", dimensions: shape.dimensions, reason: "there is no element to pick")
    }
    return try reduced(.max, folded, keepDims: keepDims)
  }
  /// Smallest element over axes.
  public func min(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    try -((-self).max(axes, keepDims: keepDims))
  }
  /// Mean over axes.
  public func mean(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let folded = try shape.resolve(axes: axes, op: "mean")
    let count = folded.reduce(1) { $0 * shape[$1] }
    return try reduced(.sum, folded, keepDims: keepDims) * (1 / Double(count))
  }
  /// Mean squared deviation from the mean (divisor n) over axes.
  public func variance(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    try (self - mean(axes, keepDims: true)).square().mean(axes, keepDims: keepDims)
  }
  /// Euclidean norm over axes. Its gradient at 0 is 0.
  public func norm(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let squared = try square().sum(axes, keepDims: keepDims)
    let isZero = try squared.isEqual(to: 0)
    // The root is taken of 1 where the sum is 0, so that no infinity enters the gradient there.
    let ones = Tensor.ones(squared.shape, dtype: squared.dtype)
    let zeros = Tensor.zeros(squared.shape, dtype: squared.dtype)
    return try .select(isZero, zeros, .select(isZero, ones, squared).sqrt())
  }
  /// log Σ eˣ along an axis, without overflow; -∞ where all elements are, with no gradient there.
  public func logSumExp(axis: Int, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let largest = try max([axis], keepDims: true).stoppingGradient()
    // ∞ - ∞ would be NaN.
    let top = try Tensor.select(
      largest.abs().isEqual(to: .infinity), .zeros([], dtype: largest.dtype), largest)
    let result = try (self - top).exp().sum([axis], keepDims: true).log() + top
    return keepDims ? result : try result.squeezed(axis: axis)
  }
  /// eˣ / Σ eˣ along an axis.
  public func softmax(axis: Int) throws(EngineError) -> Tensor {
    let top = try max([axis], keepDims: true).stoppingGradient()
    let powers = try (self - top).exp()
    return try powers / powers.sum([axis], keepDims: true)
  }
}
