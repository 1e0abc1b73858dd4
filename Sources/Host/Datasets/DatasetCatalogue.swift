import Engine
import LuaBridge

/// The datasets that can be generated, by name.
///
/// A new dataset is one file and one entry here.
public struct DatasetCatalogue: Sendable {
  /// One kind of dataset.
  public struct Entry: Sendable {
    public let name: String
    /// One line about its images.
    public let summary: String
    let make: @Sendable (inout SettingsReader) throws -> any Dataset
  }

  public static let entries = [
    Entry(
      name: "black_hole",
      summary: "pictures of a black hole's surroundings; pixels add up to `total`"
    ) {
      try BlackHoleDataset(
        size: $0.integer("size", default: 64, in: 16...1024),
        total: $0.number("total", default: 120, in: 1e-9...1e9))
    },
    Entry(
      name: "burgers", summary: "solutions of Burgers' equation; rows are space, columns are time"
    ) {
      try BurgersDataset(
        size: $0.integer("size", default: 64, in: 4...1024),
        substeps: $0.integer("substeps", default: 5, in: 1...100_000),
        timeStep: $0.number("dt", default: 0.025, in: 1e-9...1e3),
        viscosity: $0.number("nu", default: 0.05, in: 0...1e3),
        domain: $0.number("domain", default: 10, in: 1e-9...1e9),
        integrator: $0.choice("integrator", default: .euler))
    },
    Entry(
      name: "galaxies", summary: "radio galaxies on a noisy sky, `fewest` to `most` of them"
    ) {
      let size = try $0.integer("size", default: 128, in: 48...1024)
      let fewest = try $0.integer("fewest", default: 8, in: 0...12)
      let most = try $0.integer("most", default: max(8, fewest), in: fewest...12)
      return try GalaxiesDataset(size: size, objects: fewest...most)
    },
    Entry(
      name: "kolmogorov",
      summary: "velocities of a forced flow without divergence, states of a trajectory side by side"
    ) {
      try KolmogorovDataset(
        size: $0.integer("size", default: 64, in: 8...512),
        reynolds: $0.number("reynolds", default: 1000, in: 1e-3...1e9),
        timeStep: $0.number("dt", default: 0.01, in: 1e-9...1e3),
        substeps: $0.integer("substeps", default: 20, in: 1...100_000),
        start: $0.integer("start", default: 300, in: 0...1_000_000),
        layout: FluidLayout(
          rows: $0.integer("rows", default: 2, in: 1...16),
          columns: $0.integer("columns", default: 4, in: 1...16)))
    },
    Entry(name: "periodic", summary: "unit cells of a random material, tiled two by two") {
      try PeriodicDataset(
        size: $0.integer("size", default: 64, in: 4...1024),
        length: $0.number("length", default: 0.7, in: 0.01...100),
        deviation: $0.number("deviation", default: 0.7, in: 1e-3...1e3),
        isBinary: $0.bool("binary", default: true))
    },
  ]

  /// The names in order.
  public static let names = entries.map(\.name)

  /// Makes a dataset of a kind from settings.
  ///
  /// - Throws: ``RunError/recipe(field:expected:got:)`` for a setting that is unknown or out of range.
  public static func dataset(_ name: String, settings: LuaTable = LuaTable()) throws -> any Dataset
  {
    var reader = SettingsReader(settings, path: name)
    let dataset = try dataset(name, &reader)
    try reader.finish()
    return dataset
  }

  /// Makes a dataset of a kind; other settings may be left in the reader.
  static func dataset(_ name: String, _ reader: inout SettingsReader) throws -> any Dataset {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw RunError.recipe(
        field: "data",
        expected: "\(names.joined(separator: ", ")), a .npy file or a folder of a dataset",
        got: "'\(name)'" + NearestName.suggestion(name, in: names))
    }
    return try entry.make(&reader)
  }
}
