import Engine

/// Images: the last two axes are rows and columns.
enum ImageModule {
  static let functions = sizes + reading

  private static let sizes = [
    LuaFunction(
      "resize",
      "Brings images to another size; pixels are squares, and the corners of the images agree.",
      Param<Tensor>("x", "[…, H, W]"), Param<Int>("height", ""), Param<Int>("width", ""),
      Param<Choice<ResizeMode>?>(
        "mode", "default \"bilinear\"; \"area\" takes means, for smaller images"),
      returns: "[…, height, width]"
    ) { x, height, width, mode in
      _ = try Sizes(dimensions: x.shape.dimensions.dropLast(2) + [height, width]).shape("resize")
      guard max(height, width) <= 1 << 14 else {
        throw ArgumentProblem("at most \(1 << 14) rows and columns")
      }
      return try x.resized(height: height, width: width, mode: mode?.value ?? .bilinear)
    }
    .example(
      "mg.tensor {{1, 3}}:resize(1, 4)", "tensor [1, 4] float32 {{1, 1.5, 2.5, 3}}"
    )
    .example(
      "mg.tensor {{1, 2, 3, 4}}:resize(1, 2, 'area')", "tensor [1, 2] float32 {{1.5, 3.5}}"
    )
    .mistake(
      "mg.zeros(2, 2):resize(4, 4, 'cubic')",
      "bad argument 'mode' to 'resize': expected one of \"nearest\", \"bilinear\", \"area\", got \"cubic\""
    ),
    pool("max_pool2d", "largest element", "-∞", "{{4}}") {
      try $0.maxPooled(window: $1, stride: $2, padding: $3)
    },
    pool("avg_pool2d", "mean", "zeros, which count", "{{2.5}}") {
      try $0.averagePooled(window: $1, stride: $2, padding: $3)
    },
  ]

  private static func pool(
    _ name: String, _ what: String, _ outside: String, _ output: String,
    _ body: @escaping @Sendable (Tensor, Int, Int?, Int) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, "The \(what) of every square window.", Param<Tensor>("x", "[…, H, W]"),
      Param<Int>("window", "rows and columns of the window"),
      Param<Int?>("stride", "distance of windows; default the window"),
      Param<Int?>("padding", "\(outside), on each side; default 0"),
      returns: "[…, (H + 2 padding - window) / stride + 1, …]"
    ) { x, window, stride, padding in try body(x, window, stride, padding ?? 0) }
    .example("mg.tensor {{1, 2}, {3, 4}}:\(name)(2)", "tensor [1, 1] float32 \(output)")
    .mistake(
      "mg.zeros(2, 2):\(name)(3)",
      "\(name): window, stride and padding must be 1…1024, 1 or more and 0 or more, a window in [2, 2] and padding less than the window, got 3, 3 and 0"
    )
  }

  private static let reading = [
    LuaFunction(
      "correlate",
      "Weighs the neighbourhood of every pixel by a kernel (cross-correlation), same size.",
      Param<Tensor>("x", "[…, H, W]"), Param<Tensor>("kernel", "[KH, KW]"),
      Param<Choice<PaddingMode>?>(
        "mode", "what lies outside: \"zero\" (the default), \"circular\", \"reflect\" or \"edge\""),
      returns: "same shape as `x`"
    ) { x, kernel, mode in try x.correlated(with: kernel, mode: mode?.value ?? .zero) }
    .example(
      "mg.tensor {{1, 2, 3}}:correlate(mg.tensor {{1, 1, 1}})",
      "tensor [1, 3] float32 {{3, 6, 5}}"
    )
    .mistake(
      "mg.zeros(4, 4):correlate(mg.zeros(3))",
      "correlate: tensor and kernel must be an image […, H, W] and a kernel [KH, KW], got [4, 4] and [3]"
    ),
    LuaFunction(
      "convolve",
      "Spreads every pixel over its neighbourhood by a kernel (convolution), same size: `correlate` with the kernel turned round.",
      Param<Tensor>("x", "[…, H, W]"), Param<Tensor>("kernel", "[KH, KW], of odd sizes"),
      Param<Choice<PaddingMode>?>(
        "mode", "what lies outside: \"zero\" (the default), \"circular\", \"reflect\" or \"edge\""),
      returns: "same shape as `x`"
    ) { x, kernel, mode in
      guard kernel.rank == 2, kernel.shape.dimensions.allSatisfy({ $0 % 2 == 1 }) else {
        throw ArgumentProblem(
          "the kernel must have two axes of odd sizes, got shape \(kernel.shape)")
      }
      return try x.correlated(with: kernel.flipped(axes: [0, 1]), mode: mode?.value ?? .zero)
    }
    .example(
      "mg.tensor {{0, 1, 0}}:convolve(mg.tensor {{1, 2, 3}})",
      "tensor [1, 3] float32 {{1, 2, 3}}"
    )
    .mistake(
      "mg.zeros(4, 4):convolve(mg.zeros(2, 3))",
      "convolve: the kernel must have two axes of odd sizes, got shape [2, 3]"),
    LuaFunction(
      "grid_sample",
      "Reads images at places between the pixels, linearly: a warp, differentiable in both.",
      Param<Tensor>("x", "[N, C, H, W]"),
      Param<Tensor>(
        "grid",
        "[N, H', W', 2]: (x, y) of each new pixel in -1…1, edge to edge; x runs along the last axis"
      ),
      Param<Choice<OutsideMode>?>("outside", "default \"zero\"; \"edge\" repeats the edge"),
      returns: "[N, C, H', W']"
    ) { x, grid, outside in try x.sampled(at: grid, repeatsEdge: outside?.value == .edge) }
    .example(
      "mg.grid_sample(mg.tensor {{{{1, 3}}}}, mg.tensor {{{{0, 0}}}})",
      "tensor [1, 1, 1, 1] float32 {{{{2}}}}"
    )
    .mistake(
      "mg.grid_sample(mg.zeros(1, 1, 4, 4), mg.zeros(1, 4, 4))",
      "grid_sample: grid must be float32 [1, H, W, 2], got float32 [1, 4, 4]"),
  ]

  private enum OutsideMode: String, CaseIterable, Sendable {
    case zero, edge
  }
}
