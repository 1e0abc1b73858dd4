import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Lists the plugins that names can mean.
struct PluginList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List constraints and operators: name, summary, file.")

  @Flag(help: "Report as one line of JSON.")
  var json = false

  private struct Entry: Encodable {
    let kind: String
    let name: String
    let summary: String
    let file: String
  }

  func run() throws {
    let registry = PluginOptions.registry
    let entries = [LuaDefinition.Kind.constraint, .operator].flatMap { kind in
      registry.names(of: kind).map { entry($0, kind, registry) }
    }
    if json { return try Terminal.json(entries) }
    let rows = entries.map { [$0.kind, $0.name, $0.summary, $0.file] }
    for line in Terminal.table([["kind", "name", "summary", "file"]] + rows) { Terminal.line(line) }
  }

  /// A plugin that does not load is listed with what is wrong.
  private func entry(_ name: String, _ kind: LuaDefinition.Kind, _ registry: PluginRegistry)
    -> Entry
  {
    guard let file = registry.file(of: name, kind: kind) else {
      return Entry(
        kind: kind.rawValue, name: name, summary: registry.summary(ofBuiltin: name, kind: kind),
        file: "built in")
    }
    var summary: String
    do {
      summary = try registry.definition(file: file).summary
    } catch {
      summary = "does not load: \((error as? any Diagnostic)?.message ?? "\(error)")"
    }
    return Entry(kind: kind.rawValue, name: name, summary: summary, file: file)
  }
}

/// What a plugin says of itself.
struct PluginDocs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docs", abstract: "Show a plugin's summary and parameters.")

  @Argument(help: "A Lua file, or the name of a plugin.", completion: .file(extensions: ["lua"]))
  var plugin: String

  func run() throws {
    try Terminal.reporting {
      let registry = PluginOptions.registry
      let found = try registry.plugin(named: plugin)
      guard let file = found.file else {
        return Terminal.line(
          "\(found.kind.rawValue) \(found.name): built in, of the same parameters as the Lua file")
      }
      show(try registry.definition(file: file))
    }
  }

  private func show(_ definition: LuaDefinition) {
    Terminal.line("\(definition.kind.rawValue) \(definition.name)")
    if !definition.summary.isEmpty { Terminal.line(definition.summary) }
    Terminal.line("\(definition.file):\(definition.line)")
    let optional = [
      "generate", "project", "metrics", "linear", "adjoint", "noise", "domain", "version",
    ]
    let given = optional.filter { !definition.fields[$0].isNil }
    if !given.isEmpty { Terminal.line("has \(given.joined(separator: ", "))") }
    guard !definition.parameters.isEmpty else { return Terminal.line("no parameters") }
    let rows = definition.parameters.map { parameter in
      [parameter.name, parameter.defaultValue.display, range(parameter), parameter.summary]
    }
    Terminal.line("")
    for line in Terminal.table([["parameter", "default", "values", "meaning"]] + rows) {
      Terminal.line(line)
    }
  }

  private func range(_ parameter: ParameterSchema) -> String {
    if !parameter.choices.isEmpty { return parameter.choices.joined(separator: " | ") }
    let type = parameter.isInteger ? "integer" : parameter.defaultValue.typeName
    let bounds = [
      parameter.minimum.map { "≥ \(LuaValue.number($0).display)" },
      parameter.maximum.map { "≤ \(LuaValue.number($0).display)" },
    ].compactMap { $0 }
    return ([type] + bounds).joined(separator: " ")
  }
}

/// How fast a plugin is.
struct PluginBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract:
      "Time a plugin: building its computation, and value with gradient, beside the built-in.")

  @Argument(help: "A Lua file, or the name of a plugin.", completion: .file(extensions: ["lua"]))
  var plugin: String

  @OptionGroup var options: PluginOptions

  @Option(help: "Sizes of the images, as CxHxW.")
  var size = "1x64x64"

  @Option(help: "Images in a batch.")
  var batch = 16

  func run() throws {
    let sizes = try PluginCheckCommand.sizes(size)
    guard (1...4096).contains(batch) else { throw ValidationError("--batch must be in 1…4096") }
    try Terminal.reporting {
      let registry = PluginOptions.registry
      let found = try registry.plugin(named: plugin)
      let parameters = try options.table()
      var rows = [["", "building", "value and gradient"]]
      let own = try timing(found.kind, found.reference, parameters, sizes, registry)
      rows.append(row(found.file ?? found.reference, own))
      let builtin = "swift:\(found.name)"
      if found.file != nil, registry.hasBuiltin(found.name, kind: found.kind) {
        let other = try timing(found.kind, builtin, LuaTable(), sizes, registry)
        rows.append(row(builtin, other))
      }
      Terminal.line("\(batch) images \(size), best of several")
      for line in Terminal.table(rows) { Terminal.line(line) }
    }
  }

  private func row(_ name: String, _ timing: PluginTiming) -> [String] {
    [
      name, String(format: "%.0f µs", timing.building * 1e6),
      String(format: "%.3f ms", timing.evaluation * 1e3),
    ]
  }

  private func timing(
    _ kind: LuaDefinition.Kind, _ name: String, _ parameters: LuaTable, _ sizes: [Int],
    _ registry: PluginRegistry
  ) throws -> PluginTiming {
    if kind == .operator {
      let forward = try registry.forwardOperator(named: name, parameters: parameters)
      return try PluginTiming(size: sizes, batch: batch) { try forward.measure($0).sum() }
    }
    let constraint = try registry.constraint(named: name, parameters: parameters)
    return try PluginTiming(size: sizes, batch: batch) { try constraint.distances($0).sum() }
  }
}
