import Engine

/// Gradients.
enum DifferentiationModule {
  static let functions = gradients + iterations

  private static let gradients = [
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
    }
    .example(
      "mg.grad((x ^ 2):sum(), x)", "tensor [2] float32 {2, 4}", after: "local x = mg.tensor {1, 2}"
    )
    .example(
      "mg.grad(function(v) return mg.grad(function(w) return (w ^ 3):sum() end, v):sum() end, mg.tensor {3})",
      "tensor [1] float32 {18}"
    )
    .mistake(
      "mg.grad(x * 2, x)", "grad: y must have one element, got shape [2]",
      after: "local x = mg.tensor {1, 2}"),
    LuaFunction(
      "value_and_grad", "f(x) and its gradient, at once.",
      Param<LuaFunctionReference>("f", "a function of x that returns a tensor with one element"),
      Param<Tensors>("x", "a tensor or a table of tensors"),
      returns: "the value, and for each x a tensor of its shape", access: .function
    ) { f, x in
      let value = try evaluate(.function(f), at: x.tensors)
      guard value.count == 1 else {
        throw ArgumentProblem(
          "f must return one element, got shape \(value.shape)", hint: "sum over it")
      }
      return [value] + (try gradient(of: value.reshaped(to: []), withRespectTo: x.tensors))
    }
    .example(
      "mg.value_and_grad(function(x) return (x ^ 2):sum() end, mg.tensor {1, 2})",
      "tensor [] float32 5\ttensor [2] float32 {2, 4}"
    )
    .mistake(
      "mg.value_and_grad(mg.square, mg.zeros(2))",
      "value_and_grad: f must return one element, got shape [2]"),
    LuaFunction(
      "vjp", "The vector-Jacobian product: the gradient of the sum of v * y.",
      Param<LuaValue>("y", "a tensor made from x, or a function of x"),
      Param<Tensors>("x", "a tensor or a table of tensors"), Param<Tensor>("v", "same shape as y"),
      returns: "for each x a tensor of its shape", access: .function
    ) { y, x, v in
      try vjp(of: evaluate(y, at: x.tensors), cotangent: v, withRespectTo: x.tensors)
    }
    .example(
      "mg.vjp(x * x, x, mg.tensor {1, 10})", "tensor [2] float32 {2, 40}",
      after: "local x = mg.tensor {1, 2}"
    )
    .mistake(
      "mg.vjp(mg.square, mg.zeros(2), mg.zeros(3))",
      "vjp: shapes [2] and [3] do not fit together"),
    LuaFunction(
      "jvp", "The Jacobian-vector product: how f(x) changes when x moves along v.",
      Param<LuaValue>("y", "a tensor made from x, or a function of x"),
      Param<Tensors>("x", "a tensor or a table of tensors"),
      Param<Tensors>("v", "same shapes as x"), returns: "same shape as y", access: .function
    ) { y, x, v in
      try jvp(of: evaluate(y, at: x.tensors), withRespectTo: x.tensors, along: v.tensors)
    }
    .example(
      "mg.jvp(function(x) return x * x end, mg.tensor {1, 2}, mg.tensor {1, 10})",
      "tensor [2] float32 {2, 40}"
    )
    .mistake(
      "mg.jvp(mg.square, mg.zeros(2), mg.zeros(3))",
      "jvp: shapes [2] and [3] do not fit together"),
    LuaFunction(
      "stop_gradient", "The same values, taken for constants by gradients.",
      Param<Tensor>("x", "any shape"), returns: "same shape as `x`"
    ) { x in try x.stoppingGradient() }
    .example(
      "mg.grad((x * x:stop_gradient()):sum(), x)", "tensor [1] float32 {2}",
      after: "local x = mg.tensor {2}"
    )
    .mistake(
      "mg.stop_gradient(1)",
      "bad argument 'x' to 'stop_gradient': expected a tensor, got 1"),
    LuaFunction(
      "custom", "A value that carries its own gradient.",
      Param<LuaTable>(
        "definition",
        "value: a tensor; inputs: the tensors it depends on; vjp: function(v) that gets the gradient with "
          + "respect to the value and returns one tensor for each input"),
      returns: "the value", access: .function, body: custom
    )
    .example(
      "mg.grad(y:sum(), x)", "tensor [1] float32 {100}",
      after: """
        local x = mg.tensor {2}
        local y = mg.custom {value = x * 3, inputs = {x}, vjp = function(v) return v * 100 end}
        """
    )
    .mistake(
      "mg.custom {value = mg.zeros(2), input = {}}",
      "custom: unknown field 'input'; did you mean 'inputs'?"),
  ]

  private static let iterations = [
    LuaFunction(
      "checkpoint",
      "f(x, …), computed again for the gradient instead of kept: less memory, more time.",
      Param<LuaFunctionReference>("f", "a function of tensors that returns one; called once"),
      Param<RemainingTensors>("x", "its arguments"), returns: "what f returns", access: .function
    ) { f, x in
      try checkpoint(x.tensors) { try evaluate(.function(f), at: $0) }
    }
    .example(
      "mg.grad(mg.checkpoint(function(v) return v:exp():sin() end, x):sum(), x)",
      "tensor [1] float32 {0.5403023}", after: "local x = mg.zeros(1)"
    )
    .mistake(
      "mg.checkpoint(function(x) end, mg.zeros(1))",
      "checkpoint: the function must return a tensor, got nothing"),
    LuaFunction(
      "scan", "Applies f again and again: state = f(state, i) for i = 1, …, n.",
      Param<LuaFunctionReference>(
        "f", "function(state, i) that returns the next state, of the same form"),
      Param<LuaValue>("state", "a tensor or a table of tensors: where it begins"),
      Param<Int>("n", "how often; the steps are built one by one"),
      returns: "the last state", access: .function
    ) { f, state, n in
      guard (0...100_000).contains(n) else { throw ArgumentProblem("n must be 0…100000, got \(n)") }
      guard Tensors.convert(state) != nil else {
        throw ArgumentProblem("state must be a tensor or a table of tensors, got \(state.typeName)")
      }
      var state = state
      for i in 0..<n {
        let next = try f.call([state, .integer(i + 1)]).first ?? .nil
        guard form(of: next) == form(of: state) else {
          throw LuaError(
            .result, "step \(i + 1) of scan must return \(text(of: state)), got \(text(of: next))",
            file: f.file, line: f.line)
        }
        state = next
      }
      return state
    }
    .example(
      "mg.scan(function(x, i) return x * i end, mg.tensor {1, 2}, 4)", "tensor [2] float32 {24, 48}"
    )
    .mistake(
      "mg.scan(mg.sum, mg.zeros(2), 4)",
      "step 1 of scan must return float32 [2], got float32 []"),
    LuaFunction(
      "fixed_point",
      "The x with f(x) = x, by iterating f. Its gradient is that of the point (the implicit function theorem), whatever the way to it.",
      Param<LuaFunctionReference>(
        "f", "function(x) that brings points closer together; called once"),
      Param<Tensor>("x", "floating; where the iteration begins"),
      Param<LuaTable?>(
        "options",
        "{tolerance = 1e-6, max_steps = 1000}: how large |f(x) - x| may stay, in its largest element"
      ),
      returns: "same shape as `x`", access: .function
    ) { f, x, table in
      let options = try Options(table, keys: ["tolerance", "max_steps"])
      return try fixedPoint(
        from: x, tolerance: options.read("tolerance", as: Double.self) ?? 1e-6,
        maximumSteps: options.read("max_steps", as: Int.self) ?? 1000
      ) { try evaluate(.function(f), at: [$0]) }
    }
    .example(
      "mg.fixed_point(function(x) return (x + a / x) / 2 end, mg.ones(1))",
      "tensor [1] float32 {3}", after: "local a = mg.tensor {9}"
    )
    .example(
      "mg.grad(mg.fixed_point(function(x) return (x + a / x) / 2 end, mg.ones(1)):sum(), a)",
      "tensor [1] float32 {0.16666667}", after: "local a = mg.tensor {9}"
    )
    .mistake(
      "mg.fixed_point(function(x) return x * 2 end, mg.ones(1), {max_steps = 3}):tolist()",
      "fixed_point: after 3 steps the residual is 4.0, above the tolerance 1e-06"),
  ]

  /// What a state is made of: the shapes and types of its tensors.
  private static func form(of state: LuaValue) -> [String]? {
    Tensors.convert(state)?.tensors.map { "\($0.dtype.rawValue) \($0.shape)" }
  }

  private static func text(of state: LuaValue) -> String {
    form(of: state)?.joined(separator: ", ") ?? state.typeName
  }

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
