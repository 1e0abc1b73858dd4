// Division with remainder, and choices by position, composed of primitives.

extension Tensor {
  /// The quotient, rounded down. Int32 divided by Int32 is exact and stays Int32; by 0 it is the nearest
  /// Int32 to ±∞, and 0 for 0 / 0. Has no gradient.
  public func floorDivided(by other: Tensor) throws(EngineError) -> Tensor {
    guard dtype == .int32, other.dtype == .int32 else { return try (self / other).floor() }
    // In Float64 the quotient of Int32s never rounds up to a whole number.
    return try (cast(to: .float64) / other.cast(to: .float64)).floor().cast(to: .int32)
  }

  /// What remains of a division rounded down: `a - ⌊a / b⌋ · b`, with the sign of `b`; exact for Int32.
  ///
  /// The gradient takes the quotient for a constant: 1 with respect to `a`, -⌊a / b⌋ to `b`.
  public func remainder(_ other: Tensor) throws(EngineError) -> Tensor {
    guard dtype == .int32, other.dtype == .int32 else {
      return try self - (self / other).floor().stoppingGradient() * other
    }
    let (a, b) = (try cast(to: .float64), try other.cast(to: .float64))
    return try (a - (a / b).floor() * b).cast(to: .int32)
  }

  /// Whether any element over axes (all by default) is true or not 0.
  public func any(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    try cast(to: .bool).cast(to: .float32).sum(axes, keepDims: keepDims).isGreater(than: 0)
  }

  /// Whether all elements over axes (all by default) are true or not 0.
  public func all(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    try logicalNot().cast(to: .float32).sum(axes, keepDims: keepDims).isEqual(to: 0)
  }

  /// Products of every element of one vector with every element of another: `[m]`, `[n]` → `[m, n]`.
  public func outer(_ other: Tensor) throws(EngineError) -> Tensor {
    guard rank == 1, other.rank == 1 else {
      throw .shapeMismatch(op: "outer", lhs: shape, rhs: other.shape)
    }
    return try expanded(axis: 1) * other.expanded(axis: 0)
  }

  /// The lower triangle of the matrices in the last two axes, zeros above the k-th diagonal.
  public func lowerTriangle(_ k: Int = 0) throws(EngineError) -> Tensor {
    try triangle("tril") { (distance) throws(EngineError) in
      try distance.isLessOrEqual(to: Double(k))
    }
  }

  /// The upper triangle of the matrices in the last two axes, zeros below the k-th diagonal.
  public func upperTriangle(_ k: Int = 0) throws(EngineError) -> Tensor {
    try triangle("triu") { (distance) throws(EngineError) in
      try distance.isGreaterOrEqual(to: Double(k))
    }
  }

  private func triangle(_ op: String, _ isKept: (Tensor) throws(EngineError) -> Tensor)
    throws(EngineError) -> Tensor
  {
    guard rank >= 2 else {
      throw .invalidArgument(
        op: op, argument: "tensor", expected: "at least 2 axes", got: "shape \(shape)")
    }
    let rows = try Tensor.numbers(shape[rank - 2], op: op).expanded(axis: 1)
    let distance = try Tensor.numbers(shape[rank - 1], op: op) - rows
    return try .select(isKept(distance), self, .zeros(shape, dtype: dtype))
  }

  /// The identity matrix `[size, size]`.
  public static func identity(_ size: Int, dtype: DType = .float32) throws(EngineError) -> Tensor {
    let numbers = try Tensor.numbers(size, op: "identity")
    return try numbers.isEqual(to: numbers.expanded(axis: 1)).cast(to: dtype)
  }

  /// 0, 1, … as Float64, of an axis that may have been filled lazily: they take memory, it did not.
  static func numbers(_ count: Int, step: Double = 1, op: String) throws(EngineError) -> Tensor {
    guard (0...1 << 26).contains(count) else {
      throw .invalidShape(op: op, dimensions: [count], reason: "an axis too long to number")
    }
    return .arange(count, step: step, dtype: .float64)
  }

