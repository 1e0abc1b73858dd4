import Engine

/// Arithmetic and functions of one element.
enum ElementwiseModule {
  private static func unary(
    _ name: String, _ summary: String, _ body: @escaping @Sendable (Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Tensor>("x", "any shape"), returns: "same shape as `x`", body: body)
  }

  private static func binary(
    _ name: String, _ summary: String, _ body: @escaping @Sendable (Tensor, Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Operand>("a", "tensor or number"),
      Param<Operand>("b", "tensor or number; shapes are broadcast as in NumPy"),
      returns: "the common shape"
    ) { a, b in try body(a.tensor(like: b), b.tensor(like: a)) }
  }

  static let functions = arithmetic + unaries + others

  private static let arithmetic = [
    binary("add", "a + b") { try $0 + $1 },
    binary("sub", "a - b") { try $0 - $1 },
    binary("mul", "a * b, element by element") { try $0 * $1 },
    binary("div", "a / b") { try $0 / $1 },
    binary("mod", "a % b: what remains of a after floor_div, with the sign of b") {
      try $0 - ($0 / $1).floor() * $1
    },
    binary("floor_div", "a // b: the quotient, rounded down") { try ($0 / $1).floor() },
    binary("maximum", "The larger of a and b.") { try $0.maximum($1) },
    binary("minimum", "The smaller of a and b.") { try $0.minimum($1) },
    LuaFunction(
      "pow", "a ^ b", Param<Operand>("a", "tensor or number"),
      Param<Operand>("b", "tensor or number"),
      returns: "the common shape"
    ) { a, b in
      if case .number(let exponent) = b { return try a.tensor(like: b).pow(exponent) }
      return try a.tensor(like: b).pow(b.tensor(like: a))
    },
  ]

  private static let unaries = [
    unary("neg", "-x") { try $0.negated() },
    unary("abs", "The absolute value; its gradient at 0 is 0.") { try $0.abs() },
    unary("sign", "-1, 0 or 1.") { try $0.sign() },
    unary("exp", "e to the power x.") { try $0.exp() },
    unary("log", "The natural logarithm.") { try $0.log() },
    unary("log1p", "log(1 + x), exact near 0.") { try $0.log1p() },
    unary("sqrt", "The square root; its gradient at 0 is infinite: `norm` is safe there.") {
      try $0.sqrt()
    },
    unary("square", "x * x") { try $0.square() },
    unary("reciprocal", "1 / x") { try $0.reciprocal() },
    unary("sin", "The sine, of radians.") { try $0.sin() },
    unary("cos", "The cosine, of radians.") { try $0.cos() },
    unary("tanh", "The hyperbolic tangent.") { try $0.tanh() },
    unary("sigmoid", "1 / (1 + exp(-x))") { try $0.sigmoid() },
    unary("softplus", "log(1 + exp(x)), evaluated without overflow.") { try $0.softplus() },
    unary("relu", "max(x, 0)") { try $0.relu() },
    unary("swish", "x * sigmoid(x)") { try $0.swish() },
    unary("floor", "The largest integer not above x; without gradient.") { try $0.floor() },
  ]

  private static let others = [
    LuaFunction(
      "leaky_relu", "x where positive, slope * x elsewhere.", Param<Tensor>("x", "any shape"),
      Param<Double?>("slope", "default 0.2"), returns: "same shape as `x`"
    ) { x, slope in try x.leakyReLU(slope: slope ?? 0.2) },
    LuaFunction(
      "clamp", "Limits every element to lo … hi.", Param<Tensor>("x", "any shape"),
      Param<Double?>("lo", "lower bound; nil for none"),
      Param<Double?>("hi", "upper bound; nil for none"), returns: "same shape as `x`"
    ) { x, lo, hi in
      guard lo.map({ low in hi.map { low <= $0 } ?? true }) ?? true else {
        throw ArgumentProblem("lo must not be above hi")
      }
      return try x.clamped(min: lo, max: hi)
    },
    LuaFunction(
      "to", "The same values in another dtype.", Param<Tensor>("x", "any shape"),
      Param<DType>("dtype", ""), returns: "same shape as `x`", access: .method
    ) { x, dtype in try x.cast(to: dtype) },
  ]
}
