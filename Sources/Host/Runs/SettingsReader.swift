import Engine
import LuaBridge

/// Reads the settings of one table of a recipe; what is wrong or unknown is an error that names the field.
struct SettingsReader {
  private let table: LuaTable
  /// What the table is called in messages, such as `namm`; empty for the recipe itself.
  private let path: String
  private var known: [String] = []
  /// Is told of every field that is asked for, where somebody lists them.
  private let log: SettingsLog?
  private var listedPath: String

  init(_ table: LuaTable, path: String, log: SettingsLog? = nil) {
    self.table = table
    self.path = path
    self.log = log
    listedPath = path
  }

  /// The name of a field in messages.
  func field(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The raw value of a field.
  ///
  /// - Parameters:
  ///   - standard: what a missing field means, for the list of settings; so are the next two.
  ///   - values: what it may be.
  ///   - meaning: what it is, in a few words.
  mutating func value(
    _ name: String, default standard: String = "", values: String = "", _ meaning: String = ""
  ) -> LuaValue {
    known.append(name)
    log?.note(
      SettingsLog.Entry(
        path: listedPath, name: name, standard: standard, values: values, meaning: meaning))
    return table[name]
  }

  /// Whether the table does not say anything of a field.
  func isMissing(_ name: String) -> Bool { table[name].isNil }

  /// Has the fields that are asked for from now on listed under another path: `data`, of one dataset.
  mutating func list(as path: String) { listedPath = path }

  /// A whole number in a range.
  mutating func integer(
    _ name: String, default standard: Int, in range: ClosedRange<Int>, _ meaning: String = ""
  ) throws -> Int {
    let value = value(
      name, default: "\(standard)", values: SettingsLog.text(of: range), meaning)
    if value.isNil { return standard }
    guard let integer = value.integer, range.contains(integer) else {
      throw RunError.recipe(
        field: field(name), expected: "a whole number in \(range.lowerBound)…\(range.upperBound)",
        got: value.summary)
    }
    return integer
  }

  /// A finite number in a range.
  mutating func number(
    _ name: String, default standard: Double, in range: ClosedRange<Double>,
    _ meaning: String = ""
  ) throws -> Double {
    let value = value(
      name, default: short(standard),
      values: "\(range.lowerBound.listed)…\(range.upperBound.listed)", meaning)
    if value.isNil { return standard }
    guard let number = value.double, range.contains(number) else {
      throw RunError.recipe(
        field: field(name),
        expected: "a number in \(short(range.lowerBound))…\(short(range.upperBound))",
        got: value.summary)
    }
    return number
  }

  mutating func bool(_ name: String, default standard: Bool, _ meaning: String = "") throws -> Bool
  {
    let value = value(name, default: "\(standard)", values: "true, false", meaning)
    if value.isNil { return standard }
    guard let bool = value.bool else {
      throw RunError.recipe(field: field(name), expected: "true or false", got: value.summary)
    }
    return bool
  }

  /// - Parameters:
  ///   - shown: the default as the list of settings gives it, if not as it is.
  ///   - values: what it may be, for that list.
  mutating func text(
    _ name: String, default standard: String, shown: String? = nil, values: String = "a text",
    _ meaning: String = ""
  ) throws -> String {
    try optionalText(name, default: shown ?? "\"\(standard)\"", values: values, meaning) ?? standard
  }

  mutating func optionalText(
    _ name: String, default standard: String = "", values: String = "a text",
    _ meaning: String = ""
  ) throws -> String? {
    let value = value(name, default: standard, values: values, meaning)
    if value.isNil { return nil }
    guard let text = value.string, !text.isEmpty else {
      throw RunError.recipe(field: field(name), expected: "a text", got: value.summary)
    }
    return text
  }

  /// One of the names of an enumeration.
  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default standard: Choice, shown: String? = nil, _ meaning: String = ""
  ) throws
    -> Choice where Choice.RawValue == String
  {
    let values = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    let text = try text(name, default: standard.rawValue, shown: shown, values: values, meaning)
    if let choice = Choice(rawValue: text) { return choice }
    throw RunError.recipe(
      field: field(name),
      expected: Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "),
      got: "'\(text)'" + NearestName.suggestion(text, in: Choice.allCases.map(\.rawValue)))
  }

  /// A list of whole numbers in a range.
  mutating func integers(
    _ name: String, default standard: [Int], in range: ClosedRange<Int>, _ meaning: String = ""
  ) throws -> [Int] {
    let value = value(
      name, default: "{ \(standard.map(String.init).joined(separator: ", ")) }",
      values: "a list of \(SettingsLog.text(of: range))", meaning)
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
    known.append(name)
    let value = table[name]
    guard value.isNil || value.table?.array.isEmpty == true else {
      throw RunError.recipe(
        field: field(name), expected: "a table { name = value, … }", got: value.summary)
    }
    return SettingsReader(value.table ?? LuaTable(), path: field(name), log: log)
  }

  /// A table of settings inside this one, if it is there; where settings are listed, always.
  mutating func optionalTable(_ name: String) throws -> SettingsReader? {
    let inner = try table(name)
    return table[name].isNil && log == nil ? nil : inner
  }

  /// Sees that every field was one that is known.
  ///
  /// - Throws: ``RunError/unknownSetting(path:name:known:)`` naming the nearest field.
  func finish() throws {
    guard table.array.isEmpty else {
      throw RunError.recipe(
        field: path.isEmpty ? "a recipe" : "'\(path)'", expected: "made of named fields only",
        got: "\(table.array.count) without a name")
    }
    for name in table.fields.keys.sorted() where !known.contains(name) {
      throw RunError.unknownSetting(path: path, name: name, known: known.sorted())
    }
  }
}
