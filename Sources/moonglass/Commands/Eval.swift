import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Measures a person's own images.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Show the constraint distances of images in .npy or .png files.",
    discussion:
      "Shown are a summary and the images that are furthest off; --json gives all of them.")

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
    let minimum, mean, maximum: Double?
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
      var hasNone = false
      for file in files {
        let isFinite = try show(file, constraint)
        hasNone = hasNone || !isFinite
      }
      if hasNone { throw ExitCode(ExitStatus.dataError) }
    }
  }

  /// - Returns: whether any distance is finite.
  private func show(_ file: String, _ constraint: any Constraint) throws -> Bool {
    let images = try ImageFile.images(file)
    let distances = try constraint.distances(all: images)
    let metrics = try constraint.metrics(all: images)
    let summary = Summary(distances)
    let isFinite = summary.count > 0
    if json {
      try Terminal.json(
        Record(
          file: file, distances: distances.map(finite), minimum: isFinite ? summary.minimum : nil,
          mean: isFinite ? summary.mean : nil, maximum: isFinite ? summary.maximum : nil,
          notFinite: summary.notFinite,
          metrics: Dictionary(metrics.map { ($0, $1.map(finite)) }) { first, _ in first }))
      return isFinite
    }
    Terminal.line("\(file): \(images.shape), constraint \(constraint.name)")
    var parts = ["no distance is finite"]
    if isFinite {
      parts = [
        "min \(text(summary.minimum))", "mean \(text(summary.mean))",
        "max \(text(summary.maximum))",
      ]
      if summary.notFinite > 0 { parts.append("not finite \(summary.notFinite)") }
    }
    Terminal.line(parts.joined(separator: "  "))
    // Those without a distance first, then the largest; of equal ones the first.
    let order = distances.indices.sorted { a, b in
      let (left, right) = (rank(distances[a]), rank(distances[b]))
      return left != right ? left > right : a < b
    }
    let shown = order.prefix(Evaluate.limit)
    if shown.count < distances.count {
      Terminal.line("the \(shown.count) of \(distances.count) images that are furthest off:")
    }
    let header = ["image", "distance"] + metrics.map(\.name)
    let rows = (shown.count < distances.count ? Array(shown) : Array(distances.indices)).map {
      image in
      ["\(image + 1)", text(distances[image])] + metrics.map { text($0.values[image]) }
    }
    for line in Terminal.table([header] + rows) { Terminal.line(line) }
    return isFinite
  }

  /// Images that are listed.
  private static let limit = 10

  private func rank(_ distance: Double) -> Double { distance.isFinite ? distance : .infinity }

  private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
  private func text(_ value: Double) -> String { String(format: "%.6g", value) }
}
