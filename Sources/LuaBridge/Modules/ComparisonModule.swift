import Engine

/// Element-wise comparison and choice.
enum ComparisonModule {
  private static func compare(
    _ name: String, _ sign: String, _ output: String,
    _ body: @escaping @Sendable (Tensor, Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, "a \(sign) b, element by element.", Param<Operand>("a", "tensor or number"),
      Param<Operand>("b", "tensor or number"), returns: "a bool tensor of the common shape"
    ) { a, b in try body(a.tensor(like: b), b.tensor(like: a)) }
    .example("mg.tensor {1, 2, 3}:\(name)(2)", "tensor [3] bool \(output)")
    .mistake("mg.zeros(2):\(name)(mg.zeros(3))", "\(name): shapes [2] and [3] do not fit together")
  }

  static let functions = [
    compare("lt", "<", "{true, false, false}") { try $0.isLess(than: $1) },
    compare("le", "<=", "{true, true, false}") { try $0.isLessOrEqual(to: $1) },
    compare("gt", ">", "{false, false, true}") { try $0.isGreater(than: $1) },
    compare("ge", ">=", "{false, true, true}") { try $0.isGreaterOrEqual(to: $1) },
    compare("eq", "==", "{false, true, false}") { try $0.isEqual(to: $1) },
    compare("ne", "~=", "{true, false, true}") { try $0.isNotEqual(to: $1) },
    LuaFunction(
      "logical_not", "True where x is false.", Param<Tensor>("x", "bool"),
      returns: "same shape as `x`"
    ) { x in try x.logicalNot() }
    .example("mg.tensor {true, false}:logical_not()", "tensor [2] bool {false, true}")
    .mistake(
      "mg.logical_not(true)",
      "bad argument 'x' to 'logical_not': expected a tensor, got boolean"),
    LuaFunction(
      "logical_and", "True where both are.", Param<Tensor>("a", "bool"), Param<Tensor>("b", "bool"),
      returns: "the common shape"
    ) { a, b in try a.logicalAnd(b) }
    .example(
      "x:gt(1):logical_and(x:lt(3))", "tensor [3] bool {false, true, false}",
      after: "local x = mg.arange(3)"
    )
    .mistake(
      "mg.logical_and(mg.zeros(2), mg.zeros(3))",
      "logical_and: shapes [2] and [3] do not fit together"),
    LuaFunction(
      "logical_or", "True where one of them is.", Param<Tensor>("a", "bool"),
      Param<Tensor>("b", "bool"),
      returns: "the common shape"
    ) { a, b in try a.logicalOr(b) }
    .example(
      "x:lt(2):logical_or(x:gt(2))", "tensor [3] bool {true, false, true}",
      after: "local x = mg.arange(3)"
    )
    .mistake(
      "mg.logical_or(mg.zeros(2), 1)",
      "bad argument 'b' to 'logical_or': expected a tensor, got 1"),
    LuaFunction(
      "isnan", "True where x is not a number.", Param<Tensor>("x", "any shape"),
      returns: "bool, same shape as `x`"
    ) { x in try x.isNotEqual(to: x) }
    .example("(mg.tensor {0, 1} / 0):isnan()", "tensor [2] bool {true, false}")
    .mistake(
      "mg.isnan(1)",
      "bad argument 'x' to 'isnan': expected a tensor, got 1"),
    LuaFunction(
      "isfinite", "True where x is a number and not infinite.", Param<Tensor>("x", "any shape"),
      returns: "bool, same shape as `x`"
    ) { x in try x.abs().isLess(than: .infinity) }
    .example(
      "(mg.tensor {0, 1, 2} / mg.tensor {0, 0, 2}):isfinite()",
      "tensor [3] bool {false, false, true}"
    )
    .mistake(
      "mg.isfinite('a')",
      "bad argument 'x' to 'isfinite': expected a tensor, got \"a\""),
    LuaFunction(
      "where", "a where the mask is true, b elsewhere.", Param<Tensor>("mask", "bool"),
      Param<Operand>("a", "tensor or number"), Param<Operand>("b", "tensor or number"),
      returns: "the common shape"
    ) { mask, a, b in try Tensor.select(mask, a.tensor(like: b), b.tensor(like: a)) }
    .example(
      "mg.where(x:gt(2), x, 0)", "tensor [3] float32 {0, 0, 3}", after: "local x = mg.arange(3)"
    )
    .mistake(
      "mg.where(mg.tensor {true, false}, mg.zeros(2), mg.zeros(3))",
      "where: shapes [2] and [3] do not fit together"),
  ]
}
