import Engine

/// Gradients.
enum DifferentiationModule {
  static let functions = [
    LuaFunction(
      "grad", "The gradient of a scalar: of y, made from x; or of f(x), for a function f.",
      Param<LuaValue>("y", "a tensor with one element, or a function that returns one"),
      Param<Tensors>("x", "a tensor or a table of tensors"),
      returns: "for each x a tensor of its shape", access: .function
    ) { y, x in
      let value = try evaluate(y, at: x.tensors)
      guard value.count == 1 else {
        throw ArgumentProblem(
          "y must have one element, got shape \(value.shape)", hint: "sum over it, or use mg.vjp")
      }
      return try gradient(of: value.reshaped(to: []), withRespectTo: x.tensors)
    },
    LuaFunction(
      "vjp", "The vector-Jacobian product: the gradient of the sum of v * y.",
      Param<LuaValue>("y", "a tensor made from x, or a function of x"),
      Param<Tensors>("x", "a tensor or a table of tensors"), Param<Tensor>("v", "same shape as y"),
      returns: "for each x a tensor of its shape", access: .function
    ) { y, x, v in
      try vjp(of: evaluate(y, at: x.tensors), cotangent: v, withRespectTo: x.tensors)
    },
    LuaFunction(
      "stop_gradient", "The same values, taken for constants by gradients.",
      Param<Tensor>("x", "any shape"), returns: "same shape as `x`"
    ) { x in try x.stoppingGradient() },
    LuaFunction(
      "custom", "A value that carries its own gradient.",
      Param<LuaTable>(
        "definition",
        "value: a tensor; inputs: the tensors it depends on; vjp: function(v) that gets the gradient with "
          + "respect to the value and returns one tensor for each input"),
      returns: "the value", access: .function, body: custom),
  ]

  private static func evaluate(_ y: LuaValue, at x: [Tensor]) throws -> Tensor {
    switch y {
    case .tensor(let tensor): return tensor
    case .function(let function):
      let results = try function.call(x.map { .tensor($0) })
      guard let tensor = results.first?.tensor else {
        throw ArgumentProblem(
          "the function must return a tensor, got \(results.first?.typeName ?? "nothing")")
      }
      return tensor
    default: throw ArgumentProblem("y must be a tensor or a function, got \(y.typeName)")
    }
  }

  @Sendable private static func custom(_ table: LuaTable) throws -> Tensor {
    let keys = ["value", "inputs", "vjp"]
    for key in table.fields.keys.sorted() where !keys.contains(key) {
      throw ArgumentProblem("unknown field '\(key)'" + NearestName.suggestion(key, in: keys))
    }
    guard let value = table["value"].tensor else {
      throw ArgumentProblem("'value' must be a tensor, got \(table["value"].typeName)")
    }
    guard let inputs = Tensors.convert(table["inputs"])?.tensors else {
      throw ArgumentProblem("'inputs' must be a table of tensors, got \(table["inputs"].typeName)")
    }
    guard case .function(let rule) = table["vjp"] else {
      throw ArgumentProblem("'vjp' must be a function, got \(table["vjp"].typeName)")
    }
    // The rule keeps shapes, not tensors: a chain of such values must not hold itself together.
    let shapes = inputs.map(\.shape)
    return try customGradient(value: value, inputs: inputs) { cotangent in
      try gradients(for: shapes, by: rule, cotangent)
    }
  }

  /// Asks the script for the gradients and checks what it returns.
  private static func gradients(
    for shapes: [Shape], by rule: LuaFunctionReference, _ cotangent: Tensor
  ) throws -> [Tensor] {
    let results = try rule.call([.tensor(cotangent)])
    guard results.count == shapes.count else {
      throw problem(
        rule, "must return \(shapes.count) tensors, one for each input, got \(results.count)")
    }
    return try zip(shapes, results).enumerated().map { index, pair in
      guard let gradient = pair.1.tensor else {
        throw problem(rule, "must return tensors, got \(pair.1.typeName) for input \(index + 1)")
      }
      guard gradient.shape == pair.0 else {
        throw problem(
          rule, "must return shape \(pair.0) for input \(index + 1), got \(gradient.shape)")
      }
      return gradient
    }
  }

  private static func problem(_ rule: LuaFunctionReference, _ text: String) -> LuaError {
    LuaError(.result, "vjp \(text)", file: rule.file, line: rule.line)
  }
}
