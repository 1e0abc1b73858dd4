import Engine

/// The blocks a trained network is put together from: functions that hold their weights.
///
/// Each is a Lua closure over the functions of ``NetworkModule``; what can be wrong with the weights is said
/// when the block is made.
enum LayerModule {
  /// What the blocks are: functions of one tensor.
  private struct Layer: LuaResult {
    let function: LuaValue
    static let stubType = "fun(x: moonglass.Tensor): moonglass.Tensor"
    var luaResults: LuaResults { .one(function) }

    /// - Parameters:
    ///   - names: what `source`, the text of a Lua function, calls the values.
    init(
      _ source: String, _ names: [String], _ values: [LuaValue], in runtime: LuaRuntime
    ) throws(LuaError) {
      let chunk = "return function(\(names.joined(separator: ", "))) return \(source) end"
      guard case .function(let maker)? = try runtime.run(chunk, name: "mg").first else {
        throw LuaError(.runtime, "a layer cannot be made")
      }
      function = try maker.call(values).first ?? .nil
    }
  }

  /// The tensors of one layer among the weights of a network.
  private struct Weights {
    let table: LuaTable
    let prefix: String

    init(_ table: LuaTable, _ prefix: String) {
      self.table = table
      self.prefix = prefix.isEmpty ? "" : prefix + "."
    }

    func optional(_ name: String) -> Tensor? { table[prefix + name].tensor }

    func required(_ name: String, rank: Int) throws(ArgumentProblem) -> Tensor {
      guard let tensor = optional(name) else {
        throw ArgumentProblem(
          "there is no '\(prefix + name)' among the weights"
            + NearestName.suggestion(prefix + name, in: table.fields.keys.sorted()))
      }
      guard tensor.rank == rank else {
        throw ArgumentProblem(
          "'\(prefix + name)' must have \(rank) axes, got shape \(tensor.shape)")
      }
      return tensor
    }

    /// One number for each channel; `nil` if the weights have none of that name.
    func perChannel(_ name: String, _ channels: Int) throws(ArgumentProblem) -> LuaValue {
      guard let tensor = optional(name) else { return .nil }
      guard tensor.shape == [channels] else {
        throw ArgumentProblem("'\(prefix + name)' must be [\(channels)], got \(tensor.shape)")
      }
      return .tensor(tensor)
    }
  }

  private static let weightsText =
    "tensors by name, as mg.load gives them; safetensors from PyTorch fit"
  private static let nameText = "the layer's: it has \"NAME.weight\" and, if any, \"NAME.bias\""

  static let functions = [linear, conv2d, convTranspose2d, groupNorm, batchNorm] + structure

  private static let linear = LuaFunction(
    "nn.linear", "A layer x · weightᵀ + bias.", Param<LuaTable>("weights", weightsText),
    Param<String>("name", nameText), Param<LuaCaller>("caller", ""),
    returns: "function(x): […, I] to […, O]", access: .function
  ) { table, name, caller in
    let weights = Weights(table, name)
    let weight = try weights.required("weight", rank: 2)
    return try Layer(
      "function(x) return mg.linear(x, weight, bias) end", ["weight", "bias"],
      [.tensor(weight), weights.perChannel("bias", weight.shape[0])], in: caller.runtime)
  }
  .example(
    "layer(mg.tensor {1, 2})", "tensor [1] float32 {21}",
    after: """
      local weights = {["fc.weight"] = mg.tensor {{3, 4}}, ["fc.bias"] = mg.tensor {10}}
      local layer = mg.nn.linear(weights, "fc")
      """
  )
  .mistake(
    "mg.nn.linear({['fc.weight'] = mg.zeros(2, 2)}, 'fd')",
    "nn.linear: there is no 'fd.weight' among the weights; did you mean 'fc.weight'?")

