import CKernels

// Matrix factorisations and systems, batches of `[b, n, n]`, through LAPACK. Gradient rules are those of
// Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation".

/// The lower triangular `l` with `l·lᵀ = a`.
struct Cholesky: Primitive {
  let name = "cholesky"

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    // ā = l⁻ᵀ Φ(lᵀ l̄) l⁻¹, made symmetric; Φ takes the lower triangle and halves the diagonal.
    let (l, dl) = (context.output, context.cotangent)
    let product = try l.transposed().matmul(dl).lowerTriangle()
    let half = try product - product.diagonal().diagonalMatrix() * 0.5
    let left = try l.triangularSolve(half, lower: true, transposed: true)
    let slope = try l.triangularSolve(left.transposed(), lower: true, transposed: true)
    return [try (slope + slope.transposed()) * 0.5]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.emitLinear(name, node) { mg_cholesky($0.isDouble, $0.batch, $0.n, $1[0], $2, &$3) }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) { ReferenceLinearAlgebra.cholesky($0[0], n: shape[1]) }
  }
}

/// The `x` with `a·x = b`, or `aᵀ·x = b`, for a triangle of `a`; the rest of `a` is not read.
struct TriangularSolve: Primitive {
  let isLower: Bool
  let transposed: Bool
  let name = "triangular solve"
  var attributes: String? { "\(isLower),\(transposed)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let (a, x) = (context.inputs[0], context.output)
    let db = try a.triangularSolve(context.cotangent, lower: isLower, transposed: !transposed)
    guard context.needs[0] else { return [nil, db] }
    let full = transposed ? try -x.matmul(db.transposed()) : try -db.matmul(x.transposed())
    return [isLower ? try full.lowerTriangle() : try full.upperTriangle(), db]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let (triangle, transposed): (mg_triangle, Int32) = (
      isLower ? MG_LOWER : MG_UPPER, transposed ? 1 : 0
    )
    planner.emitLinear(name, node) {
      mg_solve_triangular(
        $0.isDouble, $0.batch, $0.n, $0.k, triangle, transposed, $1[0], $1[1], $2, &$3)
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) { matrices in
      let n = shape[1]
      var a = matrices[0]
      for i in 0..<n {
        for j in 0..<n where isLower ? j > i : j < i { a[i * n + j] = 0 }
      }
      if transposed { a = ReferenceLinearAlgebra.transpose(a, n, n) }
      return ReferenceLinearAlgebra.solve(a, matrices[1], n: n, k: shape[2])
    }
  }
}

/// The `x` with `a·x = b`.
struct Solve: Primitive {
  let name = "solve"

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let (a, x) = (context.inputs[0], context.output)
    let db = try a.transposed().solve(context.cotangent)
    return [context.needs[0] ? try -db.matmul(x.transposed()) : nil, db]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.emitLinear(name, node) {
      mg_solve($0.isDouble, $0.batch, $0.n, $0.k, $1[0], $1[1], $2, &$3)
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) {
      ReferenceLinearAlgebra.solve($0[0], $0[1], n: shape[1], k: shape[2])
    }
  }
}

/// The determinant of each matrix, or its logarithm (NaN where it is negative): `[b, n, n]` → `[b, 1, 1]`.
struct Determinant: Primitive {
  let logarithm: Bool
  var name: String { logarithm ? "logdet" : "det" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let slope = logarithm ? context.cotangent : try context.cotangent * context.output
    return [try context.inputs[0].inverse().transposed() * slope]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let logarithm: Int32 = logarithm ? 1 : 0
    planner.emitLinear(name, node) {
      mg_determinant($0.isDouble, $0.batch, $0.n, logarithm, $1[0], $2, &$3)
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray.batched(inputs, shape) {
      let value = ReferenceLinearAlgebra.determinant($0[0], n: inputs[0].shape[1])
      return [logarithm ? Double.log(value) : value]
    }
  }
}

/// What a LAPACK kernel is told about a batch.
struct LinearSizes {
  let isDouble: Int32
  let batch: Int64
  /// Rows and columns of the first operand.
  let m: Int64
  let n: Int64
  /// Columns of the result.
  let k: Int64
}

extension Planner {
  typealias LinearKernel = (
    LinearSizes, _ operands: [UnsafeMutableRawPointer], _ result: UnsafeMutableRawPointer,
    _ which: inout Int64
  ) -> mg_linear_status

  /// Adds a call of a kernel that works on dense matrices, and turns its status into an error.
  func emitLinear(_ name: String, _ node: Node, _ kernel: @escaping LinearKernel) {
    let operands = node.inputs.map { dense(view(of: $0)) }
    let output = allocate(node.shape, node.dtype, like: [])
    define(node, as: output)
    guard operands.allSatisfy({ $0.count > 0 }) else { return }
    let sizes = LinearSizes(
      isDouble: node.dtype == .float64 ? 1 : 0, batch: Int64(operands[0].sizes[0]),
      m: Int64(operands[0].sizes[1]), n: Int64(operands[0].sizes[2]), k: Int64(node.shape[2]))
    emit(name, reads: operands, writes: output) { (memory) throws(EngineError) in
      var which: Int64 = 0
      let status = kernel(
        sizes, operands.map { memory.start(of: $0) }, memory.start(of: output), &which)
      if let error = EngineError(status, op: name, matrix: Int(which)) { throw error }
    }
  }
}

extension EngineError {
  fileprivate init?(_ status: mg_linear_status, op: String, matrix: Int) {
    switch status {
    case MG_SOLVED: return nil
    case MG_SINGULAR: self = .unsolvable(op: op, matrix: matrix, reason: "is singular")
    case MG_NOT_POSITIVE:
      self = .unsolvable(op: op, matrix: matrix, reason: "is not positive definite")
    case MG_NOT_FINITE:
      self = .unsolvable(op: op, matrix: matrix, reason: "holds infinity or no number at all")
    case MG_NOT_CONVERGED:
      self = .unsolvable(op: op, matrix: matrix, reason: "did not let the iteration converge")
    default:
      self = .library(name: "LAPACK", reason: "libopenblas.so.0 could not be loaded, or no memory")
    }
  }
}
