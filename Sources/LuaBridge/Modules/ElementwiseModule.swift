import Engine
import Foundation

/// Arithmetic and functions of one element.
enum ElementwiseModule {
  private static func unary(
    _ name: String, _ summary: String, at values: String, _ output: String,
    _ body: @escaping @Sendable (Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Tensor>("x", "any shape"), returns: "same shape as `x`", body: body
    )
    .example("mg.tensor {\(values)}:\(name)()", "tensor [2] float32 {\(output)}")
    .mistake("mg.\(name)('1')", "bad argument 'x' to '\(name)': expected a tensor, got \"1\"")
  }

  private static func binary(
    _ name: String, _ summary: String, _ call: String, _ output: String,
    _ body: @escaping @Sendable (Tensor, Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Operand>("a", "tensor or number"),
      Param<Operand>("b", "tensor or number; shapes are broadcast as in NumPy"),
      returns: "the common shape"
    ) { a, b in try body(a.tensor(like: b), b.tensor(like: a)) }
    .example(call, output)
    .mistake(
      "mg.\(name)(mg.zeros(2), mg.zeros(3))", "\(name): shapes [2] and [3] do not fit together")
  }

  static let functions = arithmetic + unaries + others

  private static let arithmetic = [
    binary("add", "a + b", "mg.tensor {1, 2} + 1", "tensor [2] float32 {2, 3}") { try $0 + $1 },
    binary("sub", "a - b", "1 - mg.tensor {1, 2}", "tensor [2] float32 {0, -1}") { try $0 - $1 },
    binary(
      "mul", "a * b, element by element", "mg.tensor {1, 2} * mg.tensor {3, 4}",
      "tensor [2] float32 {3, 8}"
    ) { try $0 * $1 },
    binary("div", "a / b", "mg.tensor {1, 2} / 4", "tensor [2] float32 {0.25, 0.5}") {
      try $0 / $1
    },
    binary(
      "mod",
      "a % b: what remains of a after floor_div, with the sign of b; exact for int32. Its gradient takes the quotient for a constant.",
      "mg.tensor {5, -5} % 3", "tensor [2] float32 {2, 1}"
    ) { try $0.remainder($1) },
    binary(
      "floor_div", "a // b: the quotient, rounded down; exact for int32. Without gradient.",
      "mg.tensor {5, -5} // 3", "tensor [2] float32 {1, -2}"
    ) { try $0.floorDivided(by: $1) },
    binary(
      "atan2", "The angle of the point (b, a) in radians, -π…π; without gradient at (0, 0).",
      "mg.tensor {1, 0}:atan2(mg.tensor {0, -1})", "tensor [2] float32 {1.5707964, 3.1415927}"
    ) { try $0.atan2($1) },
    binary(
      "maximum", "The larger of a and b.", "mg.tensor {1, 5}:maximum(3)",
      "tensor [2] float32 {3, 5}"
    ) { try $0.maximum($1) },
    binary(
      "minimum", "The smaller of a and b.", "mg.tensor {1, 5}:minimum(3)",
      "tensor [2] float32 {1, 3}"
    ) { try $0.minimum($1) },
    LuaFunction(
      "pow", "a ^ b", Param<Operand>("a", "tensor or number"),
      Param<Operand>("b", "tensor or number"),
      returns: "the common shape"
    ) { a, b in
      if case .number(let exponent) = b { return try a.tensor(like: b).pow(exponent) }
      return try a.tensor(like: b).pow(b.tensor(like: a))
    }
    .example("mg.tensor {1, 2, 3} ^ 2", "tensor [3] float32 {1, 4, 9}")
    .mistake(
      "mg.zeros(2) ^ nil",
      "bad argument 'b' to 'pow': expected a tensor or a number, got nil"),
  ]

