import Engine

/// One of a few words.
struct Choice<Value: RawRepresentable<String> & CaseIterable & Sendable>: LuaReadable {
  let value: Value

  private static var words: String {
    Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
  }
  static var expectation: String { "one of \(words)" }
  static var stubType: String { words.split(separator: ", ").joined(separator: "|") }
  static func convert(_ value: LuaValue) -> Choice? {
    value.string.flatMap { Value(rawValue: $0) }.map { Choice(value: $0) }
  }
}

/// Element numbers, 1-based: a tensor or a table of integers.
struct Indices: LuaReadable {
  let tensor: Tensor
  /// The numbers, where a table gave them; a tensor's are looked at when they are used.
  var numbers: [Int32] = []

  static var expectation: String { "a tensor or a table of integers" }
  static var stubType: String { "moonglass.Tensor|integer[]" }

  static func convert(_ value: LuaValue) -> Indices? {
    if let tensor = value.tensor, let whole = try? tensor.cast(to: .int32) {
      return Indices(tensor: whole)
    }
    guard let table = value.table, table.fields.isEmpty else { return nil }
    let numbers = table.array.compactMap { $0.integer.flatMap { Int32(exactly: $0) } }
    guard numbers.count == table.array.count else { return nil }
    return Indices(tensor: Tensor(numbers, shape: [numbers.count]), numbers: numbers)
  }

  /// The tensor, if all numbers known by now are 1…size, or count from the end.
  func tensor(within size: Int, axis: Int) throws(ArgumentProblem) -> Tensor {
    for number in numbers { _ = try Slicing.index(Int(number), size: size, axis: axis) }
    return tensor
  }
}

extension LuaFunctionReference: LuaReadable {
  public static var expectation: String { "a function" }
  public static var stubType: String { "function" }
  public static func convert(_ value: LuaValue) -> Self? {
    guard case .function(let function) = value else { return nil }
    return function as? Self
  }
}

/// All arguments from here on.
struct RemainingTensors: LuaReadable {
  let tensors: [Tensor]

  static var expectation: String { "tensors" }
  static var stubType: String { "moonglass.Tensor" }
  static var extent: ArgumentExtent { .rest }
  static func convert(_ value: LuaValue) -> RemainingTensors? { nil }
  static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError)
    -> RemainingTensors
  {
    var tensors: [Tensor] = []
    repeat { tensors.append(try Tensor.read(&reader, name: name)) } while !reader.next.isNil
    return RemainingTensors(tensors: tensors)
  }
}

/// A table of named settings, none of which has to be given.
struct Options {
  private let table: LuaTable

  /// - Throws: ``ArgumentProblem`` for a name that is not among `keys`.
  init(_ table: LuaTable?, keys: [String]) throws(ArgumentProblem) {
    self.table = table ?? LuaTable()
    for key in self.table.fields.keys.sorted() where !keys.contains(key) {
      throw ArgumentProblem("unknown option '\(key)'" + NearestName.suggestion(key, in: keys))
    }
    guard self.table.array.isEmpty else {
      throw ArgumentProblem("options are given by name: \(keys.joined(separator: ", "))")
    }
  }

  /// The option of that name; `nil` where it is not given.
  func read<Value: LuaReadable>(_ name: String, as type: Value.Type) throws(ArgumentProblem)
    -> Value?
  {
    let value = table[name]
    if value.isNil { return nil }
    guard let converted = Value.convert(value) else {
      throw ArgumentProblem(
        "option '\(name)' must be \(Value.expectation), got \(value.summary)")
    }
    return converted
  }
}
