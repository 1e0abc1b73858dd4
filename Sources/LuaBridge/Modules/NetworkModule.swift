import Engine

/// The layers of a trained network as plain functions of their weights.
enum NetworkModule {
  static let functions = convolutions + layers + [load]

  private static let limit = 1 << 20

  private static func checked(_ stride: Int?, _ padding: Int?) throws -> (Int, Int) {
    guard (1...limit).contains(stride ?? 1), (0...limit).contains(padding ?? 0) else {
      throw ArgumentProblem("stride must be at least 1 and padding at least 0")
    }
    return (stride ?? 1, padding ?? 0)
  }

  /// A number for each channel, added to images.
  private static func adding(_ bias: Tensor?, to x: Tensor) throws -> Tensor {
    guard let bias else { return x }
    guard bias.shape == [x.shape[1]] else {
      throw ArgumentProblem("bias must be [\(x.shape[1])], got \(bias.shape)")
    }
    return try x + bias.reshaped(to: [1, -1, 1, 1])
  }

  private static let convolutions = [
    LuaFunction(
      "conv2d", "Slides a kernel over images (cross-correlation), with zeros around.",
      Param<Tensor>("x", "[N, C, H, W]"), Param<Tensor>("weight", "[O, C, KH, KW]"),
      Param<Int?>("stride", "default 1"),
      Param<Int?>("padding", "zeros on each side, default 0; for other edges use x:pad first"),
      Param<Tensor?>("bias", "[O]"),
      returns: "[N, O, (H + 2 padding - KH) / stride + 1, …]"
    ) { x, weight, stride, padding, bias in
      let (stride, padding) = try checked(stride, padding)
      return try adding(
        bias, to: .conv2d(x, weight, stride: stride, padding: Padding2D(padding)))
    }
    .example(
      "mg.ones(1, 1, 3, 3):conv2d(mg.ones(1, 1, 3, 3))", "tensor [1, 1, 1, 1] float32 {{{{9}}}}"
    )
    .mistake(
      "mg.zeros(1, 2, 4, 4):conv2d(mg.zeros(1, 3, 3, 3))",
      "conv2d: shapes [1, 2, 4, 4] and [1, 3, 3, 3] do not fit together"),
    LuaFunction(
      "conv1d", "Slides a kernel over signals (cross-correlation), with zeros around.",
      Param<Tensor>("x", "[N, C, L]"), Param<Tensor>("weight", "[O, C, K]"),
      Param<Int?>("stride", "default 1"),
      Param<Int?>("padding", "zeros on each side, default 0; for other edges use x:pad first"),
      Param<Tensor?>("bias", "[O]"), returns: "[N, O, (L + 2 padding - K) / stride + 1]"
    ) { x, weight, stride, padding, bias in
      let (stride, padding) = try checked(stride, padding)
      guard x.rank == 3, weight.rank == 3 else {
        throw ArgumentProblem("x and weight must have 3 axes, got \(x.shape) and \(weight.shape)")
      }
      let rows = try x.padded([(0, 0), (0, 0), (padding, padding)]).expanded(axis: 2)
      let y = try Tensor.conv2d(rows, weight.expanded(axis: 2), stride: stride)
      return try adding(bias, to: y).squeezed(axis: 2)
    }
    .example(
      "mg.tensor {{{1, 2, 3, 4}}}:conv1d(mg.tensor {{{1, -1}}})",
      "tensor [1, 1, 3] float32 {{{-1, -1, -1}}}"
    )
    .mistake(
      "mg.zeros(1, 4):conv1d(mg.zeros(1, 1, 3))",
      "conv1d: x and weight must have 3 axes, got [1, 4] and [1, 1, 3]"),
    LuaFunction(
      "conv_transpose2d", "The adjoint of conv2d: images grow by the stride.",
      Param<Tensor>("x", "[N, O, H, W]"), Param<Tensor>("weight", "[O, C, KH, KW]"),
      Param<Int?>("stride", "default 1"), Param<Int?>("padding", "as of conv2d; default 0"),
      Param<Int?>("output_padding", "rows and columns more, less than the stride; default 0"),
      Param<Tensor?>("bias", "[C]"),
      returns: "[N, C, (H - 1) stride - 2 padding + KH + output_padding, …]"
    ) { x, weight, stride, padding, more, bias in
      let (stride, padding) = try checked(stride, padding)
      guard x.rank == 4, weight.rank == 4 else {
        throw ArgumentProblem("x and weight must have 4 axes, got \(x.shape) and \(weight.shape)")
      }
      guard (0..<stride).contains(more ?? 0) else {
        throw ArgumentProblem("output_padding must be less than the stride \(stride)")
      }
      let sizes = [2, 3].map {
        (x.shape[$0] - 1) * stride - 2 * padding + weight.shape[$0] + (more ?? 0)
      }
      _ = try Sizes(dimensions: [x.shape[0], weight.shape[1]] + sizes).shape("conv_transpose2d")
      return try adding(
        bias,
        to: .convTranspose2d(
          x, weight, stride: stride, padding: Padding2D(padding), outputSize: sizes))
    }
    .example(
      "mg.ones(1, 1, 1, 2):conv_transpose2d(mg.ones(1, 1, 2, 2), 2)",
      "tensor [1, 1, 2, 4] float32 {{{{1, 1, 1, 1}, {1, 1, 1, 1}}}}"
    )
    .mistake(
      "mg.zeros(1, 2, 4, 4):conv_transpose2d(mg.zeros(3, 1, 3, 3))",
      "conv_transpose2d: shapes [1, 2, 4, 4] and [1, 3, 4, 4] do not fit together"),
  ]

