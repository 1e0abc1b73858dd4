import Engine
import LuaBridge

/// Finds constraints and forward operators by what a recipe or a command says of them.
///
/// A reference is a name (`"burgers"`), a path (`"plugins/mine.lua"`), a table with parameters (`{
/// "burgers", nu = 0.1 }`), or a definition written in place (`mg.constraint{…}`). Of a name that
/// is both a Lua file and built in, the Lua file is taken; `lua:name` and `swift:name` choose.
public struct PluginRegistry: Sendable {
  /// Makes something built in from its parameters.
  public typealias Builtin<Thing> = @Sendable (LuaTable) throws -> Thing

  public var searchPath: PluginSearchPath
  public let limits: LuaLimits
  let print: LuaRuntime.Printer
  private let constraints: [String: Builtin<any Constraint>]
  private let operators: [String: Builtin<any ForwardOperator>]
  /// The recipe itself is never taken for a plugin of the same name.
  private var recipeFile: String?
  /// The plugins whose parts are being made, outermost first.
  private var chain: [String] = []
  /// How many parts what is being made may still have, parts of parts included.
  private var allowance = 4096

  /// - Parameters:
  ///   - constraints: those built in, by name.
  ///   - operators: those built in, by name.
  ///   - print: takes what plugins print, a line at a time.
  public init(
    searchPath: PluginSearchPath = PluginSearchPath(),
    constraints: [String: Builtin<any Constraint>] = [:],
    operators: [String: Builtin<any ForwardOperator>] = [:], limits: LuaLimits = LuaLimits(),
    print: @escaping LuaRuntime.Printer = { Swift.print($0) }
  ) {
    self.searchPath = searchPath
    self.constraints = constraints
    self.operators = operators
    self.limits = limits
    self.print = print
  }

  /// Reads a recipe; its plugins are then looked for beside it first.
  ///
  /// - Throws: ``LuaError`` from the file, ``PluginError`` if it is no recipe.
  public func recipe(file path: String) throws -> Recipe {
    let definition = try definition(file: path)
    guard definition.kind == .recipe else {
      throw PluginError.wrongResult(
        file: path, expected: ["recipe"], got: "mg.\(definition.kind.rawValue){…}")
    }
    var registry = self
    registry.recipeFile = path
    registry.searchPath = searchPath.beside(recipe: path)
    return Recipe(definition: definition, registry: registry)
  }

  /// The constraint a reference means.
  public func constraint(_ reference: LuaValue) throws -> any Constraint {
    try resolve(
      reference, kind: .constraint, builtins: constraints
    ) { try $0.makeConstraint($1, $2) }
  }

  /// The constraint of that name or path.
  public func constraint(named name: String, parameters: LuaTable = LuaTable()) throws
    -> any Constraint
  {
    try find(
      name, parameters, kind: .constraint, builtins: constraints
    ) { try $0.makeConstraint($1, $2) }
  }

  /// The forward operator a reference means.
  public func forwardOperator(_ reference: LuaValue) throws -> any ForwardOperator {
    try resolve(reference, kind: .operator, builtins: operators) { try $0.makeOperator($1, $2) }
  }

  /// The forward operator of that name or path.
  public func forwardOperator(
    named name: String, parameters: LuaTable = LuaTable()
  ) throws -> any ForwardOperator {
    try find(name, parameters, kind: .operator, builtins: operators) {
      try $0.makeOperator($1, $2)
    }
  }

  /// The names that can be used for constraints or operators.
  public func names(of kind: LuaDefinition.Kind) -> [String] {
    Set(builtinNames(of: kind) + searchPath.names(subfolder: subfolder(kind))).sorted()
  }

  /// Whether there is a built-in of that name.
  public func hasBuiltin(_ name: String, kind: LuaDefinition.Kind) -> Bool {
    builtinNames(of: kind).contains(name)
  }

  /// A line about a built-in of that name.
  public func summary(ofBuiltin name: String, kind: LuaDefinition.Kind) -> String {
    Self.builtinSummaries[name] ?? "\(kind.rawValue) written in Swift"
  }

  /// The names of what is built in.
  func builtinNames(of kind: LuaDefinition.Kind) -> [String] {
    kind == .constraint ? Array(constraints.keys) : Array(operators.keys)
  }

  /// Loads a Lua file that returns a definition.
  public func definition(file path: String) throws -> LuaDefinition {
    let runtime = try LuaRuntime(
      limits: limits, moduleFolders: searchPath.moduleFolders(for: path), print: print)
    let value = try runtime.load(file: path)
    guard case .definition(let definition) = value, definition.kind != .noise else {
      throw PluginError.wrongResult(
        file: path, expected: LuaDefinition.Kind.files.map(\.rawValue), got: value.summary)
    }
    return definition
  }

  // MARK: Making

  private func makeConstraint(_ definition: LuaDefinition, _ parameters: LuaTable) throws
    -> any Constraint
  {
    guard definition.kind == .constraint, !definition.parts.isEmpty else {
      return try LuaConstraint(definition, parameters: parameters)
    }
    _ = try definition.values(for: parameters)
    let registry = try sharing(among: definition.parts.count)
    let isProduct = definition.combination == .product
    let parts = try definition.parts.map { part in
      let (reference, weight) = isProduct ? (part, 1) : try weighted(part)
      return (weight: weight, constraint: try registry.constraint(reference))
    }
    do throws(EngineError) {
      return isProduct
        ? try ProductConstraint(name: definition.name, parts.map(\.constraint))
        : try WeightedConstraints(name: definition.name, parts: parts)
    } catch {
      throw LuaError(.definition, error.message, file: definition.file, line: definition.line)
    }
  }

