import Engine
import Foundation
import LuaBridge

/// Proves a plugin: everything that training, sampling and solving rely on, tried out.
public struct PluginCheck: Sendable {
  public let registry: PluginRegistry
  /// The plugin's parameters.
  public var parameters = LuaTable()
  /// Sizes `[C, H, W]` of the images to try; found out if `nil`.
  public var size: [Int]?
  /// Images that obey the rule, `[N, C, H, W]` with N of at least 4, and what to call them.
  public var validImages: (images: Tensor, name: String)?
  public var seed: UInt64 = 0

  public init(registry: PluginRegistry) { self.registry = registry }

  /// Checks a plugin by path or name.
  ///
  /// - Throws: ``PluginError`` if there is none; what is wrong with one that exists is in the report.
  public func callAsFunction(_ name: String) throws -> PluginReport {
    let found = try registry.plugin(named: name)
    var report = PluginReport(kind: found.kind.rawValue, name: found.name, file: found.file)
    var list = CheckList()
    switch found.kind {
    case .operator: checkOperator(found, &report, &list)
    default: checkConstraint(found, &report, &list)
    }
    report.results = list.results
    return report
  }

  private func describe(_ definition: LuaDefinition?, _ values: LuaTable?) -> CheckOutcome {
    guard let definition, let values, !values.fields.isEmpty else { return .pass("none") }
    let texts = definition.parameters.map { "\($0.name) = \(values[$0.name].display)" }
    return .pass(texts.joined(separator: ", "))
  }

  private func checkConstraint(
    _ found: PluginRegistry.Plugin, _ report: inout PluginReport, _ list: inout CheckList
  ) {
    var loaded: (any Constraint)?
    let load = { try registry.constraint(named: found.reference, parameters: parameters) }
    list.run("loads") {
      if let problem = found.problem { throw problem }
      loaded = try load()
      return .pass(found.file ?? "built in")
    }
    guard let constraint = loaded else { return }
    let lua = constraint as? LuaConstraint
    list.run("parameters") { describe(lua?.definition, lua?.parameters) }
    let valid = {
      try validImages ?? constraint.generate(count: 8, seed: seed).map { ($0, "generate") }
    }
    let images = probeImages(valid, constraint.domain, &report, &list) {
      _ = try constraint.distances($0)
    }
    guard let images else { return }
    ConstraintChecks(
      constraint: constraint, probes: images, runtime: lua?.definition.function?.runtime,
      reload: load
    ).run(&list)
  }

  private func checkOperator(
    _ found: PluginRegistry.Plugin, _ report: inout PluginReport, _ list: inout CheckList
  ) {
    var loaded: (any ForwardOperator)?
    let load = { try registry.forwardOperator(named: found.reference, parameters: parameters) }
    list.run("loads") {
      loaded = try load()
      return .pass(found.file ?? "built in")
    }
    guard let forwardOperator = loaded else { return }
    let lua = forwardOperator as? LuaForwardOperator
    list.run("parameters") { describe(lua?.definition, lua?.parameters) }
    let images = probeImages({ validImages }, forwardOperator.domain, &report, &list) {
      _ = try forwardOperator.measure($0)
    }
    guard let images else { return }
    OperatorChecks(
      forwardOperator: forwardOperator, probes: images, runtime: lua?.definition.function?.runtime,
      reload: load
    ).run(&list)
  }

  /// The images that everything is tried on, of a size that the plugin takes; `nil` after a failure, which is
  /// in the list then.
  private func probeImages(
    _ valid: () throws -> (images: Tensor, name: String)?, _ domain: ImageDomain,
    _ report: inout PluginReport, _ list: inout CheckList, attempt: (Tensor) throws -> Void
  ) -> ProbeImages? {
    var images: ProbeImages?
    var sizes: [Int] = []
    list.run("images") {
      let valid = try valid()
      do {
        sizes = try size(of: valid?.images, domain) {
          try attempt(.placeholder("x", shape: Shape([2] + $0)))
        }
      } catch  where size == nil && valid == nil {
        let problem = PluginProblem(error)
        return .fail(
          problem.message,
          hint: problem.hint
            ?? (PluginCheck.isAboutSizes(error)
              ? "if it is for images of one size only, name that: --size CxHxW" : nil),
          fault: PluginFault(error))
      }
      images = try ProbeImages(
        size: sizes, valid: valid?.images, origin: valid.map { "images of \($0.name)" } ?? "",
        domain: domain,
        seed: seed)
      return .pass("tried on images of \(sizes.map(String.init).joined(separator: "×")) (C×H×W)")
    }
    if images != nil { report.imageSize = sizes }
    return images
  }

