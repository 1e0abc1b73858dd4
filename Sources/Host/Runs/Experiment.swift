import Engine
import Foundation
import LuaBridge

/// A whole experiment: data, mirror map, mirror diffusion model and its baseline, samples, inverse problems,
/// numbers and a report. Every part is a ``Stage``: what is done is kept, what is half done goes on.
public struct Experiment {
  let recipe: Recipe
  var settings: ExperimentSettings
  let constraint: any Constraint
  let forwardOperator: (any ForwardOperator)?
  let run: RunDirectory
  let progress: any ProgressReporter
  /// What was warned of so far.
  let warnings: WarningLog

  /// Reads the recipe and opens its run directory.
  ///
  /// - Parameters:
  ///   - output: where the run is kept instead of where the recipe says.
  ///   - seed: instead of the recipe's.
  /// - Throws: what is wrong with the recipe or its plugins; nothing has been written then but the network
  ///   of a `counter` that the recipe asks for.
  public init(
    recipe path: String, output: String? = nil, seed: UInt64? = nil, registry: PluginRegistry,
    progress: any ProgressReporter
  ) throws {
    let recipe = try registry.recipe(file: path)
    self.recipe = recipe
    // Of what a recipe says, only its data are looked at here.
    var settings = try recipe.locating("data") { try ExperimentSettings(recipe) }
    if let output { settings.output = output }
    if let seed { settings.seed = seed }
    self.settings = settings
    try recipe.locating("counter") { try settings.counter?.makeIfMissing(progress: progress) }
    guard let constraint = try recipe.locating("constraint", { try recipe.constraint() }) else {
      throw RunError.recipe(field: "constraint", expected: "a constraint", got: "nothing")
    }
    self.constraint = constraint
    let forwardOperator = try recipe.locating("operator") { try recipe.forwardOperator() }
    if let forwardOperator {
      try recipe.locating { try recipe.checkNoise(of: forwardOperator) }
    }
    self.forwardOperator = forwardOperator
    let log = WarningLog(progress)
    (self.progress, warnings) = (log, log)
    run = try RunDirectory(URL(fileURLWithPath: settings.output))
  }

  /// Where the run is kept.
  public var directory: URL { run.url }

  /// Runs every stage that is not done.
  ///
  /// - Returns: the numbers, as in `metrics.json`.
  /// - Throws: ``RunError/interrupted(_:)`` when a stop was asked for, and what goes wrong; in either case
  ///   the same call goes on from where it was.
  public func callAsFunction() throws -> ExperimentMetrics {
    try recipe.locating { try runStages() }
  }

  private func runStages() throws -> ExperimentMetrics {
    try recordOrigin()
    let data = try makeData()
    return try choosingActivation(for: data).runStages(on: data)
  }

  private func runStages(on data: Data) throws -> ExperimentMetrics {
    let namm = try trainMirrorMap(data)
    let mdm = try trainMirrorModel(data, namm)
    let finetuned = try finetuneMirrorMap(data, namm, mdm)
    let map = finetuned ?? namm
    let dm = try trainPlainModel(
      data, budget: namm.seconds + mdm.seconds + (finetuned?.seconds ?? 0),
      after: [namm.stage, mdm.stage] + (finetuned.map { [$0.stage] } ?? []))
    let samples = try sample(data, map, mdm, dm)
    let autoencoders = try autoencoders(data, map)
    let solutions = try solve(data, map, mdm, dm)
    let metrics = try evaluate(
      data, namm, finetuned, mdm, dm, samples, autoencoders, solutions)
    progress.note("samples: \(place(of: samples.stage))")
    if let solutions { progress.note("solutions: \(place(of: solutions.stage))") }
    return metrics
  }

  /// A stage's folder as a person at the console names it.
  private func place(of stage: Stage) -> String {
    "\(settings.output)/stages/\(stage.directory.lastPathComponent)/"
  }

  // MARK: What the run is

  /// Keeps what is needed to repeat the run: the recipe, the plugins' sources with their hashes, the seed.
  private func recordOrigin() throws {
    struct Origin: Codable {
      var recipe: String
      var recipeHash: String
      var seed: UInt64
      var threads: Int
      var sources: [String: String]
    }
    var sources: [String: String] = [:]
    for (label, file) in sourceFiles {
      let bytes = try SafeFile.bytes(of: URL(fileURLWithPath: file))
      sources[file] = SHA256.hexDigest(of: bytes)
      try run.write(String(decoding: bytes, as: UTF8.self), as: "\(label).lua")
    }
    try run.write(
      Origin(
        recipe: recipe.file, recipeHash: sources[recipe.file] ?? "", seed: settings.seed,
        threads: Threads.count, sources: sources), as: "run.json")
  }

  /// Every Lua file the run is made of, under the name it is kept by: a plugin's own file first, then
  /// the modules it requires.
  private var sourceFiles: [(label: String, file: String)] {
    func files(_ label: String, _ plugins: [BoundPlugin]) -> [(String, String)] {
      plugins.flatMap(\.files).enumerated().map { index, file in
        (index == 0 ? label : "\(label)_\(index + 1)", file)
      }
    }
    return [("recipe", recipe.file)] + files("constraint", constraint.plugins)
      + files("operator", forwardOperator?.plugins ?? [])
  }

  /// What the recipe says under a name, as text for fingerprints.
  func written(_ names: String...) throws -> [String] {
    try names.map { "\($0)=\(try recipe.values[$0].canonical())" } + ["seed=\(settings.seed)"]
  }

  /// Everything that decides what a constraint or an operator computes: its sources and its parameters.
  private func identity(_ plugins: [BoundPlugin]) throws -> String {
    try plugins.map { plugin in
      let hashes = try (plugin.files + plugin.dataFiles).map {
        SHA256.hexDigest(of: try SafeFile.bytes(of: URL(fileURLWithPath: $0)))
      }
      return
        "\(plugin.definition.name) \(hashes.joined(separator: " ")) \(try plugin.parameters.canonical())"
    }.joined(separator: "; ")
  }

  func constraintIdentity() throws -> String {
    guard constraint is LuaConstraint else {
      return try written("constraint")[0] + identity(constraint.plugins) + constraint.contentHash
    }
    return try identity(constraint.plugins)
  }

  func operatorIdentity() throws -> String {
    guard let forwardOperator, forwardOperator is LuaForwardOperator else {
      return try written("operator")[0] + identity(forwardOperator?.plugins ?? [])
    }
    return try identity(forwardOperator.plugins)
  }
}

extension DispatchTime {
  /// Seconds since this time.
  var elapsed: Double { Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) * 1e-9 }
}

/// A number for a line of progress.
func short(_ value: Double) -> String { String(format: "%.4g", value) }
