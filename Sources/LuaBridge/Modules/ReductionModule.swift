import Engine

/// Many elements into one.
enum ReductionModule {
  private static func reduce(
    _ name: String, _ summary: String, _ output: String, access: LuaFunction.Access = .everywhere,
    _ body: @escaping @Sendable (Tensor, _ axes: [Int]?, _ keepDims: Bool) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Tensor>("x", "any shape"),
      Param<Axes>(
        "axes", "2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there"),
      Param<Bool?>("keepdims", "keep the axes, with size 1"),
      returns: "`x` without those axes", access: access
    ) { x, axes, keepDims in
      try body(x, axes.indices(rank: x.rank), keepDims ?? axes.keepDims ?? false)
    }
    .example("mg.tensor {{1, 2}, {3, 5}}:\(name)(2)", output)
    .mistake("mg.zeros(2):\(name)(2)", "\(name): axis 2 is out of range for a tensor of 1 axes")
  }

  static let functions = [
    reduce("sum", "The sum.", "tensor [2] float32 {3, 8}") { try $0.sum($1, keepDims: $2) }
      .example("mg.ones(2, 3):sum {2, keepdims = true}", "tensor [2, 1] float32 {{3}, {3}}"),
    reduce("mean", "The mean.", "tensor [2] float32 {1.5, 4}") { try $0.mean($1, keepDims: $2) },
    reduce(
      "prod", "The product; its gradient is right where elements are 0.",
      "tensor [2] float32 {2, 15}"
    ) { try $0.product($1, keepDims: $2) },
    reduce(
      "max", "The largest element; elements that tie share the gradient.",
      "tensor [2] float32 {2, 5}"
    ) {
      try $0.max($1, keepDims: $2)
    },
    reduce(
      "min", "The smallest element; elements that tie share the gradient.",
      "tensor [2] float32 {1, 3}"
    ) {
      try $0.min($1, keepDims: $2)
    },
    reduce(
      "var", "The variance, divided by the number of elements.", "tensor [2] float32 {0.25, 1}"
    ) { try $0.variance($1, keepDims: $2) },
    reduce(
      "std",
      "The standard deviation: the root of var. Its gradient where all elements are equal is 0.",
      "tensor [2] float32 {0.5, 1}"
    ) { try $0.standardDeviation($1, keepDims: $2) },
    reduce("any", "Whether some element is true or not 0.", "tensor [2] bool {true, true}") {
      try $0.any($1, keepDims: $2)
    },
    // `mg.all` joins constraints.
    reduce(
      "all", "Whether every element is true or not 0.", "tensor [2] bool {true, true}",
      access: .method
    ) {
      try $0.all($1, keepDims: $2)
    },
    reduce(
      "median", "The element in the middle of the order; of an even number the mean of two.",
      "tensor [2] float32 {1.5, 4}"
    ) { try $0.median($1, keepDims: $2) },
    LuaFunction(
      "quantile",
      "The number below which a share q of the elements lies, linear between neighbours in order.",
      Param<Tensor>("x", "any shape"), Param<Double>("q", "0 smallest, 0.5 median, 1 largest"),
      Param<Axes>("axes", "2, {2, 3, 4}, or nothing for all"),
      Param<Bool?>("keepdims", "keep the axes, with size 1"), returns: "`x` without those axes"
    ) { x, q, axes, keepDims in
      try x.quantile(q, axes.indices(rank: x.rank), keepDims: keepDims ?? axes.keepDims ?? false)
    }
    .example("mg.tensor {4, 1, 2, 3, 5}:quantile(0.25)", "tensor [] float32 2")
    .mistake(
      "mg.zeros(2):quantile(25)",
      "quantile: q must be 0…1, got 25.0"),
    LuaFunction(
      "norm",
      "The square root of the sum of squares, or another norm; its gradient at 0 is 0.",
      Param<Tensor>("x", "any shape"),
      Param<Axes>("axes", "2, {2, 3, 4}, or nothing for all"),
      Param<Bool?>("keepdims", "keep the axes, with size 1"),
      Param<Double?>(
        "order",
        "default 2; 1: sum of absolute values; math.huge: the largest; p > 0: Σ|x|^p to 1/p"),
      returns: "`x` without those axes"
    ) { x, axes, keepDims, order in
      try x.norm(
        order: order ?? 2, axes.indices(rank: x.rank), keepDims: keepDims ?? axes.keepDims ?? false)
    }
    .example("mg.tensor {3, -4}:norm()", "tensor [] float32 5")
    .example(
      "x:norm(1, false, 1), x:norm(1, false, math.huge)",
      "tensor [] float32 7\ttensor [] float32 4", after: "local x = mg.tensor {3, -4}"
    )
    .mistake(
      "mg.zeros(2):norm(1, false, 0)",
      "norm: order must be a number above 0, got 0.0"),
    LuaFunction(
      "softmax", "exp(x), divided by its sum along an axis.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", ""), returns: "same shape as `x`"
    ) { x, axis in try x.softmax(axis: axis.index(rank: x.rank)) }
    .example("mg.zeros(4):softmax(1)", "tensor [4] float32 {0.25, 0.25, 0.25, 0.25}")
    .mistake(
      "mg.zeros(4):softmax()",
      "bad argument 'axis' to 'softmax': expected an integer, got nothing"),
    LuaFunction(
      "logsumexp", "The logarithm of the sum of exp(x) along an axis, without overflow.",
      Param<Tensor>("x", "any shape"), Param<Axis>("axis", ""), returns: "`x` without that axis"
    ) { x, axis in try x.logSumExp(axis: axis.index(rank: x.rank)) }
    .example("mg.tensor {1000, 0}:logsumexp(1)", "tensor [] float32 1000")
    .mistake(
      "mg.zeros(4):logsumexp(2)",
      "logsumexp: axis 2 is out of range for a tensor of 1 axes"),
    LuaFunction(
      "item", "The only element, as a Lua number.", Param<Tensor>("x", "one element"),
      returns: "a number", access: .method
    ) { x in
      try reading("item", x)
      return try x.item()
    }
    .example("mg.tensor {1, 2}:sum():item() + 1", "4.0")
    .mistake("mg.zeros(2):item()", "item: tensor must be one element, got shape [2]"),
    LuaFunction(
      "tolist", "The values as nested Lua tables.", Param<Tensor>("x", "any shape"),
      returns: "tables as deep as `x` has axes", access: .method
    ) { x in
      try reading("tolist", x)
      return try TensorText.list(x)
    }
    .example("#mg.tensor {1, 2}:tolist(), mg.tensor {1, 2}:tolist()[2]", "2\t2.0")
    .mistake(
      "mg.zeros(2000, 2000):tolist()",
      "tolist: 4000000 values are too many for a table"),
  ]

  /// Says in Lua's words why a value cannot be read while a computation is only being built.
  private static func reading(_ name: String, _ x: Tensor) throws {
    do throws(EngineError) {
      _ = try x.storage()
    } catch {
      // What went wrong while computing goes by its own name, not by that of the reader.
      guard case .unboundPlaceholder(let input) = error else { throw LuaError.wrapping(error) }
      throw LuaError(
        .argument,
        "\(name): the numbers are not known here: they depend on '\(input)', of which only shape and dtype are",
        underlying: error)
    }
  }
}