  /// Whether an error may be one of an image's sizes.
  private static func isAboutSizes(_ error: any Error) -> Bool {
    let text = (error as? any Diagnostic)?.message ?? ""
    let others = [
      "is not defined", "has no method", "has no function", "has no field", "bad argument",
      "attempt to", "there is no parameter", "too many arguments", " must return ",
    ]
    return !others.contains { text.contains($0) }
  }

  /// The sizes to try: those asked for, those of the data, else the first usual ones that work.
  private func size(
    of images: Tensor?, _ domain: ImageDomain, _ attempt: ([Int]) throws -> Void
  ) throws -> [Int] {
    if let size { return size }
    if let images { return Array(images.shape.dimensions.dropFirst()) }
    // One to three channels; squares, two rows of four squares (states of a flow in time), and upright.
    let usual = [16, 32, 64].flatMap { side in
      [(side, side), (side, 2 * side), (2 * side, side)].flatMap { (height, width) in
        (1...3).map { [$0, height, width] }
      }
    }.map(domain.sizes)
    var first: (any Error)?
    let clock = ContinuousClock()
    let end = clock.now + .seconds(3)
    for candidate in usual where first == nil || clock.now < end {
      do {
        try attempt(candidate)
        return candidate
      } catch let error as LuaError where [.interrupted, .memory].contains(error.kind) {
        throw error
      } catch {
        first = first ?? error
      }
    }
    // What is wrong with the simplest one tells most.
    if let first { throw first }
    return usual[0]
  }
}

extension PluginRegistry {
  /// A plugin as a name or path found it.
  public struct Plugin: Sendable {
    public let kind: LuaDefinition.Kind
    public let name: String
    /// The Lua file; `nil` for one that is built in.
    public let file: String?
    /// What finds it again.
    public let reference: String
    /// Why the file does not load.
    public var problem: (any Error)?
  }

  /// The constraint or operator a name or path means, without making it.
  ///
  /// A file that does not load counts as a constraint: looking closer says what is wrong.
  ///
  /// - Throws: ``PluginError`` if there is none.
  public func plugin(named name: String) throws -> Plugin {
    for kind in [LuaDefinition.Kind.constraint, .operator] {
      if let file = file(of: name, kind: kind) {
        let path = file.contains("/") || file.hasSuffix(".lua") ? file : "./\(file)"
        do {
          let definition = try definition(file: file)
          return Plugin(
            kind: definition.kind, name: definition.name, file: file, reference: path)
        } catch {
          return Plugin(kind: kind, name: name, file: file, reference: path, problem: error)
        }
      }
      if builtinNames(of: kind).contains(name.replacing("swift:", with: "")) {
        return Plugin(kind: kind, name: name, file: nil, reference: name)
      }
    }
    if name.hasSuffix(".lua") || name.contains("/") {
      throw PluginError.missingFile(path: name, searched: searchPath.roots)
    }
    throw PluginError.unknown(
      kind: "plugin", name: name, known: names(of: .constraint) + names(of: .operator),
      searched: searchPath.folders)
  }
}

extension LuaValue {
  /// A parameter's value as a script writes it.
  public var display: String {
    switch self {
    case .string(let text): "\"\(text)\""
    case .table(let table) where table.array.isEmpty && table.fields.isEmpty: "{}"
    case .table(let table):
      "{ "
        + (table.array.map(\.display)
        + table.fields.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.display)" })
        .joined(separator: ", ") + " }"
    default: summary
    }
  }
}
