import Engine

/// Same values, other places.
enum MovementModule {
  static let functions = shapes + positions + joining

  private static let shapes = [
    LuaFunction(
      "reshape", "The same values in another shape, row-major.", Param<Tensor>("x", "any shape"),
      Param<Sizes>("sizes", "{6, -1} or 6, -1; one -1 is worked out"),
      returns: "a tensor of those sizes"
    ) { x, sizes in try x.reshaped(to: sizes.dimensions) },
    LuaFunction(
      "permute", "Puts the axes into another order.", Param<Tensor>("x", "any shape"),
      Param<Sizes>("axes", "the old axis for each new one: {1, 3, 2}"),
      returns: "the axes in that order"
    ) { x, axes in
      guard let order = try Axes(numbers: axes.dimensions, keepDims: nil).indices(rank: x.rank),
        order.count == x.rank
      else { throw ArgumentProblem("\(x.rank) axes are needed, got \(axes.dimensions.count)") }
      return try x.permuted(order)
    },
    LuaFunction(
      "transpose", "Swaps the last two axes.", Param<Tensor>("x", "at least two axes"),
      returns: "[…, B, A]"
    ) { x in try x.transposed() },
    LuaFunction(
      "broadcast_to", "Repeats axes of size 1, and adds axes in front.",
      Param<Tensor>("x", "any shape"),
      Param<Sizes>("sizes", "the new sizes"), returns: "a tensor of those sizes"
    ) { x, sizes in try x.broadcast(to: try sizes.shape("broadcast_to")) },
    LuaFunction(
      "unsqueeze", "Adds an axis of size 1.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", "where the new axis will be"), returns: "one axis more"
    ) { x, axis in try x.expanded(axis: axis.index(rank: x.rank + 1)) },
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
    },
  ]

  private static let positions = [
    LuaFunction(
      "flip", "Turns the order along axes round.", Param<Tensor>("x", "any shape"),
      Param<Axes>("axes", "default all"), returns: "same shape as `x`"
    ) { x, axes in try x.flipped(axes: axes.indices(rank: x.rank) ?? Array(0..<x.rank)) },
    LuaFunction(
      "roll",
      "Shifts along an axis; what leaves at one end comes in at the other: roll(x, 1, a) at i is x at i - 1.",
      Param<Tensor>("x", "any shape"), Param<Int>("shift", "number of places, may be negative"),
      Param<Axis>("axis", ""), returns: "same shape as `x`"
    ) { x, shift, axis in
      let index = try axis.index(rank: x.rank)
      return try x.rolled(by: shift % max(x.shape[index], 1), axis: index)
    },
    LuaFunction(
      "diff", "The next element minus this one, along an axis.", Param<Tensor>("x", "any shape"),
      Param<Axis>("axis", ""), returns: "`x`, one shorter there"
    ) { x, axis in
      let index = try axis.index(rank: x.rank)
      let size = x.shape[index]
      guard size > 0 else { throw ArgumentProblem("axis \(axis.number) has size 0") }
      return try x.sliced(axis: index, from: 1, to: size)
        - x.sliced(axis: index, from: 0, to: size - 1)
    },
    LuaFunction(
      "pad", "Adds elements around.", Param<Tensor>("x", "any shape"),
      Param<Padding>(
        "widths",
        "{before, after} for each of the last axes: {{1, 1}, {2, 2}}; or one number for the last two"
      ),
      Param<PadMode?>("mode", "default \"zero\""),
      Param<Double?>("value", "what \"zero\" puts there; default 0"),
      returns: "`x`, larger"
    ) { x, padding, mode, value in
      let widths = try padding.widths(rank: x.rank)
      return try x.padded(widths, mode: mode?.mode ?? .zero, value: value ?? 0)
    },
  ]

  private static let joining = [
    LuaFunction(
      "concat", "Joins tensors along an axis they have.", Param<Tensors>("tensors", "{a, b, …}"),
      Param<Axis>("axis", ""), returns: "their sizes added there"
    ) { list, axis in
      try Tensor.concatenated(list.tensors, axis: axis.index(rank: list.tensors.first?.rank ?? 0))
    },
    LuaFunction(
      "stack", "Joins tensors of one shape along a new axis.",
      Param<Tensors>("tensors", "{a, b, …}"),
      Param<Axis>("axis", "where the new axis will be"), returns: "one axis more"
    ) { list, axis in
      try Tensor.stacked(list.tensors, axis: axis.index(rank: (list.tensors.first?.rank ?? 0) + 1))
    },
  ]
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

/// How the padding is filled.
private struct PadMode: LuaReadable {
  let mode: PaddingMode

  private static let modes: [(String, PaddingMode)] = [
    ("zero", .zero), ("circular", .circular), ("reflect", .reflect), ("edge", .edge),
  ]
  static var expectation: String { modes.map { "\"\($0.0)\"" }.joined(separator: ", ") }
  static var stubType: String { modes.map { "\"\($0.0)\"" }.joined(separator: "|") }
  static func convert(_ value: LuaValue) -> PadMode? {
    modes.first { $0.0 == value.string }.map { PadMode(mode: $0.1) }
  }
}
