import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Makes data of a constraint's own examples.
struct PluginGenerate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Write images that a constraint's 'generate' makes to a .npy file, for recipes.")

  @Argument(help: "A constraint: a Lua file or a name.", completion: .file(extensions: ["lua"]))
  var constraint: String

  @Argument(help: "The .npy file to write.")
  var output: String

  @OptionGroup var options: PluginOptions

  @Option(help: "Number of images.")
  var count = 1000

  @Option(help: "Same seed, same images.")
  var seed: UInt64 = 0

  func validate() throws {
    guard (1...10_000_000).contains(count) else {
      throw ValidationError("--count must be in 1…10000000, got \(count)")
    }
    guard output.hasSuffix(".npy") else {
      throw ValidationError("the output must be a .npy file, got '\(output)'")
    }
  }

  func run() throws {
    try Terminal.reporting {
      let constraint = try PluginOptions.registry.constraint(
        named: constraint, parameters: options.table())
      guard let images = try constraint.generate(count: count, seed: seed) else {
        throw PluginError.missingPart(
          name: constraint.name, source: constraint.source, part: "generate(count, p, rng)")
      }
      try NPY.write(images, to: output)
      let distances = Summary(try constraint.distances(all: images))
      Terminal.line(
        "\(output): \(images.shape), distance at most \(String(format: "%.3g", distances.maximum))")
    }
  }
}
