import Engine

/// A value as Lua has it, detached from the state it came from (functions excepted).
public enum LuaValue: Sendable {
  case `nil`
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case table(LuaTable)
  case tensor(Tensor)
  case function(LuaFunctionReference)
  /// Indirect, being large: other values stay small enough to be passed without allocating.
  indirect case definition(LuaDefinition)

  /// What Lua's `type` would call it; `tensor` and `definition` for ours.
  public var typeName: String {
    switch self {
    case .nil: "nil"
    case .bool: "boolean"
    case .integer, .number: "number"
    case .string: "string"
    case .table: "table"
    case .tensor: "tensor"
    case .function: "function"
    case .definition(let definition): definition.kind.rawValue
    }
  }

  /// What an error message says came instead: the value itself where it is short, else its type.
  public var summary: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): LuaValue.text(of: value)
    case .bool(let value): "\(value)"
    case .tensor(let tensor): "a tensor of shape \(tensor.shape)"
    case .string(let text) where text.utf8.count <= 40: "\"\(String.escaping(text.utf8))\""
    default: typeName
    }
  }

  /// Numbers in braces, as a script writes them, if it is a table of nothing else.
  var listOfNumbers: String? {
    guard let table, table.fields.isEmpty, !table.array.isEmpty,
      table.array.allSatisfy({ $0.double != nil })
    else { return nil }
    let shown = table.array.prefix(6).map(\.summary) + (table.array.count > 6 ? ["…"] : [])
    return "{ \(shown.joined(separator: ", ")) }"
  }

  /// Whether it is `nil`.
  public var isNil: Bool {
    if case .nil = self { true } else { false }
  }

  /// The number, of either subtype.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The integer; a float with an integral value is one (`64/2`).
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The text.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The truth value, of booleans only.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The table.
  public var table: LuaTable? {
    if case .table(let value) = self { value } else { nil }
  }

  /// The tensor.
  public var tensor: Tensor? {
    if case .tensor(let value) = self { value } else { nil }
  }

  /// The tensor it is, or those in the table it is: elements first, then fields by name.
  func tensors(depth: Int = 3) -> [Tensor] {
    switch self {
    case .tensor(let tensor): return [tensor]
    case .table(let table) where depth > 0:
      let fields = table.fields.sorted { $0.key < $1.key }.map(\.value)
      return (table.array + fields).flatMap { $0.tensors(depth: depth - 1) }
    default: return []
    }
  }

  /// A number as Lua prints it: `1.5`, `-nan`, `1e+308`; integral values without a fraction.
  static func text(of value: Double) -> String {
    if let integer = Int(exactly: value) { return "\(integer)" }
    return "\(value)"
  }
}

/// A table: elements 1, 2, … in order, and fields with string keys.
///
/// Keys of other types do not occur: reading a table that has them is an error.
public struct LuaTable: Sendable {
  /// The elements at 1, 2, ….
  public var array: [LuaValue]
  /// The values with string keys.
  ///
  /// Lua has no order among them; sort the keys where order matters.
  public var fields: [String: LuaValue]
  /// Whether Lua gets it as a record: to read a field it does not have is then an error that names
  /// the nearest one, not `nil`.
  public var isRecord = false

  /// Makes a table of the given parts.
  public init(array: [LuaValue] = [], fields: [String: LuaValue] = [:]) {
    self.array = array
    self.fields = fields
  }

  /// The field of that name, `.nil` where there is none.
  public subscript(name: String) -> LuaValue {
    get { fields[name] ?? .nil }
    set { fields[name] = newValue.isNil ? nil : newValue }
  }
}
