import Engine

/// What `mg.constraint{…}`, `mg.operator{…}` and `mg.recipe{…}` make.
public struct LuaDefinition: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case constraint, `operator`, recipe

    /// The keys it may have; `nil` where the host decides.
    var keys: [String]? {
      let common = ["name", "summary", "params", "api", "version"]
      switch self {
      case .constraint: return common + ["distance", "generate", "project", "metrics"]
      case .operator: return common + ["forward", "linear", "adjoint", "domain", "noise"]
      case .recipe: return nil
      }
    }

    /// The key of the function it cannot do without.
    public var functionKey: String? {
      switch self {
      case .constraint: "distance"
      case .operator: "forward"
      case .recipe: nil
      }
    }
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
  /// The file and line it was defined at.
  public let file: String
  public let line: Int

  init(
    _ kind: Kind, _ table: LuaTable, file: String, line: Int
  ) throws(LuaError) {
    self.kind = kind
    fields = table
    self.file = file
    self.line = line
    try LuaDefinition.checkKeys(kind, table)
    name = try LuaDefinition.text("name", kind, table, required: kind != .recipe)
    summary = try LuaDefinition.text("summary", kind, table, required: false)
    var schemas: [ParameterSchema] = []
    if kind != .recipe { schemas = try LuaDefinition.schemas(kind, table["params"]) }
    parameters = schemas
  }

  /// The main function: `distance` or `forward`.
  public var function: LuaFunctionReference? {
    guard let key = kind.functionKey, case .function(let function) = fields[key] else { return nil }
    return function
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
    if let key = kind.functionKey, case .function = table[key] { return }
    let key = kind.functionKey ?? ""
    throw LuaError(
      .definition, "mg.\(kind.rawValue) needs '\(key)', a function; got \(table[key].typeName)")
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
