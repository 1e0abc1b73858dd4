import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Measures a person's own images.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Show the constraint distance of images in .npy or .png files, one by one.")

  @Argument(help: "A constraint: a Lua file or a name.", completion: .file(extensions: ["lua"]))
  var constraint: String

  @Argument(
    help: "Images: [N, C, H, W], [N, H, W] or one image.", completion: .file(extensions: ["npy"]))
  var files: [String]

  @OptionGroup var options: PluginOptions

  @Flag(help: "Report as lines of JSON.")
  var json = false

  private struct Record: Encodable {
    let file: String
    let distances: [Double?]
    let minimum, mean, maximum: Double
    let notFinite: Int
    let metrics: [String: [Double?]]

    enum CodingKeys: String, CodingKey {
      case file, distances, minimum, mean, maximum, metrics
      case notFinite = "not_finite"
    }
  }

  func run() throws {
    try Terminal.reporting(isJSON: json) {
      let constraint = try PluginOptions.registry.constraint(
        named: constraint, parameters: options.table())
      for file in files { try show(file, constraint) }
    }
  }

  private func show(_ file: String, _ constraint: any Constraint) throws {
    let images = try ImageFile.images(file)
    let distances = try constraint.distances(all: images)
    let metrics = try constraint.metrics(images).map { ($0.name, try $0.values.doubles()) }
    let summary = Summary(distances)
    if json {
      return try Terminal.json(
        Record(
          file: file, distances: distances.map(finite), minimum: summary.minimum,
          mean: summary.mean, maximum: summary.maximum, notFinite: summary.notFinite,
          metrics: Dictionary(uniqueKeysWithValues: metrics.map { ($0, $1.map(finite)) })))
    }
    Terminal.line("\(file): \(images.shape), constraint \(constraint.name)")
    let header = ["image", "distance"] + metrics.map(\.0)
    let rows = distances.indices.map { image in
      ["\(image + 1)", text(distances[image])] + metrics.map { text($0.1[image]) }
    }
    for line in Terminal.table([header] + rows) { Terminal.line(line) }
    var last =
      "min \(text(summary.minimum))  mean \(text(summary.mean))  max \(text(summary.maximum))"
    if summary.notFinite > 0 { last += "  not finite \(summary.notFinite)" }
    Terminal.line(last)
  }

  private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
  private func text(_ value: Double) -> String { String(format: "%.6g", value) }
}
