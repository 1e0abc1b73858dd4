import CKernels

// Eigenvalues and singular values. Values and vectors are primitives of their own: each has one result, and
// the gradient of values alone does not divide by differences of values.

/// Eigenvalues of symmetric matrices in rising order: `[b, n, n]` → `[b, 1, n]`.
struct Eigenvalues: Primitive {
  let name = "eigenvalues"

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    // ā = v diag(w̄) vᵀ
    let v = context.inputs[0].eigenvectorNode()
    return [try (v * context.cotangent).matmul(v.transposed())]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.emitLinear(name, node) { mg_eigen($0.isDouble, $0.batch, $0.n, 0, $1[0], $2, &$3) }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) { ReferenceLinearAlgebra.eigen($0[0], n: shape[2]).values }
  }
}

/// The orthonormal eigenvectors of symmetric matrices as columns, in the order of the eigenvalues; the
/// largest element of each is positive.
struct Eigenvectors: Primitive {
  let name = "eigenvectors"

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    // ā = v (F ∘ vᵀ v̄) vᵀ, made symmetric; F_ij = 1 / (w_j - w_i) off the diagonal.
    let (v, w) = (context.output, context.inputs[0].eigenvalueNode())
    let inverse = try Tensor.inverseDifferences(w)
    let inner = try inverse * v.transposed().matmul(context.cotangent)
    let slope = try v.matmul(inner).matmul(v.transposed())
    return [try (slope + slope.transposed()) * 0.5]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.emitLinear(name, node) { mg_eigen($0.isDouble, $0.batch, $0.n, 1, $1[0], $2, &$3) }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) { ReferenceLinearAlgebra.eigen($0[0], n: shape[2]).vectors }
  }
}

/// Singular values in falling order: `[b, m, n]` → `[b, 1, min(m, n)]`.
struct SingularValues: Primitive {
  let name = "singular values"

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    // ā = u diag(s̄) vᵀ
    let (u, v) = try context.inputs[0].singularVectors()
    return [try (u * context.cotangent).matmul(v.transposed())]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.emitLinear(name, node) {
      mg_singular($0.isDouble, $0.batch, $0.m, $0.n, 0, $1[0], $2, &$3)
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) {
      ReferenceLinearAlgebra.singular($0[0], m: inputs[0].shape[1], n: inputs[0].shape[2]).values
    }
  }
}

/// The left singular vectors as columns, and below them the right ones: `[b, m, n]` → `[b, m + n, k]`.
struct SingularVectors: Primitive {
  let name = "singular vectors"

  // The rule for the thin decomposition: Townsend 2016, "Differentiating the singular value decomposition".
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let a = context.inputs[0]
    let (u, v) = try context.output.singularParts(rows: a.shape[1])
    let (du, dv) = try context.cotangent.singularParts(rows: a.shape[1])
    let s = a.singularValueNode()
    let inverse = try Tensor.inverseDifferences(s.square())
    // F ∘ (xᵀ x̄ - x̄ᵀ x): how the vectors turn into one another.
    func turn(_ x: Tensor, _ dx: Tensor) throws(EngineError) -> Tensor {
      let inner = try x.transposed().matmul(dx)
      return try inverse * (inner - inner.transposed())
    }
    // (1 - x xᵀ) x̄ / s: how they leave their common space.
    func leave(_ x: Tensor, _ dx: Tensor) throws(EngineError) -> Tensor {
      try (dx - x.matmul(x.transposed().matmul(dx))) / s
    }
    let left = try (u.matmul(turn(u, du)) * s + leave(u, du)).matmul(v.transposed())
    let right = try u.matmul((v.matmul(turn(v, dv).transposed()) * s + leave(v, dv)).transposed())
    return [try left + right]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.emitLinear(name, node) {
      mg_singular($0.isDouble, $0.batch, $0.m, $0.n, 1, $1[0], $2, &$3)
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) {
      let (m, n) = (inputs[0].shape[1], inputs[0].shape[2])
      let parts = ReferenceLinearAlgebra.singular($0[0], m: m, n: n)
      return parts.left + parts.right
    }
  }
}

extension Tensor {
  fileprivate func eigenvalueNode() -> Tensor {
    Tensor(Node(Eigenvalues(), [node], shape: [shape[0], 1, shape[2]], dtype: dtype))
  }

