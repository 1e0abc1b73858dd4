import Engine

/// A type that parameters of library functions can have.
public protocol LuaReadable: SendableMetatype {
  /// What an error says was expected: `a tensor`, `an integer`.
  static var expectation: String { get }
  /// The type in editor stubs: `moonglass.Tensor`, `integer`.
  static var stubType: String { get }
  /// Whether the argument may be left out.
  static var isOptional: Bool { get }
  /// Whether a function with this first is also a method of tensors.
  static var isReceiver: Bool { get }
  /// Whether it is an argument at all.
  static var isVisible: Bool { get }
  /// How many arguments it may take up.
  static var extent: ArgumentExtent { get }
  /// The value, or `nil` if it is not one.
  static func convert(_ value: LuaValue) -> Self?
  /// Takes what it needs off the arguments.
  static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError) -> Self
}

extension LuaReadable {
  public static var isOptional: Bool { false }
  public static var isReceiver: Bool { false }
  public static var isVisible: Bool { true }
  public static var extent: ArgumentExtent { .one }

  public static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError) -> Self {
    let value = reader.take()
    guard let converted = convert(value) else {
      throw reader.bad(name, expected: expectation, got: value)
    }
    return converted
  }
}

/// How many arguments a parameter takes up.
public enum ArgumentExtent: Sendable {
  case one
  /// All that are left.
  case rest
  /// A table of numbers, or the numbers themselves one after the other.
  case tableOrNumbers
}

/// The arguments of one call, taken one after the other.
public struct ArgumentReader {
  let values: [LuaValue]
  let function: String
  let caller: LuaCaller
  var position = 0

  init(values: [LuaValue], function: String, caller: LuaCaller) {
    self.values = values
    self.function = function
    self.caller = caller
  }

  /// The next argument without taking it; `.nil` past the end.
  public var next: LuaValue { position < values.count ? values[position] : .nil }

  /// Takes the next argument.
  public mutating func take() -> LuaValue {
    defer { position += 1 }
    return next
  }

  mutating func read<T: LuaReadable>(_ parameter: Param<T>) throws(LuaError) -> T {
    try T.read(&self, name: parameter.name)
  }

  /// The error for an argument of the wrong type.
  public func bad(_ name: String, expected: String, got value: LuaValue) -> LuaError {
    let wantsTensor = expected == Tensor.expectation || expected == Tensors.expectation
    let numbers = wantsTensor ? value.listOfNumbers : nil
    let got =
      switch value {
      case .integer, .number, .tensor, .string: value.summary
      case .table where numbers != nil: "a table of numbers"
      case .nil where position > values.count: "nothing"
      default: value.typeName
      }
    var hint: String?
    let method = name == "x" || name == "a" ? "call methods with ':', as in x:\(function)()" : nil
    switch value {
    case .nil where name == "seed" && position > values.count:
      hint = "the seed is always given: mg.\(function)({ 2, 3 }, 7)"
    case .nil where values.count > 1:
      // An operator hands over both operands; a method called with '.' hands over none.
      hint = "it is nil: is the name spelt as where it was set?"
    case .integer where name == "keepdims":
      hint = "several axes go in a table: x:\(function) { 1, 2 }"
    case .table where numbers != nil: hint = "write mg.tensor \(numbers ?? "")"
    case .integer, .number:
      hint = (wantsTensor ? Habits.hint(forNumberIn: function) : nil) ?? method
    case .nil, .table: hint = method
    default: break
    }
    return LuaError(
      .argument, "bad argument '\(name)' to '\(function)': expected \(expected), got \(got)",
      hint: hint)
  }

  /// Refuses what was not taken.
  func finish(maximum: Int) throws(LuaError) {
    let extra = values.dropFirst(position)
    guard extra.contains(where: { !$0.isNil }) else { return }
    throw LuaError(
      .argument,
      "too many arguments to '\(function)': expected at most \(maximum), got \(values.count)",
      hint: extra.allSatisfy { $0.integer != nil } && maximum > 1
        ? "several axes or sizes go in a table: { 1, 2 }" : nil)
  }
}

/// Who called, for functions that need to know; not an argument.
public struct LuaCaller: LuaReadable {
  let stack: LuaStack

  /// The state the call comes from.
  public var runtime: LuaRuntime { stack.runtime }
  /// The Lua line of the call.
  public var position: (file: String, line: Int) { stack.callerPosition }

  public static var expectation: String { "" }
  public static var stubType: String { "" }
  public static var isVisible: Bool { false }
  public static func convert(_ value: LuaValue) -> LuaCaller? { nil }
  public static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError)
    -> LuaCaller
  {
    reader.caller
  }
}

// MARK: - Plain types

extension Tensor: LuaReadable {
  public static var expectation: String { "a tensor" }
  public static var stubType: String { "moonglass.Tensor" }
  public static var isReceiver: Bool { true }
  public static func convert(_ value: LuaValue) -> Tensor? { value.tensor }
}

extension Double: LuaReadable {
  public static var expectation: String { "a number" }
  public static var stubType: String { "number" }
  public static func convert(_ value: LuaValue) -> Double? { value.double }
}

extension Int: LuaReadable {
  public static var expectation: String { "an integer" }
  public static var stubType: String { "integer" }
  public static func convert(_ value: LuaValue) -> Int? { value.integer }
}

extension Bool: LuaReadable {
  public static var expectation: String { "true or false" }
  public static var stubType: String { "boolean" }
  public static func convert(_ value: LuaValue) -> Bool? { value.bool }
}

extension String: LuaReadable {
  public static var expectation: String { "a string" }
  public static var stubType: String { "string" }
  public static func convert(_ value: LuaValue) -> String? { value.string }
}

extension LuaTable: LuaReadable {
  public static var expectation: String { "a table" }
  public static var stubType: String { "table" }
  public static func convert(_ value: LuaValue) -> LuaTable? { value.table }
}

extension LuaValue: LuaReadable {
  public static var expectation: String { "a value" }
  public static var stubType: String { "any" }
  public static func convert(_ value: LuaValue) -> LuaValue? { value }
}

extension Optional: LuaReadable where Wrapped: LuaReadable {
  public static var expectation: String { Wrapped.expectation }
  public static var stubType: String { Wrapped.stubType }
  public static var isOptional: Bool { true }
  public static func convert(_ value: LuaValue) -> Wrapped?? {
    value.isNil ? .some(nil) : Wrapped.convert(value).map { .some($0) }
  }
  public static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError) -> Wrapped?
  {
    guard reader.next.isNil else { return try Wrapped.read(&reader, name: name) }
    _ = reader.take()
    return nil
  }
}

extension DType: LuaReadable {
  public static var expectation: String {
    "a dtype (" + DType.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ") + ")"
  }
  public static var stubType: String {
    DType.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|")
  }
  public static func convert(_ value: LuaValue) -> DType? {
    value.string.flatMap(DType.init(rawValue:))
  }
}
