import Engine
import LuaBridge

/// Reads the settings of one table of a recipe; what is wrong or unknown is an error that names the field.
struct SettingsReader {
  private let table: LuaTable
  /// What the table is called in messages, such as `namm`; empty for the recipe itself.
  private let path: String
  private var known: [String] = []

  init(_ table: LuaTable, path: String) {
    self.table = table
    self.path = path
  }

  /// The name of a field in messages.
  func field(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The raw value of a field.
  mutating func value(_ name: String) -> LuaValue {
    known.append(name)
    return table[name]
  }

  /// A whole number in a range.
  mutating func integer(_ name: String, default standard: Int, in range: ClosedRange<Int>) throws
    -> Int
  {
    let value = value(name)
    if value.isNil { return standard }
    guard let integer = value.integer, range.contains(integer) else {
      throw RunError.recipe(
        field: field(name), expected: "a whole number in \(range.lowerBound)…\(range.upperBound)",
        got: value.summary)
    }
    return integer
  }

  /// A finite number in a range.
  mutating func number(_ name: String, default standard: Double, in range: ClosedRange<Double>)
    throws -> Double
  {
    let value = value(name)
    if value.isNil { return standard }
    guard let number = value.double, range.contains(number) else {
      throw RunError.recipe(
        field: field(name),
        expected: "a number in \(short(range.lowerBound))…\(short(range.upperBound))",
        got: value.summary)
    }
    return number
  }

  mutating func bool(_ name: String, default standard: Bool) throws -> Bool {
    let value = value(name)
    if value.isNil { return standard }
    guard let bool = value.bool else {
      throw RunError.recipe(field: field(name), expected: "true or false", got: value.summary)
    }
    return bool
  }

  mutating func text(_ name: String, default standard: String) throws -> String {
    try optionalText(name) ?? standard
  }

  mutating func optionalText(_ name: String) throws -> String? {
    let value = value(name)
    if value.isNil { return nil }
    guard let text = value.string, !text.isEmpty else {
      throw RunError.recipe(field: field(name), expected: "a text", got: value.summary)
    }
    return text
  }

  /// One of the names of an enumeration.
  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default standard: Choice
  ) throws
    -> Choice where Choice.RawValue == String
  {
    let text = try text(name, default: standard.rawValue)
    if let choice = Choice(rawValue: text) { return choice }
    throw RunError.recipe(
      field: field(name),
      expected: Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "),
      got: "'\(text)'" + NearestName.suggestion(text, in: Choice.allCases.map(\.rawValue)))
  }

  /// A list of whole numbers in a range.
  mutating func integers(_ name: String, default standard: [Int], in range: ClosedRange<Int>) throws
    -> [Int]
  {
    let value = value(name)
    if value.isNil { return standard }
    let numbers = value.table?.array.compactMap(\.integer) ?? []
    guard let table = value.table, table.fields.isEmpty, numbers.count == table.array.count,
      numbers.allSatisfy(range.contains)
    else {
      throw RunError.recipe(
        field: field(name),
        expected: "a list of whole numbers in \(range.lowerBound)…\(range.upperBound)",
        got: value.summary)
    }
    return numbers
  }

  /// A table of settings inside this one; empty where it is missing.
  mutating func table(_ name: String) throws -> SettingsReader {
    let value = value(name)
    guard value.isNil || value.table?.array.isEmpty == true else {
      throw RunError.recipe(
        field: field(name), expected: "a table { name = value, … }", got: value.summary)
    }
    return SettingsReader(value.table ?? LuaTable(), path: field(name))
  }

  /// A table of settings inside this one, if it is there.
  mutating func optionalTable(_ name: String) throws -> SettingsReader? {
    table[name].isNil ? nil : try table(name)
  }

  /// Sees that every field was one that is known.
  ///
  /// - Throws: ``RunError/recipe(field:expected:got:)`` naming the nearest field.
  func finish() throws {
    guard table.array.isEmpty else {
      throw RunError.recipe(
        field: path.isEmpty ? "a recipe" : "'\(path)'", expected: "made of named fields only",
        got: "\(table.array.count) without a name")
    }
    for name in table.fields.keys.sorted() where !known.contains(name) {
      let owner = path.isEmpty ? "a recipe" : "'\(path)'"
      throw RunError.recipe(
        field: "the fields of \(owner)",
        expected: "among \(known.sorted().joined(separator: ", "))",
        got: "'\(name)'" + NearestName.suggestion(name, in: known))
    }
  }
}
