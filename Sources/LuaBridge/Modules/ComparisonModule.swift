import Engine

/// Element-wise comparison and choice.
enum ComparisonModule {
  private static func compare(
    _ name: String, _ sign: String, _ body: @escaping @Sendable (Tensor, Tensor) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, "a \(sign) b, element by element.", Param<Operand>("a", "tensor or number"),
      Param<Operand>("b", "tensor or number"), returns: "a bool tensor of the common shape"
    ) { a, b in try body(a.tensor(like: b), b.tensor(like: a)) }
  }

  static let functions = [
    compare("lt", "<") { try $0.isLess(than: $1) },
    compare("le", "<=") { try $0.isLessOrEqual(to: $1) },
    compare("gt", ">") { try $0.isGreater(than: $1) },
    compare("ge", ">=") { try $0.isGreaterOrEqual(to: $1) },
    compare("eq", "==") { try $0.isEqual(to: $1) },
    compare("ne", "~=") { try $0.isNotEqual(to: $1) },
    LuaFunction(
      "logical_not", "True where x is false.", Param<Tensor>("x", "bool"),
      returns: "same shape as `x`"
    ) { x in try x.logicalNot() },
    LuaFunction(
      "logical_and", "True where both are.", Param<Tensor>("a", "bool"), Param<Tensor>("b", "bool"),
      returns: "the common shape"
    ) { a, b in try a.logicalAnd(b) },
    LuaFunction(
      "logical_or", "True where one of them is.", Param<Tensor>("a", "bool"),
      Param<Tensor>("b", "bool"),
      returns: "the common shape"
    ) { a, b in try a.logicalOr(b) },
    LuaFunction(
      "where", "a where the mask is true, b elsewhere.", Param<Tensor>("mask", "bool"),
      Param<Operand>("a", "tensor or number"), Param<Operand>("b", "tensor or number"),
      returns: "the common shape"
    ) { mask, a, b in try Tensor.select(mask, a.tensor(like: b), b.tensor(like: a)) },
  ]
}
