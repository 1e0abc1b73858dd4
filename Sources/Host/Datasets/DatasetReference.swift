import Engine
import Foundation
import LuaBridge

/// What a recipe's `data` means: a generator by name, or a file of images.
public enum DatasetReference: Sendable {
  case generated(any Dataset)
  /// A `.npy` file of images `[N, C, H, W]` or `[N, H, W]`.
  case file(String)

  /// The names of the generators.
  static let names = ["black_hole", "burgers"]

  /// - Parameter reader: gives the generator's own settings.
  init(_ name: String, _ reader: inout SettingsReader) throws {
    if name.hasSuffix(".npy") {
      self = .file(name)
      return
    }
    let size = try reader.integer("size", default: 64, in: 4...1024)
    switch name {
    case "burgers":
      self = .generated(
        try BurgersDataset(
          size: size, substeps: try reader.integer("substeps", default: 5, in: 1...100_000),
          timeStep: try reader.number("dt", default: 0.025, in: 1e-9...1e3),
          viscosity: try reader.number("nu", default: 0.05, in: 0...1e3),
          domain: try reader.number("domain", default: 10, in: 1e-9...1e9),
          integrator: try reader.choice("integrator", default: .euler)))
    case "black_hole":
      self = .generated(
        try BlackHoleDataset(
          size: size, total: try reader.number("total", default: 120, in: 1e-9...1e9)))
    default:
      throw RunError.recipe(
        field: "data",
        expected: "\(DatasetReference.names.joined(separator: ", ")), or a .npy file",
        got: "'\(name)'" + NearestName.suggestion(name, in: DatasetReference.names))
    }
  }

  /// Images to train on and images kept back, as Float32 `[N, C, H, W]`.
  ///
  /// - Parameter directory: where a relative file is looked for.
  public func images(count: Int, testCount: Int, seed: UInt64, relativeTo directory: String) throws
    -> (train: Tensor, test: Tensor)
  {
    switch self {
    case .generated(let dataset):
      // Image i depends on seed and i alone: the test images are simply the ones after.
      let all = try dataset.generate(count: count + testCount, seed: seed)
      return (
        try all.sliced(axis: 0, from: 0, to: count),
        try all.sliced(axis: 0, from: count, to: count + testCount)
      )
    case .file(let path):
      let place = DatasetReference.place(of: path, in: directory)
      var all = try NPY.read(place).cast(to: .float32)
      if all.rank == 3 { all = try all.expanded(axis: 1) }
      guard all.rank == 4, all.shape[0] > testCount else {
        throw EngineError.file(
          path: place,
          reason:
            "expected images [N, C, H, W] with N above \(testCount) (the test images), got \(all.shape)"
        )
      }
      let available = all.shape[0] - testCount
      return (
        try all.sliced(axis: 0, from: 0, to: min(count, available)),
        try all.sliced(axis: 0, from: available, to: all.shape[0])
      )
    }
  }

  private static func place(of path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }

  /// SHA-256 of the images' file; empty for a generator, whose settings say it all.
  func contentHash(relativeTo directory: String) throws -> String {
    guard case .file(let path) = self else { return "" }
    let url = URL(fileURLWithPath: DatasetReference.place(of: path, in: directory))
    return SHA256.hexDigest(of: try SafeFile.bytes(of: url))
  }

  /// What a report calls it.
  var summary: String {
    switch self {
    case .generated(let dataset): dataset.name
    case .file(let path): path
    }
  }
}
