import Engine

/// One parameter of a plugin: its default, which also fixes its type, and what it may be.
public struct ParameterSchema: Sendable {
  public let name: String
  public let defaultValue: LuaValue
  public let summary: String
  public let minimum: Double?
  public let maximum: Double?
  /// The texts allowed; empty for any.
  public let choices: [String]
  public let isInteger: Bool

  private static let keys = ["default", "doc", "min", "max", "choices", "integer"]

  /// Reads `{ default = …, doc = …, min = …, max = …, choices = {…}, integer = true }`, or a bare
  /// default.
  init(name: String, _ value: LuaValue) throws(LuaError) {
    let table =
      value.table.flatMap { $0.array.isEmpty ? $0 : nil } ?? LuaTable(fields: ["default": value])
    for key in table.fields.keys.sorted() where !ParameterSchema.keys.contains(key) {
      throw LuaError(
        .definition,
        "parameter '\(name)' has an unknown key '\(key)'"
          + NearestName.suggestion(key, in: ParameterSchema.keys))
    }
    func number(_ key: String) throws(LuaError) -> Double? {
      let value = table[key]
      guard value.isNil || value.double != nil else {
        throw LuaError(
          .definition, "parameter '\(name)': '\(key)' must be a number, got \(value.typeName)")
      }
      return value.double
    }
    self.name = name
    defaultValue = table["default"]
    summary = table["doc"].string ?? ""
    minimum = try number("min")
    maximum = try number("max")
    choices = table["choices"].table?.array.compactMap(\.string) ?? []
    isInteger = table["integer"].bool ?? false
    switch defaultValue {
    case .bool, .integer, .number, .string, .table: break
    case .nil: throw LuaError(.definition, "parameter '\(name)' needs a default")
    default:
      throw LuaError(
        .definition,
        "parameter '\(name)': the default must be a number, text, boolean or table, got "
          + defaultValue.typeName)
    }
    _ = try checked(defaultValue)
  }

  /// The value, if it is one this parameter may have.
  ///
  /// - Throws: ``LuaError`` of kind `definition` that names the parameter and what it may be.
  public func checked(_ value: LuaValue) throws(LuaError) -> LuaValue {
    let isNumber = defaultValue.double != nil
    let expected = isNumber ? (isInteger ? "an integer" : "a number") : "a \(defaultValue.typeName)"
    let fits =
      switch (isNumber, isInteger) {
      case (true, true): value.integer != nil
      case (true, false): value.double != nil
      default: value.typeName == defaultValue.typeName
      }
    guard fits else {
      throw LuaError(.definition, "parameter '\(name)' must be \(expected), got \(value.summary)")
    }
    if let number = value.double {
      guard number.isFinite else {
        throw LuaError(.definition, "parameter '\(name)' must be finite, got \(value.summary)")
      }
      if let minimum, number < minimum { throw outOfRange(value, "at least", minimum) }
      if let maximum, number > maximum { throw outOfRange(value, "at most", maximum) }
    }
    if let text = value.string, !choices.isEmpty, !choices.contains(text) {
      throw LuaError(
        .definition,
        "parameter '\(name)' must be one of \(choices.joined(separator: ", ")), got '\(text)'"
          + NearestName.suggestion(text, in: choices))
    }
    return value
  }

  private func outOfRange(_ value: LuaValue, _ relation: String, _ bound: Double) -> LuaError {
    LuaError(
      .definition,
      "parameter '\(name)' must be \(relation) \(LuaValue.text(of: bound)), got \(value.summary)")
  }
}
