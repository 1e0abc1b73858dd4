import Engine

/// Same values, other places.
enum MovementModule {
  static let functions = shapes + positions + joining

  private static let shapes = [
    LuaFunction(
      "reshape", "The same values in another shape, row-major.", Param<Tensor>("x", "any shape"),
      Param<Sizes>("sizes", "{6, -1} or 6, -1; one -1 is worked out"),
      returns: "a tensor of those sizes"
    ) { x, sizes in try x.reshaped(to: sizes.dimensions) }
    .example("mg.arange(6):reshape(2, -1)", "tensor [2, 3] float32 {{1, 2, 3}, {4, 5, 6}}")
    .mistake("mg.arange(6):reshape(4, 2)", "reshape: invalid shape [4, 2]: [6] has 6 elements"),
    LuaFunction(
      "permute", "Puts the axes into another order.", Param<Tensor>("x", "any shape"),
      Param<Sizes>("axes", "the old axis for each new one: {1, 3, 2}"),
      returns: "the axes in that order"
    ) { x, axes in
      guard let order = try Axes(numbers: axes.dimensions, keepDims: nil).indices(rank: x.rank),
        order.count == x.rank
      else { throw ArgumentProblem("\(x.rank) axes are needed, got \(axes.dimensions.count)") }
      return try x.permuted(order)
    }
    .example("mg.tensor {{1, 2, 3}}:permute(2, 1)", "tensor [3, 1] float32 {{1}, {2}, {3}}")
    .mistake("mg.zeros(2, 3):permute(1)", "permute: 2 axes are needed, got 1"),
    LuaFunction(
      "transpose", "Swaps two axes.", Param<Tensor>("x", "at least two axes"),
      Param<Axis?>("a", "default the last but one"), Param<Axis?>("b", "default the last"),
      returns: "[…, B, A]"
    ) { x, a, b in
      var order = Array(0..<x.rank)
      order.swapAt(
        try (a ?? Axis(number: -2)).index(rank: x.rank),
        try (b ?? Axis(number: -1)).index(rank: x.rank))
      return try x.permuted(order)
    }
    .example("mg.tensor {{1, 2}, {3, 4}}:transpose()", "tensor [2, 2] float32 {{1, 3}, {2, 4}}")
    .example("mg.zeros(2, 3, 4):transpose(1, 2).shape[1]", "3")
    .mistake(
      "mg.zeros(3):transpose()",
      "transpose: axis -2 is out of range for a tensor of 1 axes"),
    LuaFunction(
      "broadcast_to", "Repeats axes of size 1, and adds axes in front.",
      Param<Tensor>("x", "any shape"),
      Param<Sizes>("sizes", "the new sizes"), returns: "a tensor of those sizes"
    ) { x, sizes in try x.broadcast(to: try sizes.shape("broadcast_to")) }
    .example("mg.tensor {1, 2}:broadcast_to(2, 2)", "tensor [2, 2] float32 {{1, 2}, {1, 2}}")
    .mistake(
      "mg.zeros(2):broadcast_to(3)",
      "broadcast_to: shapes [2] and [3] do not fit together"),
    LuaFunction(
      "flatten", "Makes one axis of several.", Param<Tensor>("x", "any shape"),
      Param<Axis?>("first", "default 1"), Param<Axis?>("last", "default the last"),
      returns: "those axes as one"
    ) { x, first, last in
      guard x.rank > 0 else { return try x.reshaped(to: [1]) }
      let start = try (first ?? Axis(number: 1)).index(rank: x.rank)
      let end = try (last ?? Axis(number: -1)).index(rank: x.rank)
      guard start <= end else { throw ArgumentProblem("the first axis is behind the last") }
      let sizes = x.shape.dimensions
      let size = sizes[start...end].reduce(1, *)
      return try x.reshaped(to: Array(sizes[..<start]) + [size] + sizes[(end + 1)...])
    }
    .example("mg.tensor {{1, 2}, {3, 4}}:flatten()", "tensor [4] float32 {1, 2, 3, 4}")
    .mistake(
      "mg.zeros(2, 3):flatten(2, 1)",
      "flatten: the first axis is behind the last"),
    LuaFunction(
      "unsqueeze", "Adds an axis of size 1.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", "where the new axis will be"), returns: "one axis more"
    ) { x, axis in try x.expanded(axis: axis.index(rank: x.rank + 1)) }
    .example("mg.tensor {1, 2}:unsqueeze(1)", "tensor [1, 2] float32 {{1, 2}}")
    .mistake(
      "mg.zeros(2):unsqueeze(4)",
      "unsqueeze: axis 4 is out of range for a tensor of 2 axes"),
    LuaFunction(
      "squeeze", "Removes an axis of size 1.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", ""),
      returns: "one axis less"
    ) { x, axis in
      let index = try axis.index(rank: x.rank)
      guard x.shape[index] == 1 else {
        throw ArgumentProblem("axis \(axis.number) has size \(x.shape[index]), not 1")
      }
      return try x.squeezed(axis: index)
    }
    .example("mg.tensor {{1, 2}}:squeeze(1)", "tensor [2] float32 {1, 2}")
    .mistake("mg.zeros(2, 3):squeeze(2)", "squeeze: axis 2 has size 3, not 1"),
  ]

  private static func triangle(
    _ name: String, _ which: String, _ side: String, _ output: String,
    _ body: @escaping @Sendable (Tensor, Int) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, "The \(which) triangle of matrices, zeros \(side) it.", Param<Tensor>("x", "[…, M, N]"),
      Param<Int?>("k", "the last diagonal kept; default 0, the main one"),
      returns: "same shape as `x`"
    ) { x, k in try body(x, k ?? 0) }
    .example("mg.tensor {{1, 2}, {3, 4}}:\(name)()", "tensor [2, 2] float32 \(output)")
    .mistake("mg.zeros(2):\(name)()", "\(name): tensor must be at least 2 axes, got shape [2]")
  }

  private static let positions = [
    LuaFunction(
      "flip", "Turns the order along axes round.", Param<Tensor>("x", "any shape"),
      Param<Axes>("axes", "default all"), returns: "same shape as `x`"
    ) { x, axes in try x.flipped(axes: axes.indices(rank: x.rank) ?? Array(0..<x.rank)) }
    .example("mg.arange(3):flip(1)", "tensor [3] float32 {3, 2, 1}")
    .mistake(
      "mg.zeros(3):flip {1, 1}",
      "flip: axis 1 is named twice"),
    LuaFunction(
      "roll",
      "Shifts along an axis; what leaves at one end comes in at the other: roll(x, 1, a) at i is x at i - 1.",
      Param<Tensor>("x", "any shape"), Param<Int>("shift", "number of places, may be negative"),
      Param<Axis>("axis", ""), returns: "same shape as `x`"
    ) { x, shift, axis in
      let index = try axis.index(rank: x.rank)
      return try x.rolled(by: shift % max(x.shape[index], 1), axis: index)
    }
    .example("mg.arange(3):roll(1, 1)", "tensor [3] float32 {3, 1, 2}")
    .mistake(
      "mg.zeros(3):roll(1)",
      "bad argument 'axis' to 'roll': expected an integer, got nothing"),
    LuaFunction(
      "rot90", "Turns images by quarters, from one axis towards another.",
      Param<Tensor>("x", "at least two axes"), Param<Int?>("quarters", "default 1"),
      Param<Axis?>("from", "default the last but one"), Param<Axis?>("to", "default the last"),
      returns: "`x`, turned"
    ) { x, quarters, from, to in
      let first = try (from ?? Axis(number: -2)).index(rank: x.rank)
      let second = try (to ?? Axis(number: -1)).index(rank: x.rank)
      guard first != second else { throw ArgumentProblem("the two axes must differ") }
      return try x.rotated(quarters: (quarters ?? 1) % 4, axes: (first, second))
    }
    .example("mg.tensor {{1, 2}, {3, 4}}:rot90()", "tensor [2, 2] float32 {{2, 4}, {1, 3}}")
    .mistake(
      "mg.zeros(2, 2):rot90(1, 1, 1)",
      "rot90: the two axes must differ"),
    triangle("tril", "lower", "above", "{{1, 0}, {3, 4}}") { try $0.lowerTriangle($1) },
    triangle("triu", "upper", "below", "{{1, 2}, {0, 4}}") { try $0.upperTriangle($1) },
    LuaFunction(
      "diff", "The next element minus this one, along an axis.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", ""), returns: "`x`, one shorter there"
    ) { x, axis in
      let index = try axis.index(rank: x.rank)
      let size = x.shape[index]
      guard size > 0 else { throw ArgumentProblem("axis \(axis.number) has size 0") }
      return try x.sliced(axis: index, from: 1, to: size)
        - x.sliced(axis: index, from: 0, to: size - 1)
    }
    .example("mg.tensor {1, 4, 9}:diff(1)", "tensor [2] float32 {3, 5}")
    .mistake(
      "mg.zeros(0):diff(1)",
      "diff: axis 1 has size 0"),
    LuaFunction(
      "pad", "Adds elements around.", Param<Tensor>("x", "any shape"),
      Param<Padding>(
        "widths",
        "{before, after} for each of the last axes: {{1, 1}, {2, 2}}; or one number for the last two"
      ),
      Param<Choice<PaddingMode>?>(
        "mode", "\"zero\" (the default), \"circular\", \"reflect\" or \"edge\""),
      Param<Double?>("value", "what \"zero\" puts there; default 0"),
      returns: "`x`, larger"
    ) { x, padding, mode, value in
      let widths = try padding.widths(rank: x.rank)
      return try x.padded(widths, mode: mode?.value ?? .zero, value: value ?? 0)
    }
    .example("mg.arange(2):pad {{1, 2}}", "tensor [5] float32 {0, 1, 2, 0, 0}")
    .example("mg.arange(3):pad({{1, 1}}, 'circular')", "tensor [5] float32 {3, 1, 2, 3, 1}")
    .mistake(
      "mg.arange(3):pad({{1, 1}}, 'wrap')",
      "bad argument 'mode' to 'pad': expected one of \"zero\", \"circular\", \"reflect\", \"edge\", got \"wrap\""
    ),
  ]

  private static let joining = [
    LuaFunction(
      "concat", "Joins tensors along an axis they have.", Param<Tensors>("tensors", "{a, b, …}"),
      Param<Axis>("axis", ""), returns: "their sizes added there"
    ) { list, axis in
      try Tensor.concatenated(list.tensors, axis: axis.index(rank: list.tensors.first?.rank ?? 0))
    }
    .example("mg.concat({mg.arange(2), mg.zeros(1)}, 1)", "tensor [3] float32 {1, 2, 0}")
    .mistake(
      "mg.concat({mg.zeros(2, 2), mg.zeros(3, 3)}, 1)",
      "concat: shapes [2, 2] and [3, 3] do not fit together"),
    LuaFunction(
      "stack", "Joins tensors of one shape along a new axis.",
      Param<Tensors>("tensors", "{a, b, …}"),
      Param<Axis>("axis", "where the new axis will be"), returns: "one axis more"
    ) { list, axis in
      try Tensor.stacked(list.tensors, axis: axis.index(rank: (list.tensors.first?.rank ?? 0) + 1))
    }
    .example("mg.stack({mg.arange(2), mg.zeros(2)}, 1)", "tensor [2, 2] float32 {{1, 2}, {0, 0}}")
    .mistake(
      "mg.stack({mg.zeros(2), mg.zeros(3)}, 1)",
      "stack: shapes [2] and [3] do not fit together"),
    LuaFunction(
      "split", "Cuts an axis into pieces.", Param<Tensor>("x", "at least one axis"),
      Param<Pieces>("pieces", "how many, of equal size; or their sizes: {2, 3}"),
      Param<Axis?>("axis", "default 1"), returns: "the pieces, in order"
    ) { x, pieces, axis in
      let axis = try (axis ?? Axis(number: 1)).index(rank: x.rank)
      return try x.split(pieces.sizes(of: x.shape[axis]), axis: axis)
    }
    .example("mg.arange(4):split(2)", "tensor [2] float32 {1, 2}\ttensor [2] float32 {3, 4}")
    .example("mg.arange(3):split {1, 2}", "tensor [1] float32 {1}\ttensor [2] float32 {2, 3}")
    .mistake(
      "mg.zeros(4):split(3)",
      "split: an axis of 4 cannot be cut into 3 equal pieces"),
    LuaFunction(
      "tile", "Copies side by side along the last axes.", Param<Tensor>("x", "any shape"),
      Param<Sizes>("counts", "{2, 3} or 2, 3: how many copies along each of the last axes"),
      returns: "`x`, larger"
    ) { x, counts in
      let sizes = zip(x.shape.dimensions.reversed(), counts.dimensions.reversed()).map {
        $0.multipliedReportingOverflow(by: $1)
      }
      guard !sizes.contains(where: \.overflow) else { throw ArgumentProblem("too many copies") }
      let more =
        counts.dimensions.dropLast(x.rank) + x.shape.dimensions.dropLast(counts.dimensions.count)
      _ = try Sizes(dimensions: more + sizes.map(\.partialValue)).shape("tile")
      return try x.tiled(counts.dimensions)
    }
    .example("mg.tensor {{1, 2}}:tile(2, 2)", "tensor [2, 4] float32 {{1, 2, 1, 2}, {1, 2, 1, 2}}")
    .mistake(
      "mg.zeros(2):tile(-1)",
      "tile: invalid shape [-2]: sizes must not be negative"),
  ]
}