  private static let layers = [
    LuaFunction(
      "linear", "x · weightᵀ + bias.", Param<Tensor>("x", "[…, I]"),
      Param<Tensor>("weight", "[O, I]"),
      Param<Tensor?>("bias", "[O]"), returns: "[…, O]"
    ) { x, weight, bias in
      guard x.rank >= 1, weight.rank == 2, x.shape[x.rank - 1] == weight.shape[1] else {
        throw ArgumentProblem(
          "x […, I] and weight [O, I] do not fit: \(x.shape) and \(weight.shape)")
      }
      let rows = try x.reshaped(to: [x.shape.dimensions.dropLast().reduce(1, *), weight.shape[1]])
      var y = try rows.matmul(weight.transposed())
      if let bias { y = try y + bias }
      return try y.reshaped(to: x.shape.dimensions.dropLast() + [weight.shape[0]])
    }
    .example(
      "mg.linear(mg.tensor {1, 2}, mg.tensor {{3, 4}}, mg.tensor {10})", "tensor [1] float32 {21}"
    )
    .mistake(
      "mg.linear(mg.zeros(3), mg.zeros(1, 2))",
      "linear: x […, I] and weight [O, I] do not fit: [3] and [1, 2]"),
    LuaFunction(
      "group_norm",
      "Brings the channels of each group, image by image, to mean 0 and variance 1, then scales and shifts them. One group: layer norm; as many as channels: instance norm.",
      Param<Tensor>("x", "[N, C, H, W]"), Param<Int>("groups", "divides C"),
      Param<Tensor?>("weight", "[C]; default 1"), Param<Tensor?>("bias", "[C]; default 0"),
      Param<Double?>("epsilon", "added to the variance; default 1e-5"), returns: "same shape as `x`"
    ) { x, groups, weight, bias, epsilon in
      guard x.rank >= 2, (1...max(x.shape[1], 1)).contains(groups),
        x.shape[1].isMultiple(of: groups)
      else {
        throw ArgumentProblem("groups must divide the channels of \(x.shape), got \(groups)")
      }
      let channels = x.shape[1]
      let grouped = try x.reshaped(to: [x.shape[0], groups, x.count / max(x.shape[0] * groups, 1)])
      let centred = try grouped - grouped.mean([2], keepDims: true)
      let variance = try centred.square().mean([2], keepDims: true)
      var y = try (centred / (variance + (epsilon ?? 1e-5)).sqrt()).reshaped(
        to: x.shape.dimensions)
      for (number, parameter) in [weight, bias].enumerated() {
        guard let parameter else { continue }
        guard parameter.shape == [channels] else {
          throw ArgumentProblem("weight and bias must be [\(channels)], got \(parameter.shape)")
        }
        let spread = try parameter.reshaped(
          to: [1, channels] + Array(repeating: 1, count: x.rank - 2))
        y = number == 0 ? try y * spread : try y + spread
      }
      return y
    }
    .example(
      "mg.tensor {{{{-1, 1}}}}:group_norm(1, nil, nil, 0)",
      "tensor [1, 1, 1, 2] float32 {{{{-1, 1}}}}"
    )
    .mistake(
      "mg.zeros(1, 4, 2, 2):group_norm(3)",
      "group_norm: groups must divide the channels of [1, 4, 2, 2], got 3"),
    LuaFunction(
      "gelu", "x · Φ(x), with Φ the normal distribution function: x/2 (1 + erf(x/√2)).",
      Param<Tensor>("x", "any shape"),
      Param<Bool?>(
        "by_tanh",
        "the approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) that some networks use"),
      returns: "same shape as `x`"
    ) { x, byTanh in
      guard byTanh == true else {
        return try x * 0.5 * ((x * 0.5.squareRoot()).erf() + 1)
      }
      let inner = try (x + x.pow(3) * 0.044715) * (2 / Double.pi).squareRoot()
      return try x * 0.5 * (inner.tanh() + 1)
    }
    .example("mg.tensor {0, 2}:gelu()", "tensor [2] float32 {0, 1.9544997}")
    .example("mg.tensor {0, 1, -10}:gelu(true)", "tensor [3] float32 {0, 0.841192, -0}")
    .mistake(
      "mg.gelu(1)",
      "bad argument 'x' to 'gelu': expected a tensor, got 1"),
  ]

  private static let load = LuaFunction(
    "load",
    "Reads the tensors of a .safetensors file that lies beside the plugin or in a folder below it.",
    Param<String>("path", "relative to the plugin's file; no links, no \"..\""),
    Param<LuaCaller>("caller", ""), returns: "a table of tensors by name", access: .function
  ) { path, caller in
    let runtime = caller.runtime
    let bytes = try PluginFiles.read(path, in: runtime.folder, limit: runtime.limits.dataSize)
    let contents = try Safetensors.decode(bytes, path: path)
    runtime.didLoad(data: path)
    var table = LuaTable(fields: contents.tensors.mapValues { .tensor($0) })
    table.isRecord = true
    return LuaValue.table(table)
  }
  .mistake(
    "mg.load('../weights.safetensors')",
    "load: '../weights.safetensors' is not inside the plugin's folder")
}
