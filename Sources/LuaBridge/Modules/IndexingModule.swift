import Engine

/// Elements by number, and elements in order.
enum IndexingModule {
  static let functions = picking + ordering + running

  private static let picking = [
    LuaFunction(
      "index_select", "Takes whole slices along an axis, in any order and number.",
      Param<Tensor>("x", "any shape"), Param<Axis>("axis", ""),
      Param<Indices>("indices", "{3, 1, 1} or a tensor [K]; from 1, negative from the end"),
      returns: "`x`, of size K there"
    ) { x, axis, indices in
      let axis = try axis.index(rank: x.rank)
      let places = try indices.tensor(within: x.shape[axis], axis: axis)
      return try x.selected(axis: axis, indices: places, origin: 1)
    }
    .example(
      "mg.tensor {10, 20, 30}:index_select(1, {3, 1, -1})", "tensor [3] float32 {30, 10, 30}"
    )
    .mistake(
      "mg.zeros(3):index_select(1, {4})",
      "index_select: index 4 is out of range 1…3 on axis 1"),
    LuaFunction(
      "gather",
      "Takes elements along an axis, each by a number of its own: y[i, j] = x[i, indices[i, j]].",
      Param<Tensor>("x", "any shape"), Param<Axis>("axis", ""),
      Param<Indices>(
        "indices", "as many axes as `x`; other axes are broadcast; from 1, negative from the end"),
      returns: "the shape of `indices`, broadcast"
    ) { x, axis, indices in
      let axis = try axis.index(rank: x.rank)
      let places = try indices.tensor(within: x.shape[axis], axis: axis)
      return try x.gathered(axis: axis, indices: places, origin: 1)
    }
    .example(
      "mg.tensor {{10, 20}, {30, 40}}:gather(2, mg.tensor {{2}, {1}})",
      "tensor [2, 1] float32 {{20}, {30}}"
    )
    .mistake(
      "mg.zeros(2, 2):gather(1, {1})",
      "gather: shapes [2, 2] and [1] do not fit together"),
    LuaFunction(
      "scatter_add",
      "Adds elements up at the places their numbers name, on zeros: the adjoint of gather.",
      Param<Tensor>("x", "any shape"), Param<Axis>("axis", ""),
      Param<Indices>("indices", "broadcasts to the shape of `x`; from 1, negative from the end"),
      Param<Int>("size", "size of the result along the axis"), returns: "`x`, of that size there"
    ) { x, axis, indices, size in
      let axis = try axis.index(rank: x.rank)
      var sizes = x.shape.dimensions
      sizes[axis] = size
      _ = try Sizes(dimensions: sizes).shape("scatter_add")
      let places = try indices.tensor(within: size, axis: axis)
      return try x.scatterAdded(axis: axis, indices: places, size: size, origin: 1)
    }
    .example("mg.tensor {1, 2, 3}:scatter_add(1, {2, 1, 2}, 4)", "tensor [4] float32 {2, 4, 0, 0}")
    .mistake(
      "mg.ones(2):scatter_add(1, {1, 5}, 4)",
      "scatter_add: index 5 is out of range 1…4 on axis 1"),
  ]

  private static let ordering = [
    LuaFunction(
      "sort", "The elements in order along an axis. NaN counts as the largest.",
      Param<Tensor>("x", "at least one axis"), Param<Axis?>("axis", "default the last"),
      Param<Bool?>("descending", "largest first"), returns: "same shape as `x`"
    ) { x, axis, descending in
      try x.sorted(axis: last(axis, x), descending: descending ?? false)
    }
    .example("mg.tensor {3, 1, 2}:sort()", "tensor [3] float32 {1, 2, 3}")
    .example(
      "mg.grad((x:sort() * mg.arange(3)):sum(), x)", "tensor [3] float32 {3, 1, 2}",
      after: "local x = mg.tensor {3, 1, 2}"
    )
    .mistake(
      "mg.zeros(3):sort(2)",
      "sort: axis 2 is out of range for a tensor of 1 axes"),
    LuaFunction(
      "argsort", "The numbers of the elements in order along an axis; equal ones keep theirs.",
      Param<Tensor>("x", "at least one axis"), Param<Axis?>("axis", "default the last"),
      Param<Bool?>("descending", "largest first"), returns: "int32, same shape as `x`, from 1"
    ) { x, axis, descending in
      try x.argsort(axis: last(axis, x), descending: descending ?? false) + 1
    }
    .example("mg.tensor {30, 10, 20}:argsort()", "tensor [3] int32 {2, 3, 1}")
    .mistake(
      "mg.zeros(3):argsort(0)",
      "argsort: there is no axis 0: axes count from 1"),
    LuaFunction(
      "topk", "The largest elements along an axis, largest first, and their numbers.",
      Param<Tensor>("x", "at least one axis"), Param<Int>("count", "how many"),
      Param<Axis?>("axis", "default the last"), Param<Bool?>("smallest", "the smallest instead"),
      returns: "values, and int32 numbers from 1: `x`, of size `count` there"
    ) { x, count, axis, smallest in
      let top = try x.top(count, axis: last(axis, x), smallest: smallest ?? false)
      return [top.values, try top.indices + 1]
    }
    .example(
      "mg.tensor {3, 1, 2}:topk(2)", "tensor [2] float32 {3, 2}\ttensor [2] int32 {1, 3}"
    )
    .mistake("mg.zeros(2):topk(3)", "topk: count must be between 0 and 2, got 3"),
    arg("argmax", "largest", "tensor [] int32 1") { try $0.argmax(axis: $1, keepDims: $2) },
    arg("argmin", "smallest", "tensor [] int32 2") { try $0.argmin(axis: $1, keepDims: $2) },
  ]

  private static func arg(
    _ name: String, _ which: String, _ output: String,
    _ body: @escaping @Sendable (Tensor, Int, Bool) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, "The number of the \(which) element along an axis: the first among equals.",
      Param<Tensor>("x", "at least one axis"), Param<Axis?>("axis", "default the last"),
      Param<Bool?>("keepdims", "keep the axis, with size 1"),
      returns: "int32, `x` without that axis, from 1"
    ) { x, axis, keepDims in try body(x, last(axis, x), keepDims ?? false) + 1 }
    .example("mg.tensor {3, 1, 2}:\(name)()", output)
    .mistake("mg.zeros(0):\(name)()", "\(name): invalid shape [0]: there is no element to pick")
  }

  private static func running(
    _ name: String, _ what: String, _ output: String,
    _ body: @escaping @Sendable (Tensor, Int) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, "The \(what) of each element and all before it, along an axis.",
      Param<Tensor>("x", "at least one axis"), Param<Axis?>("axis", "default the last"),
      returns: "same shape as `x`"
    ) { x, axis in try body(x, last(axis, x)) }
    .example("mg.tensor {1, 2, 4}:\(name)()", output)
    .mistake("mg.zeros(3):\(name)(2)", "\(name): axis 2 is out of range for a tensor of 1 axes")
  }

  private static let running = [
    running("cumsum", "sum", "tensor [3] float32 {1, 3, 7}") { try $0.cumulativeSum(axis: $1) },
    running("cumprod", "product", "tensor [3] float32 {1, 2, 8}") {
      try $0.cumulativeProduct(axis: $1)
    },
  ]

  /// The axis meant, 0-based; the last where none is named.
  private static func last(_ axis: Axis?, _ x: Tensor) throws(ArgumentProblem) -> Int {
    try (axis ?? Axis(number: -1)).index(rank: x.rank)
  }
}