  private static let unaries = [
    unary("neg", "-x", at: "1, -2", "-1, 2") { try $0.negated() },
    unary("abs", "The absolute value; its gradient at 0 is 0.", at: "-3, 4", "3, 4") {
      try $0.abs()
    },
    unary("sign", "-1, 0 or 1.", at: "-3, 0", "-1, 0") { try $0.sign() },
    unary("exp", "e to the power x.", at: "0, 1", "1, 2.7182817") { try $0.exp() },
    unary("log", "The natural logarithm.", at: "1, 2", "0, 0.6931472") { try $0.log() },
    unary("log2", "The logarithm to base 2.", at: "1, 8", "0, 3") {
      try $0.log() * (1 / log(2))
    },
    unary("log10", "The logarithm to base 10.", at: "1, 100", "0, 2") {
      try $0.log() * (1 / log(10))
    },
    unary("log1p", "log(1 + x), exact near 0.", at: "0, 1", "0, 0.6931472") { try $0.log1p() },
    unary(
      "sqrt", "The square root; its gradient at 0 is infinite: `norm` is safe there.", at: "4, 9",
      "2, 3"
    ) { try $0.sqrt() },
    unary("square", "x * x", at: "2, -3", "4, 9") { try $0.square() },
    unary("reciprocal", "1 / x", at: "2, 4", "0.5, 0.25") { try $0.reciprocal() },
    unary("sin", "The sine, of radians.", at: "0, 1", "0, 0.84147096") { try $0.sin() },
    unary("cos", "The cosine, of radians.", at: "0, 1", "1, 0.5403023") { try $0.cos() },
    unary("tan", "The tangent, of radians.", at: "0, 1", "0, 1.5574077") {
      try $0.sin() / $0.cos()
    },
    unary("tanh", "The hyperbolic tangent.", at: "0, 50", "0, 1") { try $0.tanh() },
    unary("sigmoid", "1 / (1 + exp(-x))", at: "0, 50", "0.5, 1") { try $0.sigmoid() },
    unary(
      "softplus", "log(1 + exp(x)), evaluated without overflow.", at: "-500, 500", "0, 500"
    ) {
      try $0.softplus()
    },
    unary("relu", "max(x, 0)", at: "-1, 2", "0, 2") { try $0.relu() },
    unary("swish", "x * sigmoid(x), also called SiLU", at: "0, 50", "0, 50") { try $0.swish() },
    unary("floor", "The largest integer not above x; without gradient.", at: "1.5, -1.5", "1, -2") {
      try $0.floor()
    },
    unary(
      "round", "The nearest integer, the even one of two; without gradient.", at: "1.5, -0.5",
      "2, -0"
    ) { try $0.rounded() },
    unary("erf", "The error function, 2/√π ∫ exp(-t²) dt from 0 to x.", at: "0, 1", "0, 0.8427008")
    {
      try $0.erf()
    },
    unary("ceil", "The smallest integer not below x; without gradient.", at: "1.5, -1.5", "2, -1") {
      try -((-$0).floor())
    },
  ]

  private static let others = [
    LuaFunction(
      "leaky_relu", "x where positive, slope * x elsewhere.", Param<Tensor>("x", "any shape"),
      Param<Double?>("slope", "default 0.2"), returns: "same shape as `x`"
    ) { x, slope in try x.leakyReLU(slope: slope ?? 0.2) }
    .example("mg.tensor {-1, 2}:leaky_relu(0.5)", "tensor [2] float32 {-0.5, 2}")
    .mistake(
      "mg.leaky_relu(-1)",
      "bad argument 'x' to 'leaky_relu': expected a tensor, got -1"),
    LuaFunction(
      "clamp", "Limits every element to lo … hi.", Param<Tensor>("x", "any shape"),
      Param<Double?>("lo", "lower bound; nil for none"),
      Param<Double?>("hi", "upper bound; nil for none"), returns: "same shape as `x`"
    ) { x, lo, hi in
      guard lo.map({ low in hi.map { low <= $0 } ?? true }) ?? true else {
        throw ArgumentProblem("lo must not be above hi")
      }
      return try x.clamped(min: lo, max: hi)
    }
    .example("mg.tensor {-2, 0, 3}:clamp(-1, 1)", "tensor [3] float32 {-1, 0, 1}")
    .mistake("mg.zeros(2):clamp(1, 0)", "clamp: lo must not be above hi"),
    LuaFunction(
      "to", "The same values in another dtype.", Param<Tensor>("x", "any shape"),
      Param<DType>("dtype", ""), returns: "same shape as `x`", access: .method
    ) { x, dtype in try x.cast(to: dtype) }
    .example("mg.tensor {1.5, -1.5}:to('int32')", "tensor [2] int32 {1, -1}")
    .mistake(
      "mg.zeros(2):to('float16')",
      "bad argument 'dtype' to 'to': expected a dtype (\"float32\", \"float64\", \"int32\", \"bool\"), got \"float16\""
    ),
  ]
}
