import Engine

/// What `mg.constraint{…}`, `mg.operator{…}` and `mg.recipe{…}` make, and what is made of these.
public struct LuaDefinition: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case constraint, `operator`, recipe
    /// `mg.noise.gaussian{…}` and its like: part of an operator.
    case noise

    /// What a file may return.
    public static let files: [Kind] = [.constraint, .operator, .recipe]

    /// The keys it may have; `nil` where others decide.
    var keys: [String]? {
      let common = ["name", "summary", "params", "api", "version", "requires", "domain"]
      switch self {
      case .constraint: return common + ["distance", "generate", "project", "metrics"]
      case .operator: return common + ["forward", "linear", "adjoint", "noise"]
      case .recipe, .noise: return nil
      }
    }

    /// The key of the function it cannot do without.
    public var functionKey: String? {
      switch self {
      case .constraint: "distance"
      case .operator: "forward"
      case .recipe, .noise: nil
      }
    }

    /// What the other keys may hold, as Lua names types.
    fileprivate var types: [String: [String]] {
      switch self {
      case .constraint:
        [
          "generate": ["function"], "project": ["function"], "metrics": ["function"],
          "domain": ["table", "function"],
        ]
      case .operator:
        [
          "linear": ["boolean", "function"], "adjoint": ["function"],
          "noise": ["noise", "function"], "domain": ["table", "function"],
        ]
      case .recipe, .noise: [:]
      }
    }
  }

  /// How constraints become one.
  public enum Combination: String, Sendable {
    /// `mg.all{…}`: all hold.
    case sum
    /// `mg.product{…}`: one of them holds.
    case product
  }

  /// The version of the plugin interface this program speaks.
  public static let apiVersion = 1

  public let kind: Kind
  /// Its name; of a recipe, the file's name may stand in for it.
  public let name: String
  public let summary: String
  /// Parameters in the order of their names.
  public let parameters: [ParameterSchema]
  /// Everything as it was written.
  public let fields: LuaTable
  /// What it is made of, if it is made of others: references as in recipes.
  public let parts: [LuaValue]
  /// How the parts of a constraint become one.
  public let combination: Combination
  /// Itself and the definitions it holds, those in these too.
  let size: Int
  /// The file and line it was defined at.
  public let file: String
  public let line: Int
  /// The state it was defined in, as long as that lives.
  private(set) weak var runtime: LuaRuntime?

  init(_ kind: Kind, _ table: LuaTable, caller: LuaCaller) throws(LuaError) {
    self.kind = kind
    fields = table
    parts = []
    combination = .sum
    runtime = caller.runtime
    (file, line) = caller.position
    size = try LuaDefinition.size(holding: table)
    try LuaDefinition.checkKeys(kind, table)
    try LuaDefinition.checkVersion(table["requires"])
    name = try LuaDefinition.text("name", kind, table, required: kind != .recipe)
    summary = try LuaDefinition.text("summary", kind, table, required: false)
    var schemas: [ParameterSchema] = []
    if kind != .recipe { schemas = try LuaDefinition.schemas(kind, table["params"]) }
    parameters = schemas
  }

  /// A definition made of others, or of named fields that were checked already.
  init(
    _ kind: Kind, name: String, summary: String, parts: [LuaValue] = [],
    combination: Combination = .sum, fields: LuaTable = LuaTable(), caller: LuaCaller
  ) throws(LuaError) {
    self.kind = kind
    self.name = name
    self.summary = summary
    self.parts = parts
    self.combination = combination
    self.fields = LuaTable(array: parts, fields: fields.fields)
    size = try LuaDefinition.size(holding: self.fields)
    parameters = []
    runtime = caller.runtime
    (file, line) = caller.position
  }

  /// Definitions in definitions are walked through by recursion and copied where they stand: not without end.
  private static func size(holding table: LuaTable) throws(LuaError) -> Int {
    let size = 1 + held(by: .table(table))
    guard size <= 1000 else {
      throw LuaError(.definition, "a definition holds more than 1000 others, counting theirs")
    }
    return size
  }

  private static func held(by value: LuaValue) -> Int {
    switch value {
    case .definition(let definition): definition.size
    case .table(let table):
      table.array.reduce(0) { min($0 + held(by: $1), 1 << 20) }
        + table.fields.values.reduce(0) { min($0 + held(by: $1), 1 << 20) }
    default: 0
    }
  }

  /// The modules it was built from, by `require`: their files.
  public var modules: [String] { runtime?.moduleFiles ?? [] }

  /// The files it has read so far, by `mg.load`.
  public var dataFiles: [String] { runtime?.dataFiles ?? [] }

  /// The function under an optional key.
  public func function(_ key: String) -> LuaFunctionReference? {
    guard case .function(let function) = fields[key] else { return nil }
    return function
  }

  /// The main function: `distance` or `forward`.
  public var function: LuaFunctionReference? {
    kind.functionKey.flatMap { function($0) }
  }

  /// The parameters' values: what is given, checked, and defaults for the rest.
  ///
  /// - Throws: ``LuaError`` of kind `definition` for an unknown name or a value out of range.
  public func values(for given: LuaTable) throws(LuaError) -> LuaTable {
    guard given.array.isEmpty else {
      throw LuaError(
        .definition, "parameters of '\(name)' are given by name, as in { total = 120 }")
    }
    let names = parameters.map(\.name)
    for key in given.fields.keys.sorted() where !names.contains(key) {
      let known = names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))"
      throw LuaError(
        .definition,
        "\(kind.rawValue) '\(name)' has no parameter '\(key)' (\(known))"
          + NearestName.suggestion(key, in: names))
    }
    var values = LuaTable()
    values.isRecord = true
    for parameter in parameters {
      let value = given[parameter.name]
      values[parameter.name] = value.isNil ? parameter.defaultValue : try parameter.checked(value)
    }
    return values
  }

  private static func checkKeys(_ kind: Kind, _ table: LuaTable) throws(LuaError) {
    guard let keys = kind.keys else { return }
    guard table.array.isEmpty else {
      throw LuaError(.definition, "mg.\(kind.rawValue) takes named fields only: name = …, …")
    }
    for key in table.fields.keys.sorted() where !keys.contains(key) {
      throw LuaError(
        .definition,
        "mg.\(kind.rawValue) has no field '\(key)'" + NearestName.suggestion(key, in: keys),
        hint: "it has \(keys.joined(separator: ", "))")
    }
    let api = table["api"]
    guard api.isNil || api.integer == apiVersion else {
      throw LuaError(
        .definition, "this program speaks api = \(apiVersion), the plugin wants \(api.summary)")
    }
    if let key = kind.functionKey, table[key].typeName != "function" {
      throw LuaError(
        .definition, "mg.\(kind.rawValue) needs '\(key)', a function; got \(table[key].typeName)")
    }
    for (key, types) in kind.types.sorted(by: { $0.key < $1.key }) {
      let value = table[key]
      guard value.isNil || types.contains(value.typeName) else {
        throw LuaError(
          .definition,
          "mg.\(kind.rawValue): '\(key)' must be a \(types.joined(separator: " or a ")), got "
            + value.typeName,
          hint: types.contains("noise")
            ? "for example noise = mg.noise.gaussian { sigma = 0.1 }" : nil)
      }
    }
  }

  /// Whether this program is new enough for a plugin.
  private static func checkVersion(_ requirement: LuaValue) throws(LuaError) {
    if requirement.isNil { return }
    guard let text = requirement.string, let wanted = VersionRequirement(text) else {
      throw LuaError(
        .definition,
        "'requires' must be a version of Moonglass such as \">=1.2\", got \(requirement.summary)")
    }
    guard wanted.isMet(by: .program) else {
      throw LuaError(
        .definition, "the plugin requires Moonglass \(text), this is \(Version.program)",
        hint: "install another version of Moonglass, or of the plugin")
    }
  }

  private static func text(
    _ key: String, _ kind: Kind, _ table: LuaTable, required: Bool
  ) throws(LuaError) -> String {
    let value = table[key]
    if let text = value.string, !required || !text.isEmpty { return text }
    if value.isNil, !required { return "" }
    throw LuaError(.definition, "mg.\(kind.rawValue) needs '\(key)', a text; got \(value.typeName)")
  }

  private static func schemas(_ kind: Kind, _ value: LuaValue) throws(LuaError) -> [ParameterSchema]
  {
    if value.isNil { return [] }
    guard let table = value.table, table.array.isEmpty else {
      throw LuaError(
        .definition,
        "mg.\(kind.rawValue): 'params' must be a table of named parameters, got \(value.typeName)"
      )
    }
    var schemas: [ParameterSchema] = []
    for (name, value) in table.fields.sorted(by: { $0.key < $1.key }) {
      schemas.append(try ParameterSchema(name: name, value))
    }
    return schemas
  }
}
