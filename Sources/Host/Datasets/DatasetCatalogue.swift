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
        size: $0.integer("size", default: 64, in: 16...1024, "rows and columns"),
        total: $0.number("total", default: 120, in: 1e-9...1e9, "what the pixels add up to"))
    },
    Entry(
      name: "burgers", summary: "solutions of Burgers' equation; rows are space, columns are time"
    ) {
      try BurgersDataset(
        size: $0.integer("size", default: 64, in: 4...1024, "rows and columns"),
        substeps: $0.integer(
          "substeps", default: 5, in: 1...100_000, "time steps from a column to the next"),
        timeStep: $0.number("dt", default: 0.025, in: 1e-9...1e3, "length of a time step"),
        viscosity: $0.number("nu", default: 0.05, in: 0...1e3, "viscosity"),
        domain: $0.number("domain", default: 10, in: 1e-9...1e9, "length of the interval"),
        integrator: $0.choice("integrator", default: .euler, "how time advances"))
    },
    Entry(
      name: "galaxies", summary: "radio galaxies on a noisy sky, `fewest` to `most` of them"
    ) {
      let counts = GalaxiesDataset.counts
      let size = try $0.integer(
        "size", default: 128, in: GalaxiesDataset.sizes, "rows and columns")
      let fewest = try $0.integer(
        "fewest", default: 8, in: counts, "the smallest number of galaxies")
      let most = try $0.integer(
        "most", default: max(8, fewest), in: fewest...counts.upperBound,
        "the largest number of galaxies")
      return try GalaxiesDataset(size: size, objects: fewest...most)
    },
    Entry(
      name: "kolmogorov",
      summary: "velocities of a forced flow without divergence, states of a trajectory side by side"
    ) {
      try KolmogorovDataset(
        size: $0.integer("size", default: 64, in: 8...512, "rows and columns of a state"),
        reynolds: $0.number("reynolds", default: 1000, in: 1e-3...1e9, "Reynolds number"),
        timeStep: $0.number("dt", default: 0.01, in: 1e-9...1e3, "length of a time step"),
        substeps: $0.integer(
          "substeps", default: 20, in: 1...100_000, "time steps from a state to the next"),
        start: $0.integer(
          "start", default: 300, in: 0...1_000_000, "time steps before the first state"),
        layout: FluidLayout(
          rows: $0.integer("rows", default: 2, in: 1...16, "states above each other"),
          columns: $0.integer("columns", default: 4, in: 1...16, "states side by side")))
    },
    Entry(name: "periodic", summary: "unit cells of a random material, tiled two by two") {
      try PeriodicDataset(
        size: $0.integer("size", default: 64, in: 4...1024, "rows and columns of all four cells"),
        length: $0.number("length", default: 0.7, in: 0.01...100, "correlation length, in cells"),
        deviation: $0.number(
          "deviation", default: 0.7, in: 1e-3...1e3,
          "s: pixels have variance s⁴ before they are clipped"),
        isBinary: $0.bool("binary", default: true, "whether pixels are 0 or 1 only"))
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

  /// What the settings of a dataset are listed under.
  static func listedPath(of name: String) -> String { "data \(name)" }

  /// Makes a dataset of a kind; other settings may be left in the reader.
  static func dataset(_ name: String, _ reader: inout SettingsReader) throws -> any Dataset {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw RunError.recipe(
        field: "data",
        expected: "\(names.joined(separator: ", ")), a .npy file or a folder of a dataset",
        got: "'\(name)'" + NearestName.suggestion(name, in: names))
    }
    reader.list(as: listedPath(of: name))
    return try entry.make(&reader)
  }
}
