import Engine

/// Tensors from numbers.
enum CreationModule {
  /// What is computed element by element when it is made has a lower limit than what is filled
  /// lazily.
  private static let eagerLimit = 1 << 26

  private static func fill(_ name: String, _ value: Double) -> LuaFunction {
    LuaFunction(
      name, "A tensor of \(name).", Param<Sizes>("sizes", "{2, 3} or 2, 3"),
      Param<DType?>("dtype", "default \"float32\""), returns: "a tensor of those sizes"
    ) { sizes, dtype in
      Tensor.full(value, shape: try sizes.shape(name), dtype: dtype ?? .float32)
    }
  }

  /// Random numbers need a seed, so that a script gives the same every time.
  private static func random(
    _ name: String, _ summary: String,
    _ body: @escaping @Sendable (_ keys: Tensor, Shape) throws -> Tensor
  ) -> LuaFunction {
    LuaFunction(
      name, summary, Param<Sizes>("sizes", "{2, 3}"), Param<Int>("seed", "same seed, same numbers"),
      returns: "a float32 tensor of those sizes", access: .function
    ) { sizes, seed in
      let key = RandomKey(seed: UInt64(bitPattern: Int64(seed)))
      return try body(RandomKey.tensor([key]), sizes.shape(name))
    }
  }

  static let functions = [
    random("rand", "Random numbers, uniform in [0, 1).") {
      try Tensor.uniform(keys: $0, shape: $1)
    },
    random("randn", "Random numbers, normal with mean 0 and standard deviation 1.") {
      try Tensor.normal(keys: $0, shape: $1)
    },
    LuaFunction(
      "tensor", "A tensor of the given numbers.",
      Param<LuaValue>("values", "a number, or nested tables: {{1, 2}, {3, 4}}"),
      Param<DType?>("dtype", "default \"float32\"; \"bool\" for booleans"),
      returns: "a tensor whose shape is the nesting", access: .function
    ) { values, dtype in
      var reader = LiteralReader()
      try reader.read(values, depth: 0)
      return try reader.tensor(dtype)
    },
    fill("zeros", 0),
    fill("ones", 1),
    LuaFunction(
      "full", "A tensor of one number.", Param<Sizes>("sizes", "{2, 3}"),
      Param<Double>("value", ""),
      Param<DType?>("dtype", "default \"float32\""), returns: "a tensor of those sizes"
    ) { sizes, value, dtype in
      Tensor.full(value, shape: try sizes.shape("full"), dtype: dtype ?? .float32)
    },
    LuaFunction(
      "arange", "The numbers first, first + step, … up to and including last.",
      Param<Double>("first", "or last alone, from 1"), Param<Double?>("last", ""),
      Param<Double?>("step", "default 1"), Param<DType?>("dtype", "default \"float32\""),
      returns: "[count]"
    ) { first, last, step, dtype in
      let (start, stop, step) = (last == nil ? 1 : first, last ?? first, step ?? 1)
      let count = ((stop - start) / step * (1 + 1e-12)).rounded(.down) + 1
      guard step != 0, count.isFinite, count <= Double(eagerLimit) else {
        throw ArgumentProblem("from \(start) to \(stop) by \(step) is not a range")
      }
      return Tensor.arange(Int(max(count, 0)), from: start, step: step, dtype: dtype ?? .float32)
    },
    LuaFunction(
      "linspace", "Evenly spaced numbers, both ends included.", Param<Double>("first", ""),
      Param<Double>("last", ""), Param<Int>("count", ""),
      Param<DType?>("dtype", "default \"float32\""),
      returns: "[count]"
    ) { first, last, count, dtype in
      guard (0...eagerLimit).contains(count) else {
        throw ArgumentProblem("count \(count) is out of range")
      }
      return Tensor.linspace(first, last, count: count, dtype: dtype ?? .float32)
    },
    LuaFunction(
      "zeros_like", "Zeros of the same shape and dtype.", Param<Tensor>("x", "any shape"),
      returns: "same shape as `x`"
    ) { x in Tensor.zeros(x.shape, dtype: x.dtype) },
    LuaFunction(
      "ones_like", "Ones of the same shape and dtype.", Param<Tensor>("x", "any shape"),
      returns: "same shape as `x`"
    ) { x in Tensor.ones(x.shape, dtype: x.dtype) },
  ]
}

/// Reads nested tables of numbers, which must be rectangular.
private struct LiteralReader {
  private var values: [Double] = []
  private var dimensions: [Int] = []
  private var areBooleans = false

  mutating func read(_ value: LuaValue, depth: Int) throws(ArgumentProblem) {
    if let number = value.double ?? value.bool.map({ $0 ? 1 : 0 }) {
      guard depth == dimensions.count || values.isEmpty else { throw ragged }
      if values.isEmpty { areBooleans = value.bool != nil }
      guard depth == dimensions.count else { throw ragged }
      values.append(number)
      return
    }
    guard let table = value.table, table.fields.isEmpty else {
      throw ArgumentProblem(
        "values must be numbers or nested tables of them, got \(value.typeName)")
    }
    if depth == dimensions.count, values.isEmpty {
      dimensions.append(table.array.count)
    }
    guard depth < dimensions.count, dimensions[depth] == table.array.count else { throw ragged }
    for element in table.array { try read(element, depth: depth + 1) }
  }

  private var ragged: ArgumentProblem { ArgumentProblem("rows must all have the same length") }

  func tensor(_ dtype: DType?) throws -> Tensor {
    let shape = try Shape(checking: dimensions, op: "tensor")
    guard shape.count == values.count else { throw ragged }
    switch dtype ?? (areBooleans ? .bool : .float32) {
    case .float32: return Tensor(values.map { Float($0) }, shape: shape)
    case .float64: return Tensor(values, shape: shape)
    case .bool: return Tensor(values.map { $0 != 0 }, shape: shape)
    case .int32:
      let integers = values.compactMap { Int32(exactly: $0) }
      guard integers.count == values.count else {
        throw ArgumentProblem("values do not fit into int32")
      }
      return Tensor(integers, shape: shape)
    }
  }
}
