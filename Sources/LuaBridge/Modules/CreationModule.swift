import Engine

/// Tensors from numbers.
enum CreationModule {
  /// What is computed element by element when it is made has a lower limit than what is filled
  /// lazily.
  private static let eagerLimit = 1 << 26

  private static func fill(_ name: String, _ value: Int) -> LuaFunction {
    let row = "{\(value), \(value), \(value)}"
    return LuaFunction(
      name, "A tensor of \(name).", Param<Sizes>("sizes", "{2, 3} or 2, 3"),
      Param<DType?>("dtype", "default \"float32\""), returns: "a tensor of those sizes"
    ) { sizes, dtype in
      Tensor.full(
        Double(value), shape: try sizes.shape(name), dtype: dtype ?? .float32, isVariable: true)
    }
    .example("mg.\(name)(2, 3)", "tensor [2, 3] float32 {\(row), \(row)}")
    .mistake("mg.\(name) {-1}", "\(name): invalid shape [-1]: sizes must not be negative")
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
    .example("mg.\(name)({2, 3}, 7):eq(mg.\(name)({2, 3}, 7)):all()", "tensor [] bool true")
    .mistake(
      "mg.\(name) {2, 3}", "bad argument 'seed' to '\(name)': expected an integer, got nothing")
  }

  static let functions = [
    random("rand", "Random numbers, uniform in [0, 1).") {
      try Tensor.uniform(keys: $0, shape: $1)
    },
    random("randn", "Random numbers, normal with mean 0 and standard deviation 1.") {
      try Tensor.normal(keys: $0, shape: $1)
    },
    LuaFunction(
      "generator",
      "A source of random numbers: the same seed gives the same ones, in the same order. It has `rng:normal(sizes)`, "
        + "`rng:uniform(sizes, low, high)`, and for plain numbers `rng:number(low, high)` and `rng:integer(low, high)`.",
      Param<Int>("seed", "any integer"), Param<LuaCaller>("caller", ""),
      returns: "a generator, as `generate` of a plugin gets it", access: .function
    ) { seed, caller in
      Generator(table: try caller.runtime.randomSource(seed: UInt64(bitPattern: Int64(seed))))
    }
    .example(
      "rng:normal({2, 3}).shape[2], rng:integer(4, 4)", "3\t4", after: "local rng = mg.generator(7)"
    )
    .mistake(
      "mg.generator('7')", "bad argument 'seed' to 'generator': expected an integer, got \"7\""),
    LuaFunction(
      "tensor", "A tensor of the given numbers.",
      Param<LuaValue>("values", "a number, or nested tables: {{1, 2}, {3, 4}}"),
      Param<DType?>("dtype", "default \"float32\"; \"bool\" for booleans"),
      returns: "a tensor whose shape is the nesting", access: .function
    ) { values, dtype in
      var reader = LiteralReader()
      try reader.read(values, depth: 0)
      return try reader.tensor(dtype)
    }
    .example("mg.tensor {{1, 2}, {3, 4}}", "tensor [2, 2] float32 {{1, 2}, {3, 4}}")
    .mistake("mg.tensor {{1}, {1, 2}}", "tensor: rows must all have the same length"),
    fill("zeros", 0),
    fill("ones", 1),
    LuaFunction(
      "full", "A tensor of one number.", Param<Sizes>("sizes", "{2, 3}"),
      Param<Double>("value", ""),
      Param<DType?>("dtype", "default \"float32\""), returns: "a tensor of those sizes"
    ) { sizes, value, dtype in
      Tensor.full(
        value, shape: try sizes.shape("full"), dtype: dtype ?? .float32, isVariable: true)
    }
    .example("mg.full({2}, 7)", "tensor [2] float32 {7, 7}")
    .mistake(
      "mg.full {2}",
      "bad argument 'value' to 'full': expected a number, got nothing"),
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
    }
    .example(
      "mg.arange(3), mg.arange(0, 1, 0.5)",
      "tensor [3] float32 {1, 2, 3}\ttensor [3] float32 {0, 0.5, 1}"
    )
    .mistake(
      "mg.arange(1, 2, 0)",
      "arange: from 1.0 to 2.0 by 0.0 is not a range"),
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
    }
    .example("mg.linspace(0, 1, 3)", "tensor [3] float32 {0, 0.5, 1}")
    .mistake(
      "mg.linspace(0, 1, -3)",
      "linspace: count -3 is out of range"),
    LuaFunction(
      "eye", "The identity matrix.", Param<Int>("size", "number of rows"),
      Param<DType?>("dtype", "default \"float32\""), returns: "[size, size]", access: .function
    ) { size, dtype in
      guard (0...1 << 13).contains(size) else {
        throw ArgumentProblem("size \(size) is out of range")
      }
      return try Tensor.identity(size, dtype: dtype ?? .float32)
    }
    .example("mg.eye(2)", "tensor [2, 2] float32 {{1, 0}, {0, 1}}")
    .mistake(
      "mg.eye(100000)",
      "eye: size 100000 is out of range"),
    LuaFunction(
      "one_hot", "For each number a row of zeros with a one at its place.",
      Param<Indices>("numbers", "from 1"), Param<Int>("size", "how long the rows are"),
      Param<DType?>("dtype", "default \"float32\""), returns: "[…, size]", access: .function
    ) { numbers, size, dtype in
      guard (0...eagerLimit).contains(size) else {
        throw ArgumentProblem("size \(size) is out of range")
      }
      let places = Tensor.arange(size, from: 1, step: 1, dtype: .int32)
      return try numbers.tensor.expanded(axis: numbers.tensor.rank).isEqual(to: places)
        .cast(to: dtype ?? .float32)
    }
    .example("mg.one_hot({2, 1}, 3)", "tensor [2, 3] float32 {{0, 1, 0}, {1, 0, 0}}")
    .mistake(
      "mg.one_hot({1.5}, 3)",
      "bad argument 'numbers' to 'one_hot': expected a tensor or a table of integers, got table"),
    LuaFunction(
      "meshgrid", "The coordinates of a grid: the i-th result varies along axis i.",
      Param<RemainingTensors>("axes", "vectors of coordinates, one for each axis"),
      returns: "as many tensors of their sizes", access: .function
    ) { axes in
      _ = try Sizes(dimensions: axes.tensors.map(\.count)).shape("meshgrid")
      return try Tensor.meshgrid(axes.tensors)
    }
    .example(
      "mg.meshgrid(mg.arange(2), mg.arange(3))",
      "tensor [2, 3] float32 {{1, 1, 1}, {2, 2, 2}}\ttensor [2, 3] float32 {{1, 2, 3}, {1, 2, 3}}"
    )
    .mistake(
      "mg.meshgrid(mg.zeros(2, 2))",
      "meshgrid: axes must be tensors of one axis, got [2, 2]"),
    LuaFunction(
      "zeros_like", "Zeros of the same shape and dtype.", Param<Tensor>("x", "any shape"),
      returns: "same shape as `x`"
    ) { x in Tensor.full(0, shape: x.shape, dtype: x.dtype, isVariable: true) }
    .example("mg.tensor {1, 2}:zeros_like()", "tensor [2] float32 {0, 0}")
    .mistake(
      "mg.zeros_like {1, 2}",
      "bad argument 'x' to 'zeros_like': expected a tensor, got a table of numbers"),
    LuaFunction(
      "ones_like", "Ones of the same shape and dtype.", Param<Tensor>("x", "any shape"),
      returns: "same shape as `x`"
    ) { x in Tensor.full(1, shape: x.shape, dtype: x.dtype, isVariable: true) }
    .example("mg.tensor {1, 2}:ones_like()", "tensor [2] float32 {1, 1}")
    .mistake(
      "mg.ones_like {1, 2}",
      "bad argument 'x' to 'ones_like': expected a tensor, got a table of numbers"),
  ]
}

/// What ``LuaRuntime/randomSource(seed:)`` gives.
private struct Generator: LuaResult {
  let table: LuaValue
  static let stubType = "moonglass.Generator"
  var luaResults: LuaResults { .one(table) }
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