/// How an axis is cut: into a number of equal pieces, or into pieces of given sizes.
private enum Pieces: LuaReadable {
  case count(Int)
  case sizes([Int])

  static var expectation: String { "an integer or a table of integers" }
  static var stubType: String { "integer|integer[]" }

  static func convert(_ value: LuaValue) -> Pieces? {
    if let count = value.integer { return .count(count) }
    return Sizes.convert(value).map { .sizes($0.dimensions) }
  }

  /// More results than Lua takes from a call are refused.
  private static let limit = 200

  func sizes(of size: Int) throws(ArgumentProblem) -> [Int] {
    switch self {
    case .sizes(let sizes):
      guard sizes.count <= Pieces.limit else {
        throw ArgumentProblem("at most \(Pieces.limit) pieces")
      }
      return sizes
    case .count(let count):
      guard (1...Pieces.limit).contains(count), size.isMultiple(of: count) else {
        throw ArgumentProblem(
          "an axis of \(size) cannot be cut into \(count) equal pieces",
          hint: "give their sizes: {\(size / 2), \(size - size / 2)}")
      }
      return Array(repeating: size / count, count: count)
    }
  }
}

/// Widths before and after each axis.
private struct Padding: LuaReadable {
  /// For the last axes; a single number stands for the last two.
  let pairs: [(Int, Int)]

  static var expectation: String { "an integer or a table of {before, after}" }
  static var stubType: String { "integer|integer[][]" }

  static func convert(_ value: LuaValue) -> Padding? {
    if let width = value.integer { return Padding(pairs: [(width, width), (width, width)]) }
    guard let table = value.table, table.fields.isEmpty else { return nil }
    let pairs = table.array.compactMap { entry -> (Int, Int)? in
      if let width = entry.integer { return (width, width) }
      guard let pair = entry.table?.array, pair.count == 2 else { return nil }
      guard let before = pair[0].integer, let after = pair[1].integer else { return nil }
      return (before, after)
    }
    return pairs.count == table.array.count ? Padding(pairs: pairs) : nil
  }

  func widths(rank: Int) throws(ArgumentProblem) -> [(Int, Int)] {
    guard pairs.count <= rank else {
      throw ArgumentProblem("\(pairs.count) widths for a tensor of \(rank) axes")
    }
    guard pairs.allSatisfy({ $0.0 >= 0 && $0.1 >= 0 && max($0.0, $0.1) < 1 << 24 }) else {
      throw ArgumentProblem("widths must be between 0 and \(1 << 24)")
    }
    return Array(repeating: (0, 0), count: rank - pairs.count) + pairs
  }
}