  private static let conv2d = LuaFunction(
    "nn.conv2d", "A convolution with its weights.", Param<LuaTable>("weights", weightsText),
    Param<String>("name", nameText),
    Param<LuaTable?>(
      "options",
      "{stride = 1, padding = 0, mode = \"zero\"}; mode as of `pad`: what lies outside the image"),
    Param<LuaCaller>("caller", ""), returns: "function(x): [N, C, H, W] to [N, O, …]",
    access: .function
  ) { table, name, settings, caller in
    let weights = Weights(table, name)
    let options = try Options(settings, keys: ["stride", "padding", "mode"])
    let weight = try weights.required("weight", rank: 4)
    let padding = try options.read("padding", as: Int.self) ?? 0
    let mode = try options.read("mode", as: Choice<PaddingMode>.self)?.value ?? .zero
    let input = mode == .zero ? "x" : "x:pad(padding, mode)"
    return try Layer(
      "function(x) return \(input):conv2d(weight, stride, \(mode == .zero ? "padding" : "0"), bias) end",
      ["weight", "bias", "stride", "padding", "mode"],
      [
        .tensor(weight), weights.perChannel("bias", weight.shape[0]),
        .integer(options.read("stride", as: Int.self) ?? 1), .integer(padding),
        .string(mode.rawValue),
      ], in: caller.runtime)
  }
  .example(
    "layer(mg.ones(1, 1, 2, 2))", "tensor [1, 1, 2, 2] float32 {{{{9, 9}, {9, 9}}}}",
    after: """
      local weights = {["conv1.weight"] = mg.ones(1, 1, 3, 3)}
      local layer = mg.nn.conv2d(weights, "conv1", {padding = 1, mode = "circular"})
      """
  )
  .mistake(
    "mg.nn.conv2d({weight = mg.zeros(2, 2)}, '')",
    "nn.conv2d: 'weight' must have 4 axes, got shape [2, 2]")

  private static let convTranspose2d = LuaFunction(
    "nn.conv_transpose2d", "A transposed convolution with its weights: images grow by the stride.",
    Param<LuaTable>("weights", weightsText), Param<String>("name", nameText),
    Param<LuaTable?>("options", "{stride = 1, padding = 0, output_padding = 0}"),
    Param<LuaCaller>("caller", ""), returns: "function(x): [N, O, H, W] to [N, C, …]",
    access: .function
  ) { table, name, settings, caller in
    let weights = Weights(table, name)
    let keys = ["stride", "padding", "output_padding"]
    let options = try Options(settings, keys: keys)
    let weight = try weights.required("weight", rank: 4)
    let numbers = try keys.map { key -> LuaValue in
      .integer(try options.read(key, as: Int.self) ?? (key == "stride" ? 1 : 0))
    }
    return try Layer(
      "function(x) return x:conv_transpose2d(weight, stride, padding, output_padding, bias) end",
      ["weight", "bias"] + keys,
      [.tensor(weight), weights.perChannel("bias", weight.shape[1])] + numbers, in: caller.runtime)
  }
  .example(
    "layer(mg.ones(1, 1, 1, 2))",
    "tensor [1, 1, 2, 4] float32 {{{{1, 1, 1, 1}, {1, 1, 1, 1}}}}",
    after: "local layer = mg.nn.conv_transpose2d({weight = mg.ones(1, 1, 2, 2)}, '', {stride = 2})"
  )
  .mistake(
    "mg.nn.conv_transpose2d({weight = mg.ones(1, 1, 2, 2)}, '', {strides = 2})",
    "nn.conv_transpose2d: unknown option 'strides'; did you mean 'stride'?")

  private static let groupNorm = LuaFunction(
    "nn.group_norm", "Group normalisation with its weights; see `group_norm`.",
    Param<LuaTable>("weights", weightsText), Param<String>("name", nameText),
    Param<Int>("groups", "divides the channels"), Param<Double?>("epsilon", "default 1e-5"),
    Param<LuaCaller>("caller", ""), returns: "function(x): [N, C, …], same shape",
    access: .function
  ) { table, name, groups, epsilon, caller in
    let weights = Weights(table, name)
    let weight = try weights.required("weight", rank: 1)
    guard groups >= 1, weight.count.isMultiple(of: groups) else {
      throw ArgumentProblem("groups must divide the \(weight.count) channels, got \(groups)")
    }
    return try Layer(
      "function(x) return x:group_norm(groups, weight, bias, epsilon) end",
      ["groups", "weight", "bias", "epsilon"],
      [
        .integer(groups), .tensor(weight), weights.perChannel("bias", weight.count),
        .number(epsilon ?? 1e-5),
      ], in: caller.runtime)
  }
  .example(
    "layer(mg.tensor {{{{-1, 1}}}})", "tensor [1, 1, 1, 2] float32 {{{{-3, 3}}}}",
    after: "local layer = mg.nn.group_norm({['norm.weight'] = mg.tensor {3}}, 'norm', 1, 0)"
  )
  .mistake(
    "mg.nn.group_norm({weight = mg.ones(4)}, '', 3)",
    "nn.group_norm: groups must divide the 4 channels, got 3")

