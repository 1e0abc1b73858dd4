// The linear algebra surface of `Tensor`: matrices are the last two axes, those before them a batch.

extension Tensor {
  /// LAPACK counts with 32 bits, workspaces of several n² included.
  private static let largestMatrix = 16384

  /// The matrices as one batch `[b, m, n]`.
  func matrixBatch(_ op: String) throws(EngineError) -> Tensor {
    guard rank >= 2, dtype.isFloating,
      Swift.max(shape[rank - 2], shape[rank - 1]) <= Tensor.largestMatrix
    else {
      throw .invalidArgument(
        op: op, argument: "tensor",
        expected: "floating matrices […, M, N] of at most \(Tensor.largestMatrix) rows",
        got: "\(dtype.rawValue) \(shape)")
    }
    return try reshaped(
      to: [shape.dimensions.dropLast(2).reduce(1, *), shape[rank - 2], shape[rank - 1]])
  }

  /// The same, of square matrices only.
  func squareBatch(_ op: String) throws(EngineError) -> Tensor {
    guard rank >= 2, shape[rank - 1] == shape[rank - 2] else {
      throw .invalidArgument(
        op: op, argument: "tensor", expected: "square matrices […, N, N]", got: "shape \(shape)")
    }
    return try matrixBatch(op)
  }

  /// (a + aᵀ) / 2.
  func symmetric() throws(EngineError) -> Tensor { try (self + transposed()) * 0.5 }

  /// The lower triangular factor `l` of positive definite matrices, `l·lᵀ = a`: `[…, n, n]`.
  ///
  /// Only the symmetric part of the matrices counts.
  ///
  /// - Throws: for matrices that are not square; when computed, ``EngineError/unsolvable(op:matrix:reason:)``
  ///   for one that is not positive definite.
  public func cholesky() throws(EngineError) -> Tensor {
    let matrices = try squareBatch("cholesky").symmetric()
    let factor = Node(Cholesky(), [matrices.node], shape: matrices.shape, dtype: dtype)
    return try Tensor(factor).reshaped(to: shape.dimensions)
  }

  /// The `x` with `a·x = b` for triangular matrices `a` (this tensor): `[…, n, n]`, `[…, n, k]` → `[…, n, k]`.
  ///
  /// - Parameters:
  ///   - b: right sides; batches broadcast.
  ///   - lower: which triangle is read; the other one is taken for zeros.
  ///   - transposed: solve `aᵀ·x = b` instead.
  /// - Throws: for shapes that do not fit; when computed, ``EngineError/unsolvable(op:matrix:reason:)`` for a
  ///   zero on a diagonal.
  public func triangularSolve(_ b: Tensor, lower: Bool = true, transposed: Bool = false)
    throws(EngineError) -> Tensor
  {
    try solving(
      b, TriangularSolve(isLower: lower, transposed: transposed), op: "solve_triangular")
  }

  /// The `x` with `a·x = b` (this tensor being `a`): `[…, n, n]`, `[…, n, k]` → `[…, n, k]`.
  ///
  /// - Parameter b: right sides; batches broadcast.
  /// - Throws: for shapes that do not fit; when computed, ``EngineError/unsolvable(op:matrix:reason:)`` for a
  ///   singular matrix.
  public func solve(_ b: Tensor) throws(EngineError) -> Tensor {
    try solving(b, Solve(), op: "solve")
  }

  private func solving(_ b: Tensor, _ primitive: some Primitive, op: String) throws(EngineError)
    -> Tensor
  {
    _ = try squareBatch(op)
    let n = shape[rank - 1]
    guard b.rank >= 2, b.shape[b.rank - 2] == n else {
      throw .shapeMismatch(op: op, lhs: shape, rhs: b.shape)
    }
    guard b.dtype == dtype else {
      throw .dtypeMismatch(op: op, expected: dtype.rawValue, got: b.dtype)
    }
    let batch = try Shape.broadcasting(
      Shape(Array(shape.dimensions.dropLast(2))), Shape(Array(b.shape.dimensions.dropLast(2))),
      op: op
    ).dimensions
    let k = b.shape[b.rank - 1]
    let target = try Shape(checking: batch + [n, k], op: op)
    let left = try broadcast(to: Shape(checking: batch + [n, n], op: op)).matrixBatch(op)
    let right = try b.broadcast(to: target).matrixBatch(op)
    let x = Node(primitive, [left.node, right.node], shape: right.shape, dtype: dtype)
    return try Tensor(x).reshaped(to: target.dimensions)
  }

  /// The inverse of square matrices; where a system is to be solved, ``solve(_:)`` is faster and more exact.
  ///
  /// - Throws: as ``solve(_:)``.
  public func inverse() throws(EngineError) -> Tensor {
    _ = try squareBatch("inv")
    return try solve(.identity(shape[rank - 1], dtype: dtype))
  }

  /// The determinant of square matrices: `[…, n, n]` → `[…]`. Its gradient needs regular matrices.
  public func determinant() throws(EngineError) -> Tensor { try determinant(logarithm: false) }

  /// The logarithm of the determinant, without overflow: `[…, n, n]` → `[…]`. NaN where the determinant is
  /// negative, -∞ where it is 0.
  public func logDeterminant() throws(EngineError) -> Tensor { try determinant(logarithm: true) }

  private func determinant(logarithm: Bool) throws(EngineError) -> Tensor {
    let matrices = try squareBatch(logarithm ? "logdet" : "det")
    let batch = Array(shape.dimensions.dropLast(2))
    // The determinant of a matrix without rows is 1.
    guard shape[rank - 1] > 0 else {
      return .full(logarithm ? 0 : 1, shape: Shape(batch), dtype: dtype)
    }
    let result = Node(
      Determinant(logarithm: logarithm), [matrices.node], shape: [matrices.shape[0], 1, 1],
      dtype: dtype)
    return try Tensor(result).reshaped(to: batch)
  }
}
