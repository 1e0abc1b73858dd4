import Engine

/// Products of matrices, and convolution.
enum LinearAlgebraModule {
  static let functions = [
    LuaFunction(
      "matmul", "The matrix product over the last two axes; the others are broadcast.",
      Param<Tensor>("a", "[…, M, K]"), Param<Tensor>("b", "[…, K, N]"), returns: "[…, M, N]"
    ) { a, b in try a.matmul(b) },
  ]
}
