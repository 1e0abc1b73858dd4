import Engine

/// A tensor or a plain number.
enum Operand: LuaReadable {
  case tensor(Tensor)
  case number(Double)

  static var expectation: String { "a tensor or a number" }
  static var stubType: String { "moonglass.Tensor|number" }
  static var isReceiver: Bool { true }

  static func convert(_ value: LuaValue) -> Operand? {
    value.tensor.map { .tensor($0) } ?? value.double.map { .number($0) }
  }

  /// As a tensor; a number takes the other operand's dtype where that can hold it, so that `1.5` widens no Float32.
  func tensor(like other: Operand) -> Tensor {
    switch (self, other) {
    case (.tensor(let tensor), _): tensor
    case (.number(let value), .tensor(let other)): other.operand(value)
    case (.number(let value), .number): .scalar(value)
    }
  }
}

/// One axis: 1-based, negative from the end.
struct Axis: LuaReadable {
  let number: Int

  static var expectation: String { "an integer" }
  static var stubType: String { "integer" }
  static func convert(_ value: LuaValue) -> Axis? { value.integer.map { Axis(number: $0) } }

  /// The 0-based axis of a tensor.
  func index(rank: Int) throws(ArgumentProblem) -> Int {
    if number >= 1, number <= rank { return number - 1 }
    if number <= -1, number >= -rank { return number + rank }
    throw ArgumentProblem(
      number == 0
        ? "there is no axis 0: axes count from 1"
        : "axis \(number) is out of range for a tensor of \(rank) axes")
  }
}

/// Some axes: one number, a table of them (with `keepdims = true` if wanted), or all when left out.
struct Axes: LuaReadable {
  let numbers: [Int]?
  let keepDims: Bool?

  static var expectation: String { "an integer or a table of integers" }
  static var stubType: String { "integer|integer[]" }
  static var isOptional: Bool { true }

  static func convert(_ value: LuaValue) -> Axes? {
    if value.isNil { return Axes(numbers: nil, keepDims: nil) }
    if let number = value.integer { return Axes(numbers: [number], keepDims: nil) }
    guard let table = value.table, table.fields.keys.allSatisfy({ $0 == "keepdims" }) else {
      return nil
    }
    let numbers = table.array.compactMap(\.integer)
    guard numbers.count == table.array.count else { return nil }
    let keepDims = table["keepdims"]
    guard keepDims.isNil || keepDims.bool != nil else { return nil }
    return Axes(
      numbers: numbers.isEmpty && !keepDims.isNil ? nil : numbers, keepDims: keepDims.bool)
  }

  /// A table that is wrong inside is told what is wrong with it.
  static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError) -> Axes {
    let value = reader.take()
    if let axes = convert(value) { return axes }
    if let table = value.table, let wrong = table.array.first(where: { $0.integer == nil }) {
      throw reader.bad(name, expected: "a table of integers", got: wrong)
    }
    if let key = value.table?.fields.keys.sorted().first(where: { $0 != "keepdims" }) {
      throw LuaError(
        .argument,
        "bad argument '\(name)' to '\(reader.function)': unknown key '\(key)'"
          + NearestName.suggestion(key, in: ["keepdims"]),
        hint: ["axis", "axes", "dim", "dims"].contains(key)
          ? "axes are the numbers in the table: x:\(reader.function) { 2, keepdims = true }" : nil)
    }
    throw reader.bad(name, expected: expectation, got: value)
  }

  /// The 0-based axes of a tensor; `nil` for all.
  func indices(rank: Int) throws(ArgumentProblem) -> [Int]? {
    guard let numbers else { return nil }
    var indices: [Int] = []
    for number in numbers {
      let index = try Axis(number: number).index(rank: rank)
      guard !indices.contains(index) else { throw ArgumentProblem("axis \(number) is named twice") }
      indices.append(index)
    }
    return indices
  }
}

/// Sizes of a tensor: `{2, 3}` or `2, 3`.
struct Sizes: LuaReadable {
  let dimensions: [Int]

  static var expectation: String { "sizes, such as {2, 3}" }
  static var stubType: String { "integer[]|integer" }
  static var extent: ArgumentExtent { .tableOrNumbers }
  /// More elements than any computation here could use; a lazily filled tensor takes no memory
  /// before.
  static let countLimit = 1 << 32

  static func convert(_ value: LuaValue) -> Sizes? {
    guard let table = value.table, table.fields.isEmpty else { return nil }
    let dimensions = table.array.compactMap(\.integer)
    return dimensions.count == table.array.count ? Sizes(dimensions: dimensions) : nil
  }

  static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError) -> Sizes {
    if case .table = reader.next {
      let value = reader.take()
      if let sizes = convert(value) { return sizes }
      let wrong = value.table?.array.first { $0.integer == nil } ?? value
      throw reader.bad(name, expected: "a table of integers", got: wrong)
    }
    var dimensions: [Int] = []
    while let size = reader.next.integer {
      dimensions.append(size)
      _ = reader.take()
    }
    guard !dimensions.isEmpty else {
      let value = reader.take()
      throw reader.bad(name, expected: expectation, got: value)
    }
    return Sizes(dimensions: dimensions)
  }

  /// The shape, checked.
  func shape(_ op: String, limit: Int = Sizes.countLimit) throws -> Shape {
    let shape = try Shape(checking: dimensions, op: op)
    guard shape.count <= limit else { throw ArgumentProblem("\(shape) has too many elements") }
    return shape
  }
}

/// One tensor or a table of tensors.
struct Tensors: LuaReadable {
  let tensors: [Tensor]

  static var expectation: String { "a tensor or a table of tensors" }
  static var stubType: String { "moonglass.Tensor|moonglass.Tensor[]" }

  static func convert(_ value: LuaValue) -> Tensors? {
    if let tensor = value.tensor { return Tensors(tensors: [tensor]) }
    guard let table = value.table, table.fields.isEmpty, !table.array.isEmpty else { return nil }
    let tensors = table.array.compactMap(\.tensor)
    return tensors.count == table.array.count ? Tensors(tensors: tensors) : nil
  }
}
