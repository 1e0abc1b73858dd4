import Engine

/// Products of matrices, systems of equations, factorisations. Matrices are the last two axes, those before
/// them a batch.
enum LinearAlgebraModule {
  static let functions = products + systems + decompositions

  private static func unary(
    _ name: String, _ summary: String, _ shape: String, _ returns: String,
    _ body: @escaping @Sendable (Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(name, summary, Param<Tensor>("a", shape), returns: returns, body: body)
  }

  private static let products = [
    LuaFunction(
      "matmul", "The matrix product over the last two axes; the others are broadcast.",
      Param<Tensor>("a", "[…, M, K]"), Param<Tensor>("b", "[…, K, N]"), returns: "[…, M, N]"
    ) { a, b in try a.matmul(b) }
    .example("mg.tensor {{1, 2}}:matmul(mg.tensor {{3}, {4}})", "tensor [1, 1] float32 {{11}}")
    .mistake(
      "mg.zeros(2, 3):matmul(mg.zeros(2, 3))",
      "matmul: shapes [2, 3] and [2, 3] do not fit together"),
    LuaFunction(
      "einsum",
      "Sums of products by Einstein's convention: letters name axes, those the result lacks are summed over. A letter may not stand twice in one operand.",
      Param<String>("equation", "\"ij,jk->ik\", \"bij,bj->bi\", \"ij->j\""),
      Param<RemainingTensors>("operands", "one tensor for each term"),
      returns: "the axes after the arrow", access: .function
    ) { equation, operands in try Tensor.einsum(equation, operands.tensors) }
    .example(
      "mg.einsum('ij,j->i', mg.tensor {{1, 2}, {3, 4}}, mg.tensor {1, 10})",
      "tensor [2] float32 {21, 43}"
    )
    .mistake(
      "mg.einsum('ij,jk->ik', mg.zeros(2, 3), mg.zeros(2, 3))",
      "einsum: axis 'j' of operand 2 must be size 3 as before, got 2"),
    LuaFunction(
      "outer", "Every element of one vector times every element of another.",
      Param<Tensor>("a", "[M]"), Param<Tensor>("b", "[N]"), returns: "[M, N]"
    ) { a, b in try a.outer(b) }
    .example("mg.arange(2):outer(mg.arange(3))", "tensor [2, 3] float32 {{1, 2, 3}, {2, 4, 6}}")
    .mistake(
      "mg.zeros(2):outer(mg.zeros(2, 2))",
      "outer: shapes [2] and [2, 2] do not fit together"),
    unary("diagonal", "The diagonal of matrices.", "[…, M, N]", "[…, min(M, N)]") {
      try $0.diagonal()
    }
    .example("mg.tensor {{1, 2}, {3, 4}}:diagonal()", "tensor [2] float32 {1, 4}")
    .mistake(
      "mg.zeros(2):diagonal()",
      "diagonal: tensor must be at least 2 axes, got shape [2]"),
    unary("trace", "The sum of the diagonal.", "[…, M, N]", "[…]") {
      try $0.diagonal().sum([-1])
    }
    .example("mg.tensor {{1, 2}, {3, 4}}:trace()", "tensor [] float32 5")
    .mistake(
      "mg.zeros(2):trace()",
      "trace: tensor must be at least 2 axes, got shape [2]"),
    unary("diag", "Vectors as diagonal matrices.", "[…, N]", "[…, N, N]") {
      try $0.diagonalMatrix()
    }
    .example("mg.tensor {1, 2}:diag()", "tensor [2, 2] float32 {{1, 0}, {0, 2}}")
    .mistake(
      "mg.tensor(1):diag()",
      "diag: tensor must be at least 1 axis, got shape []"),
  ]

  private static let systems = [
    LuaFunction(
      "solve", "The x with a · x = b.", Param<Tensor>("a", "[…, N, N]"),
      Param<Tensor>("b", "[…, N, K]"), returns: "[…, N, K]"
    ) { a, b in try a.solve(b) }
    .example(
      "mg.solve(mg.tensor {{2, 0}, {0, 4}}, mg.tensor {{2}, {2}})",
      "tensor [2, 1] float32 {{1}, {0.5}}"
    )
    .mistake(
      "mg.solve(mg.ones(2, 2), mg.ones(2, 1)):tolist()",
      "solve: matrix 1 of the batch is singular"),
    LuaFunction(
      "solve_triangular", "The x with a · x = b for one triangle of a, the rest taken for zeros.",
      Param<Tensor>("a", "[…, N, N]"), Param<Tensor>("b", "[…, N, K]"),
      Param<Bool?>("upper", "the upper triangle; default the lower one"),
      Param<Bool?>("transposed", "solve aᵀ · x = b instead"), returns: "[…, N, K]"
    ) { a, b, upper, transposed in
      try a.triangularSolve(b, lower: !(upper ?? false), transposed: transposed ?? false)
    }
    .example(
      "mg.solve_triangular(mg.tensor {{1, 9}, {1, 2}}, mg.tensor {{1}, {3}})",
      "tensor [2, 1] float32 {{1}, {1}}"
    )
    .mistake(
      "mg.solve_triangular(mg.eye(2), mg.zeros(2))",
      "solve_triangular: shapes [2, 2] and [2] do not fit together"),
    unary(
      "inv", "The inverse; to solve a system, `solve` is faster and more exact.", "[…, N, N]",
      "[…, N, N]"
    ) { try $0.inverse() }
    .example("mg.inv(mg.tensor {{2, 0}, {0, 4}})", "tensor [2, 2] float32 {{0.5, 0}, {0, 0.25}}")
    .mistake(
      "mg.inv(mg.ones(2, 2)):tolist()",
      "solve: matrix 1 of the batch is singular"),
    unary("det", "The determinant; its gradient needs regular matrices.", "[…, N, N]", "[…]") {
      try $0.determinant()
    }
    .example("mg.det(mg.tensor {{2, 1}, {0, 4}})", "tensor [] float32 8")
    .mistake(
      "mg.det(mg.zeros(2, 3))",
      "det: tensor must be square matrices […, N, N], got shape [2, 3]"),
    unary(
      "logdet",
      "The logarithm of the determinant, without overflow; NaN where it is negative.",
      "[…, N, N]", "[…]"
    ) { try $0.logDeterminant() }
    .example("mg.logdet(mg.eye(3))", "tensor [] float32 0")
    .mistake(
      "mg.logdet(mg.zeros(2, 3))",
      "logdet: tensor must be square matrices […, N, N], got shape [2, 3]"),
  ]

  private static let decompositions = [
    unary(
      "cholesky",
      "The lower triangular l with l · lᵀ = a, for the symmetric part of a, positive definite.",
      "[…, N, N]", "[…, N, N]"
    ) { try $0.cholesky() }
    .example(
      "mg.cholesky(mg.tensor {{4, 2}, {2, 2}})", "tensor [2, 2] float32 {{2, 0}, {1, 1}}"
    )
    .mistake(
      "mg.cholesky(-mg.eye(2)):tolist()",
      "cholesky: matrix 1 of the batch is not positive definite"),
    LuaFunction(
      "eigh",
      "Eigenvalues in rising order and orthonormal eigenvectors of the symmetric part of a: a = v · diag(w) · vᵀ. The gradient of the vectors needs distinct values.",
      Param<Tensor>("a", "[…, N, N]"),
      returns:
        "values [..., N] and vectors [..., N, N] as columns, the largest element of each positive"
    ) { a in
      let system = try a.eigenSystem()
      return [system.values, system.vectors]
    }
    .example(
      "mg.eigh(mg.tensor {{3, 0}, {0, 2}})",
      "tensor [2] float32 {2, 3}\ttensor [2, 2] float32 {{0, 1}, {1, 0}}"
    )
    .mistake(
      "mg.eigh(mg.zeros(2, 3))",
      "eigh: tensor must be square matrices […, N, N], got shape [2, 3]"),
    unary(
      "eigvalsh",
      "Eigenvalues of the symmetric part of matrices, in rising order; differentiable at repeated ones too.",
      "[…, N, N]", "[…, N]"
    ) { try $0.eigenvalues() }
    .example("mg.eigvalsh(mg.tensor {{3, 0}, {0, 2}})", "tensor [2] float32 {2, 3}")
    .mistake(
      "mg.eigvalsh(mg.zeros(2, 3))",
      "eigvalsh: tensor must be square matrices […, N, N], got shape [2, 3]"),
    LuaFunction(
      "svd",
      "Thin singular value decomposition a = u · diag(s) · vᵀ, K = min(M, N). The gradient of the vectors needs distinct values above 0.",
      Param<Tensor>("a", "[…, M, N]"),
      returns: "u […, M, K], s […, K] in falling order, v […, N, K]"
    ) { a in
      let parts = try a.singularValueDecomposition()
      return [parts.u, parts.s, parts.v]
    }
    .example(
      "s", "tensor [2] float32 {4, 2}", after: "local u, s, v = mg.svd(mg.tensor {{2, 0}, {0, 4}})"
    )
    .mistake(
      "mg.svd(mg.zeros(3))",
      "svd: tensor must be floating matrices […, M, N] of at most 16384 rows, got float32 [3]"),
    unary(
      "svdvals", "Singular values, in falling order.", "[…, M, N]", "[…, min(M, N)]"
    ) { try $0.singularValues() }
    .example("mg.svdvals(mg.tensor {{3, 4}})", "tensor [1] float32 {5}")
    .mistake(
      "mg.svdvals(mg.zeros(3))",
      "svdvals: tensor must be floating matrices […, M, N] of at most 16384 rows, got float32 [3]"),
  ]
}