  fileprivate func eigenvectorNode() -> Tensor {
    Tensor(Node(Eigenvectors(), [node], shape: shape, dtype: dtype))
  }

  fileprivate func singularValueNode() -> Tensor {
    let k = Swift.min(shape[1], shape[2])
    return Tensor(Node(SingularValues(), [node], shape: [shape[0], 1, k], dtype: dtype))
  }

  fileprivate func singularVectors() throws(EngineError) -> (left: Tensor, right: Tensor) {
    let target: Shape = [shape[0], shape[1] + shape[2], Swift.min(shape[1], shape[2])]
    return try Tensor(Node(SingularVectors(), [node], shape: target, dtype: dtype))
      .singularParts(rows: shape[1])
  }

  fileprivate func singularParts(rows: Int) throws(EngineError) -> (left: Tensor, right: Tensor) {
    (
      try sliced(axis: 1, from: 0, to: rows), try sliced(axis: 1, from: rows, to: shape[1])
    )
  }

  /// 1 / (w_j - w_i) at row i, column j of `[b, n, n]`, 0 on the diagonal, for `w` of `[b, 1, n]`.
  fileprivate static func inverseDifferences(_ w: Tensor) throws(EngineError) -> Tensor {
    let difference = try w - w.transposed()
    let diagonal = try Tensor.identity(w.shape[2], dtype: .bool)
    let one = Tensor.ones([], dtype: w.dtype)
    return try .select(
      diagonal, .zeros([], dtype: w.dtype), .select(diagonal, one, difference).reciprocal())
  }
}

extension Tensor {
  /// Eigenvalues of symmetric matrices, in rising order: `[…, n, n]` → `[…, n]`.
  ///
  /// Only the symmetric part of the matrices counts. Differentiable at repeated eigenvalues too, once.
  ///
  /// - Throws: for matrices that are not square; when computed, ``EngineError/unsolvable(op:matrix:reason:)``
  ///   for numbers that are not finite.
  public func eigenvalues() throws(EngineError) -> Tensor {
    let matrices = try squareBatch("eigvalsh").symmetric()
    let n = shape[rank - 1]
    return try matrices.eigenvalueNode().reshaped(to: Array(shape.dimensions.dropLast(2)) + [n])
  }

  /// Eigenvalues of symmetric matrices and their orthonormal eigenvectors: `a = v · diag(w) · vᵀ`.
  ///
  /// Only the symmetric part of the matrices counts. The gradient through the vectors needs distinct
  /// eigenvalues: it divides by their differences.
  ///
  /// - Returns: values `[…, n]` in rising order, vectors `[…, n, n]` as columns, the largest element of each
  ///   positive.
  public func eigenSystem() throws(EngineError) -> (values: Tensor, vectors: Tensor) {
    let matrices = try squareBatch("eigh").symmetric()
    return (
      try eigenvalues(), try matrices.eigenvectorNode().reshaped(to: shape.dimensions)
    )
  }

  /// Singular values in falling order: `[…, m, n]` → `[…, min(m, n)]`.
  public func singularValues() throws(EngineError) -> Tensor {
    let matrices = try matrixBatch("svdvals")
    let batch = Array(shape.dimensions.dropLast(2))
    return try matrices.singularValueNode().reshaped(
      to: batch + [Swift.min(shape[rank - 2], shape[rank - 1])])
  }

  /// Thin singular value decomposition: `a = u · diag(s) · vᵀ`, with k = min(m, n).
  ///
  /// The gradient through the vectors needs singular values that are distinct and not 0.
  ///
  /// - Returns: u `[…, m, k]`, s `[…, k]` in falling order, v `[…, n, k]`; the largest element of each left
  ///   vector is positive.
  public func singularValueDecomposition() throws(EngineError) -> (
    u: Tensor, s: Tensor, v: Tensor
  ) {
    let (left, right) = try matrixBatch("svd").singularVectors()
    let batch = Array(shape.dimensions.dropLast(2))
    return (
      try left.reshaped(to: batch + left.shape.dimensions.dropFirst()), try singularValues(),
      try right.reshaped(to: batch + right.shape.dimensions.dropFirst())
    )
  }
}