  private static let batchNorm = LuaFunction(
    "nn.batch_norm",
    "Batch normalisation as it is after training: by the mean and variance kept with the weights.",
    Param<LuaTable>("weights", weightsText),
    Param<String>(
      "name",
      "the layer's: it has \"NAME.running_mean\", \"NAME.running_var\" and, if any, "
        + "\"NAME.weight\" and \"NAME.bias\""),
    Param<Double?>("epsilon", "added to the variance; default 1e-5"),
    Param<LuaCaller>("caller", ""), returns: "function(x): [N, C, …], same shape",
    access: .function
  ) { table, name, epsilon, caller in
    let weights = Weights(table, name)
    let mean = try weights.required("running_mean", rank: 1)
    let channels = mean.count
    guard case .tensor(let variance) = try weights.perChannel("running_var", channels) else {
      throw ArgumentProblem("there is no '\(weights.prefix)running_var' among the weights")
    }
    // One multiplication and one addition.
    var scale = try 1 / (variance + (epsilon ?? 1e-5)).sqrt()
    if let weight = try weights.perChannel("weight", channels).tensor {
      scale = try scale * weight
    }
    var shift = try -(mean * scale)
    if let bias = try weights.perChannel("bias", channels).tensor { shift = try shift + bias }
    return try Layer(
      """
      function(x)
        local sizes = {1, #scale}
        for i = 3, x.ndim do sizes[i] = 1 end
        return x * scale:reshape(sizes) + shift:reshape(sizes)
      end
      """, ["scale", "shift"], [.tensor(scale), .tensor(shift)], in: caller.runtime)
  }
  .example(
    "layer(mg.tensor {{5}})", "tensor [1, 1] float32 {{2}}",
    after: """
      local weights = {["bn.running_mean"] = mg.tensor {1}, ["bn.running_var"] = mg.tensor {4}}
      local layer = mg.nn.batch_norm(weights, "bn", 0)
      """
  )
  .mistake(
    "mg.nn.batch_norm({running_mean = mg.zeros(2)}, '')",
    "nn.batch_norm: there is no 'running_var' among the weights")

  private static let structure = [
    LuaFunction(
      "nn.sequential", "Layers one after the other.",
      Param<Functions>("layers", "{f, g, …}: layers or any functions of a tensor, such as mg.relu"),
      Param<LuaCaller>("caller", ""), returns: "function(x): … g(f(x))", access: .function
    ) { layers, caller in
      try Layer(
        "function(x) for i = 1, #layers do x = layers[i](x) end return x end", ["layers"],
        [layers.value], in: caller.runtime)
    }
    .example(
      "net(mg.tensor {1, 2})", "tensor [1] float32 {0}",
      after: """
        local weights = {["fc.weight"] = mg.tensor {{3, -4}}}
        local net = mg.nn.sequential {mg.nn.linear(weights, "fc"), mg.relu}
        """
    )
    .mistake(
      "mg.nn.sequential {mg.zeros(2)}",
      "bad argument 'layers' to 'nn.sequential': expected a table of functions, got table"),
    LuaFunction(
      "nn.residual", "A layer beside a connection past it: x + f(x).",
      Param<LuaFunctionReference>("f", "a function that keeps the shape"),
      Param<LuaCaller>("caller", ""), returns: "function(x): same shape", access: .function
    ) { f, caller in
      try Layer("function(x) return x + f(x) end", ["f"], [.function(f)], in: caller.runtime)
    }
    .example("mg.nn.residual(mg.square)(mg.tensor {3})", "tensor [1] float32 {12}")
    .mistake(
      "mg.nn.residual(2)", "bad argument 'f' to 'nn.residual': expected a function, got 2"),
  ]
}

/// A table of functions.
private struct Functions: LuaReadable {
  let value: LuaValue

  static var expectation: String { "a table of functions" }
  static var stubType: String { "(fun(x: moonglass.Tensor): moonglass.Tensor)[]" }

  static func convert(_ value: LuaValue) -> Functions? {
    guard let table = value.table, table.fields.isEmpty, !table.array.isEmpty else { return nil }
    let areFunctions = table.array.allSatisfy { if case .function = $0 { true } else { false } }
    return areFunctions ? Functions(value: value) : nil
  }
}
