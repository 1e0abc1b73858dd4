import CKernels

/// Batched matrix product `[b, m, k] · [b, k, n]`.
struct Matmul: Primitive {
  let name = "matmul"

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let (a, b, dy) = (context.inputs[0], context.inputs[1], context.cotangent)
    return [
      context.needs[0] ? try dy.matmul(b.transposed()) : nil,
      context.needs[1] ? try a.transposed().matmul(dy) : nil,
    ]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let a = planner.matrix(node.inputs[0])
    let b = planner.matrix(node.inputs[1])
    let output = planner.allocate(node.shape, node.dtype, like: [])
    var sizes = mg_gemm_sizes()
    sizes.is_double = node.dtype == .float64 ? 1 : 0
    sizes.batch = Int64(node.shape[0])
    sizes.m = Int64(node.shape[1])
    sizes.n = Int64(node.shape[2])
    sizes.k = Int64(a.view.sizes[2])
    (sizes.transpose_a, sizes.lda, sizes.a_step) = (
      a.transposed, a.leading, Int64(a.view.strides[0])
    )
    (sizes.transpose_b, sizes.ldb, sizes.b_step) = (
      b.transposed, b.leading, Int64(b.view.strides[0])
    )
    sizes.ldc = Int64(max(node.shape[2], 1))
    sizes.c_step = Int64(node.shape[1] * node.shape[2])
    let prepared = sizes
    if node.shape.count > 0, prepared.k == 0 {
      planner.emitFill(output)
    } else if node.shape.count > 0 {
      let flops = 2 * Double(node.shape.count) * Double(prepared.k)
      planner.emit(name, reads: [a.view, b.view], writes: output, flops: flops) {
        (memory) throws(EngineError) in
        let status = withUnsafePointer(to: prepared) {
          mg_gemm($0, memory.start(of: a.view), memory.start(of: b.view), memory.start(of: output))
        }
        if status != 0 {
          throw .library(name: "OpenBLAS", reason: "libopenblas.so.0 could not be loaded")
        }
      }
    }
    planner.define(node, as: output)
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { index in
      (0..<inputs[0].shape[2]).reduce(0) { sum, k in
        sum + inputs[0][[index[0], index[1], k]] * inputs[1][[index[0], k, index[2]]]
      }
    }
  }
}

extension Planner {
  /// A view a BLAS library can read: rows or columns contiguous.
  struct Matrix {
    let view: View
    let transposed: Int32
    let leading: Int64
  }

  fileprivate func matrix(_ node: Node) -> Matrix {
    let view = view(of: node)
    if let matrix = Matrix(view) { return matrix }
    let dense = dense(view)
    return Matrix(view: dense, transposed: 0, leading: Int64(max(dense.sizes[2], 1)))
  }
}

extension Planner.Matrix {
  fileprivate init?(_ view: View) {
    let (rows, columns) = (view.sizes[1], view.sizes[2])
    if view.strides[2] == 1 || columns == 1, view.strides[1] >= columns,
      columns > 1 || view.strides[1] > 0
    {
      self.init(view: view, transposed: 0, leading: Int64(max(view.strides[1], 1)))
    } else if view.strides[1] == 1, view.strides[2] >= rows {
      self.init(view: view, transposed: 1, leading: Int64(max(view.strides[2], 1)))
    } else {
      return nil
    }
  }
}

extension Tensor {
  /// Matrix product of the last two axes; the axes before them broadcast. Vectors are not promoted.
  ///
  /// - Throws: when an operand has fewer than two axes or the inner sizes differ.
  public func matmul(_ other: Tensor) throws(EngineError) -> Tensor {
    guard rank >= 2, other.rank >= 2, shape[rank - 1] == other.shape[other.rank - 2] else {
      throw .shapeMismatch(op: "matmul", lhs: shape, rhs: other.shape)
    }
    guard dtype.isFloating, dtype == other.dtype else {
      throw .dtypeMismatch(
        op: "matmul", expected: dtype.isFloating ? dtype.rawValue : "a floating type",
        got: other.dtype)
    }
    let batch = try Shape.broadcasting(
      Shape(Array(shape.dimensions.dropLast(2))), Shape(Array(other.shape.dimensions.dropLast(2))),
      op: "matmul")
    let (m, k, n) = (shape[rank - 2], shape[rank - 1], other.shape[other.rank - 1])
    let target = try Shape(checking: batch.dimensions + [m, n], op: "matmul")
    let lhs = try broadcast(to: Shape(batch.dimensions + [m, k])).reshaped(to: [batch.count, m, k])
    let rhs = try other.broadcast(to: Shape(batch.dimensions + [k, n])).reshaped(to: [
      batch.count, k, n,
    ])
    let product = Tensor(
      Node(Matmul(), [lhs.node, rhs.node], shape: [batch.count, m, n], dtype: dtype))
    return try product.reshaped(to: target.dimensions)
  }
}
