import Engine

/// Products of matrices, and convolution.
enum LinearAlgebraModule {
  static let functions = [
    LuaFunction(
      "matmul", "The matrix product over the last two axes; the others are broadcast.",
      Param<Tensor>("a", "[…, M, K]"), Param<Tensor>("b", "[…, K, N]"), returns: "[…, M, N]"
    ) { a, b in try a.matmul(b) },
    LuaFunction(
      "conv2d", "Slides a kernel over images (cross-correlation), with zeros around.",
      Param<Tensor>("x", "[N, C, H, W]"), Param<Tensor>("weight", "[O, C, KH, KW]"),
      Param<Int?>("stride", "default 1"),
      Param<Int?>("padding", "zeros on each side, default 0; for other edges use x:pad first"),
      returns: "[N, O, (H + 2 padding - KH) / stride + 1, …]"
    ) { x, weight, stride, padding in
      let limit = 1 << 20
      guard (1...limit).contains(stride ?? 1), (0...limit).contains(padding ?? 0) else {
        throw ArgumentProblem("stride must be at least 1 and padding at least 0")
      }
      return try Tensor.conv2d(x, weight, stride: stride ?? 1, padding: Padding2D(padding ?? 0))
    },
  ]
}