  /// Takes the weight off a part of `mg.all`.
  private func weighted(_ part: LuaValue) throws -> (LuaValue, Double) {
    guard var table = part.table else { return (part, 1) }
    let value = table["weight"]
    table["weight"] = .nil
    guard let weight = value.isNil ? 1 : value.double, weight > 0, weight.isFinite else {
      throw LuaError(
        .definition, "mg.all: 'weight' must be a number above 0, got \(value.summary)")
    }
    return (.table(table), weight)
  }

  private func makeOperator(_ definition: LuaDefinition, _ parameters: LuaTable) throws
    -> any ForwardOperator
  {
    guard definition.kind == .operator, !definition.parts.isEmpty else {
      return try LuaForwardOperator(definition, parameters: parameters)
    }
    _ = try definition.values(for: parameters)
    let registry = try sharing(among: definition.parts.count)
    return ComposedOperator(
      name: definition.name,
      parts: try definition.parts.map { try registry.forwardOperator($0) })
  }

  /// The registry for what a plugin is made of: the plugin itself cannot be among it.
  private func entering(_ plugin: String) throws -> PluginRegistry {
    var registry = self
    registry.chain.append(plugin)
    if let first = chain.firstIndex(of: plugin) {
      throw LuaError(
        .definition,
        "plugins name each other in a circle: "
          + registry.chain[first...].joined(separator: " → "))
    }
    guard registry.chain.count <= 32 else {
      throw LuaError(
        .definition,
        "plugins are made of each other more than 32 deep: \(chain.prefix(3).joined(separator: " → ")) → …"
      )
    }
    return registry
  }

  /// The same for a definition given in place, which may well stand in several places.
  private func deeper(_ definition: LuaDefinition) throws -> PluginRegistry {
    try entering("\(definition.name) (part \(chain.count + 1))")
  }

  /// The registry for each of several parts: it has its share of what may still be made.
  private func sharing(among count: Int) throws -> PluginRegistry {
    var registry = self
    registry.allowance = allowance / max(count, 1)
    guard registry.allowance > 0 else {
      throw LuaError(.definition, "a plugin is made of too many parts: at most 4096 in all")
    }
    return registry
  }

  // MARK: Looking up

  private typealias Maker<Thing> = (PluginRegistry, LuaDefinition, LuaTable) throws -> Thing

  private func resolve<Thing>(
    _ reference: LuaValue, kind: LuaDefinition.Kind, builtins: [String: Builtin<Thing>],
    make: Maker<Thing>
  ) throws -> Thing {
    switch reference {
    case .string(let name):
      return try find(name, LuaTable(), kind: kind, builtins: builtins, make: make)
    case .definition(let definition):
      return try make(deeper(definition), definition, LuaTable())
    case .table(let table) where table.array.count == 1:
      let parameters = LuaTable(fields: table.fields)
      if case .definition(let definition) = table.array[0] {
        return try make(deeper(definition), definition, parameters)
      }
      guard let name = table.array[0].string else { fallthrough }
      return try find(name, parameters, kind: kind, builtins: builtins, make: make)
    default:
      let list = reference.table?.array.count ?? 0
      throw PluginError.badReference(
        kind: kind.rawValue, got: list > 1 ? "a list of \(list)" : reference.summary)
    }
  }

  private func find<Thing>(
    _ name: String, _ parameters: LuaTable, kind: LuaDefinition.Kind,
    builtins: [String: Builtin<Thing>],
    make: Maker<Thing>
  ) throws -> Thing {
    let (origin, name) = split(name)
    if origin != "swift" {
      if name.hasSuffix(".lua") || name.contains("/") {
        guard let file = searchPath.file(atPath: name) else {
          throw PluginError.missingFile(path: name, searched: searchPath.roots)
        }
        return try make(entering(file), try definition(file: file, kind: kind), parameters)
      }
      for file in searchPath.files(named: name, subfolder: subfolder(kind)) where file != recipeFile
      {
        let definition = try definition(file: file)
        if definition.kind == kind {
          return try make(entering(file), definition, parameters)
        }
      }
    }
    if origin != "lua", let builtin = builtins[name] { return try builtin(parameters) }
    if let other = [LuaDefinition.Kind.constraint, .operator].first(where: {
      $0 != kind && names(of: $0).contains(name)
    }) {
      throw PluginError.otherKind(kind: kind.rawValue, name: name, other: other.rawValue)
    }
    throw PluginError.unknown(
      kind: kind.rawValue, name: name, known: names(of: kind),
      searched: searchPath.folders + ["built-in \(subfolder(kind))"])
  }

  private func definition(file: String, kind: LuaDefinition.Kind) throws -> LuaDefinition {
    let definition = try definition(file: file)
    guard definition.kind == kind else {
      throw PluginError.wrongResult(
        file: file, expected: [kind.rawValue], got: "mg.\(definition.kind.rawValue){…}")
    }
    return definition
  }

  private func split(_ name: String) -> (origin: String?, name: String) {
    for origin in ["swift", "lua"] where name.hasPrefix(origin + ":") {
      return (origin, String(name.dropFirst(origin.count + 1)))
    }
    return (nil, name)
  }

  /// The file that a name or path means, if it means a Lua file.
  public func file(of name: String, kind: LuaDefinition.Kind) -> String? {
    let (origin, name) = split(name)
    guard origin != "swift" else { return nil }
    if name.hasSuffix(".lua") || name.contains("/") { return searchPath.file(atPath: name) }
    return searchPath.files(named: name, subfolder: subfolder(kind)).first { $0 != recipeFile }
  }

  private func subfolder(_ kind: LuaDefinition.Kind) -> String { kind.rawValue + "s" }
}
