import ArgumentParser
import Engine
import Foundation
import Host

/// Runs a recipe from data to report.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Run a recipe: data, mirror map, diffusion models, samples, inverse problems, report.",
    discussion: """
      Stages that are done are kept and what is half done goes on: run the same command again after a \
      stop. The run directory holds metrics.json, report.html and everything to repeat the run.
      """)

  @Argument(help: "The recipe, a Lua file.", completion: .file(extensions: ["lua"]))
  var recipe: String

  @Option(help: "Where to keep the run (default: what the recipe says, else runs/<name>).")
  var output: String?

  @Option(help: "Seed of all random numbers, instead of the recipe's.")
  var seed: UInt64?

  @Option(help: "Threads to compute with (default: all cores).")
  var threads: Int?

  @Flag(help: "Report as lines of JSON on standard output.")
  var json = false

  @OptionGroup var profiling: ProfilingOptions

  func validate() throws {
    if let threads { try Run.validate(threads: threads) }
  }

  static func validate(threads: Int) throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be in 1…1024, got \(threads)")
    }
  }

  func run() throws {
    let progress = ConsoleProgress(isJSON: json)
    if let threads { Threads.count = threads }
    do {
      guard FileManager.default.fileExists(atPath: recipe) else {
        throw CommandError.missingFile(recipe)
      }
      Signals.handle()
      let experiment = try Experiment(
        recipe: recipe, output: output, seed: seed,
        registry: .standard(print: { progress.note("plugin: \($0)") }), progress: progress)
      let trace = experiment.directory.appendingPathComponent("trace.json")
      let metrics = try profiling.collect(progress, usualTrace: trace) { profile in
        Profile.current = profile
        defer { Profile.current = nil }
        return try experiment()
      }
      progress.result(metrics, directory: experiment.directory)
    } catch {
      progress.fail(error)
      throw ExitCode(ExitStatus.of(error))
    }
  }
}