  /// The diagonal of the matrices in the last two axes: `[…, m, n]` → `[…, min(m, n)]`.
  public func diagonal() throws(EngineError) -> Tensor {
    guard rank >= 2 else {
      throw .invalidArgument(
        op: "diagonal", argument: "tensor", expected: "at least 2 axes", got: "shape \(shape)")
    }
    let size = Swift.min(shape[rank - 2], shape[rank - 1])
    let square = try sliced(axis: -2, from: 0, to: size).sliced(axis: -1, from: 0, to: size)
    return try square.reshaped(to: Array(shape.dimensions.dropLast(2)) + [size * size])
      .sliced(axis: -1, from: 0, to: size * size, step: size + 1)
  }

  /// Vectors as diagonal matrices: `[…, n]` → `[…, n, n]`.
  public func diagonalMatrix() throws(EngineError) -> Tensor {
    guard rank >= 1 else {
      throw .invalidArgument(
        op: "diag", argument: "tensor", expected: "at least 1 axis", got: "shape \(shape)")
    }
    let mask = try Tensor.identity(shape[rank - 1], dtype: .bool)
    return try .select(mask, expanded(axis: -1), .zeros([], dtype: dtype))
  }

  /// The coordinates of a grid: for vectors of n₁, n₂, … elements, as many tensors `[n₁, n₂, …]`, the i-th
  /// varying along axis i (NumPy's `indexing="ij"`).
  public static func meshgrid(_ axes: [Tensor]) throws(EngineError) -> [Tensor] {
    for axis in axes where axis.rank != 1 {
      throw .invalidArgument(
        op: "meshgrid", argument: "axes", expected: "tensors of one axis", got: "\(axis.shape)")
    }
    let target = try Shape(checking: axes.map(\.count), op: "meshgrid")
    var grids: [Tensor] = []
    for (number, axis) in axes.enumerated() {
      let sizes = [Int](repeating: 1, count: axes.count).replacing(number, with: axis.count)
      grids.append(try axis.reshaped(to: sizes).unsafeBroadcast(to: target))
    }
    return grids
  }

  /// Turns by quarters in the plane of two axes, from the first towards the second.
  public func rotated(quarters: Int = 1, axes: (Int, Int) = (-2, -1)) throws(EngineError) -> Tensor
  {
    let a = try shape.resolve(axis: axes.0, op: "rot90")
    let b = try shape.resolve(axis: axes.1, op: "rot90")
    guard a != b else {
      throw .invalidArgument(
        op: "rot90", argument: "axes", expected: "two distinct axes", got: "\(axes)")
    }
    var order = Array(0..<rank)
    order.swapAt(a, b)
    switch ((quarters % 4) + 4) % 4 {
    case 1: return try flipped(axes: [b]).permuted(order)
    case 2: return try flipped(axes: [a, b])
    case 3: return try flipped(axes: [a]).permuted(order)
    default: return self
    }
  }

  /// Standard deviation (divisor n) over axes; its gradient where all elements are equal is 0.
  public func standardDeviation(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError)
    -> Tensor
  {
    let count = try shape.resolve(axes: axes, op: "std").reduce(1) { $0 * shape[$1] }
    let deviations = try self - mean(axes, keepDims: true)
    return try deviations.norm(axes, keepDims: keepDims) / Double(count).squareRoot()
  }

  /// Norm over axes: Σ|x| for order 1, √Σx² for 2, max |x| for infinity, (Σ|x|ᵖ)^(1/p) for others above 0.
  ///
  /// The gradient at 0 is 0 for orders 1 and 2.
  public func norm(order: Double, _ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError)
    -> Tensor
  {
    switch order {
    case 1: return try abs().sum(axes, keepDims: keepDims)
    case 2: return try norm(axes, keepDims: keepDims)
    case .infinity: return try abs().max(axes, keepDims: keepDims)
    case let order where order > 0:
      return try abs().pow(order).sum(axes, keepDims: keepDims).pow(1 / order)
    default:
      throw .invalidArgument(
        op: "norm", argument: "order", expected: "a number above 0", got: "\(order)")
    }
  }
}
