import Engine

/// Many elements into one.
enum ReductionModule {
  private static func reduce(
    _ name: String, _ summary: String,
    _ body: @escaping @Sendable (Tensor, _ axes: [Int]?, _ keepDims: Bool) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Tensor>("x", "any shape"),
      Param<Axes>(
        "axes", "2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there"),
      Param<Bool?>("keepdims", "keep the axes, with size 1"),
      returns: "`x` without those axes"
    ) { x, axes, keepDims in
      try body(x, axes.indices(rank: x.rank), keepDims ?? axes.keepDims ?? false)
    }
  }

  static let functions = [
    reduce("sum", "The sum.") { try $0.sum($1, keepDims: $2) },
    reduce("mean", "The mean.") { try $0.mean($1, keepDims: $2) },
    reduce("max", "The largest element.") { try $0.max($1, keepDims: $2) },
    reduce("min", "The smallest element.") { try $0.min($1, keepDims: $2) },
    reduce("var", "The variance, divided by the number of elements.") {
      try $0.variance($1, keepDims: $2)
    },
    reduce("norm", "The square root of the sum of squares; its gradient at 0 is 0.") {
      try $0.norm($1, keepDims: $2)
    },
    LuaFunction(
      "softmax", "exp(x), divided by its sum along an axis.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", ""), returns: "same shape as `x`"
    ) { x, axis in try x.softmax(axis: axis.index(rank: x.rank)) },
    LuaFunction(
      "logsumexp", "The logarithm of the sum of exp(x) along an axis, without overflow.",
      Param<Tensor>("x", "any shape"), Param<Axis>("axis", ""), returns: "`x` without that axis"
    ) { x, axis in try x.logSumExp(axis: axis.index(rank: x.rank)) },
    LuaFunction(
      "item", "The only element, as a Lua number.", Param<Tensor>("x", "one element"),
      returns: "a number", access: .method
    ) { x in
      try reading("item", x)
      return try x.item()
    },
    LuaFunction(
      "tolist", "The values as nested Lua tables.", Param<Tensor>("x", "any shape"),
      returns: "tables as deep as `x` has axes", access: .method
    ) { x in
      try reading("tolist", x)
      return try TensorText.list(x)
    },
  ]

  /// Says in Lua's words why a value cannot be read while a computation is only being built.
  private static func reading(_ name: String, _ x: Tensor) throws {
    do throws(EngineError) {
      _ = try x.storage()
    } catch {
      guard case .unboundPlaceholder(let input) = error else { throw error }
      throw LuaError(
        .argument,
        "\(name): the numbers are not known here: they depend on '\(input)', of which only shape and dtype are",
        underlying: error)
    }
  }
}
