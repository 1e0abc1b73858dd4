import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Datasets as folders.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make, import and list datasets.",
    subcommands: [DataMake.self, DataImport.self, DataList.self])
}

/// Generates images into a folder.
struct DataMake: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make",
    abstract: "Generate images of a dataset into a folder.",
    discussion: """
      The same name, settings and seed give the same bytes. Run it again after a stop to go on, or with a \
      larger count to extend the folder. Recipes use the folder as data = { "path/to/folder", … }, \
      relative to the recipe; a path needs a slash.
      """)

  @Argument(help: "The dataset: \(DatasetCatalogue.names.joined(separator: ", ")).")
  var name: String

  @Option(help: "Number of images.")
  var count = 1000

  @Option(help: "Seed of all random numbers.")
  var seed: UInt64 = 0

  @Option(help: "The folder (default: data/<name>).", completion: .directory)
  var output: String?

  @Option(help: "A setting of the dataset, such as size=32; may be given several times.")
  var set: [String] = []

  @OptionGroup var reporting: ReportingOptions

  func validate() throws {
    guard (1...100_000_000).contains(count) else {
      throw ValidationError("--count must be in 1…100000000, got \(count)")
    }
    for setting in set where setting.split(separator: "=", maxSplits: 1).count != 2 {
      throw ValidationError("--set must be NAME=VALUE, got '\(setting)'")
    }
  }

  func run() throws {
    try reporting.run { progress in
      let dataset = try DatasetCatalogue.dataset(name, settings: settings)
      let folder = try DatasetFolder.make(
        dataset, count: count, seed: seed,
        in: URL(fileURLWithPath: output ?? "data/\(dataset.name)"), progress: progress)
      progress.note(
        "\(folder.description.count) images \(dataset.imageShape) in \(folder.url.path)")
    }
  }

  private var settings: LuaTable {
    var fields: [String: LuaValue] = [:]
    for setting in set {
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      let text = parts[1]
      fields[parts[0]] =
        Int(text).map { .integer($0) } ?? Double(text).map { .number($0) }
        ?? Bool(text).map { .bool($0) } ?? .string(text)
    }
    return LuaTable(fields: fields)
  }
}

/// Makes a dataset of somebody's own images.
struct DataImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a dataset of a folder of .png and .npy images.",
    discussion: """
      Files are taken in the order of their names. A .npy file holds one image [H, W], some grey ones \
      [N, H, W], or some of any channels [N, C, H, W]. All images must be of one shape.
      """)

  @Argument(help: "The folder of images.", completion: .directory)
  var source: String

  @Option(
    help: "The dataset's folder (default: data/<name of the source>).", completion: .directory)
  var output: String?

  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting.run { progress in
      let url = URL(fileURLWithPath: source)
      let place = output ?? "data/\(url.lastPathComponent)"
      let folder = try DatasetFolder.importing(
        url, into: URL(fileURLWithPath: place), progress: progress)
      let count = folder.description.count
      let test = min(64, max(2, count / 5))
      let path = place.hasSuffix("/") ? place : place + "/"
      progress.note(
        "in a recipe beside \(path): data = { \"\(path)\", count = \(count - test), test = \(test) }"
      )
    }
  }
}

/// Says what there is.
struct DataList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the datasets that can be made, with their settings, and those in folders.")

  @Argument(help: "Where to look for folders of datasets.", completion: .directory)
  var folder = "data"

  func run() throws {
    for entry in DatasetCatalogue.entries {
      let dataset = try DatasetCatalogue.dataset(entry.name)
      let settings = dataset.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      print("\(entry.name): \(entry.summary)")
      print("    \(dataset.imageShape)  \(settings.joined(separator: " "))")
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names.sorted() {
      let url = URL(fileURLWithPath: folder).appendingPathComponent(name)
      guard let found = try? DatasetFolder(url).description else { continue }
      print(
        "\(folder)/\(name): \(found.count) images \(Shape(found.imageShape)) of \(found.name), "
          + "seed \(found.seed)")
    }
  }
}
