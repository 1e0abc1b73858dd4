import Engine
import Foundation
import LuaBridge

/// What a recipe's `data` means: a generator by name, a file of images, or a folder of a dataset.
public enum DatasetReference: Sendable {
  case generated(any Dataset)
  /// A `.npy` file of images `[N, C, H, W]` or `[N, H, W]`.
  case file(String)
  /// A folder that `moonglass data` made.
  case folder(String)

  /// - Parameters:
  ///   - name: a generator's name, a path that ends in `.npy`, or any other path with a `/`.
  ///   - reader: gives the generator's own settings.
  ///   - folder: where the recipe lies.
  init(_ name: String, _ reader: inout SettingsReader, besideRecipeIn folder: String = ".") throws {
    try DatasetReference.checkSlash(of: name, in: folder)
    if name.hasSuffix(".npy") {
      self = .file(name)
    } else if name.contains("/") {
      self = .folder(name)
    } else {
      self = .generated(try DatasetCatalogue.dataset(name, &reader))
    }
  }

  /// A folder's name alone means a generator: somebody may have meant the folder.
  private static func checkSlash(of name: String, in directory: String) throws {
    guard !name.contains("/"), !name.hasSuffix(".npy"), !DatasetCatalogue.names.contains(name)
    else {
      return
    }
    for folder in ["data/\(name)", name]
    where FileManager.default.fileExists(
      atPath: "\(directory)/\(folder)/\(DatasetFolder.descriptionName)")
    {
      throw RunError.recipe(
        field: "data", expected: "a folder written with a slash, \"\(folder)/\"",
        got: "\"\(name)\"")
    }
  }

  /// Images to train on and images kept back, as Float32 `[N, C, H, W]`.
  ///
  /// Of a file or a folder the last `testCount` images are kept back, whatever `count` is.
  ///
  /// - Parameter directory: where a relative path is looked for.
  public func images(count: Int, testCount: Int, seed: UInt64, relativeTo directory: String) throws
    -> (train: Tensor, test: Tensor)
  {
    switch self {
    case .generated(let dataset):
      // Image i depends on seed and i alone: the test images are simply the ones after.
      return (
        try dataset.generate(0..<count, seed: seed),
        try dataset.generate(count..<count + testCount, seed: seed)
      )
    case .file(let path):
      let place = DatasetReference.place(of: path, in: directory)
      var all = try NPY.read(place).cast(to: .float32)
      if all.rank == 3 { all = try all.expanded(axis: 1) }
      try ImageLayout.checkChannelsFirst(all.shape, in: place)
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
    case .folder(let path):
      let folder = try DatasetFolder(
        URL(fileURLWithPath: DatasetReference.place(of: path, in: directory)))
      let available = folder.description.count - testCount
      guard available > 0 else {
        throw EngineError.file(
          path: folder.url.path,
          reason: "expected more than the \(testCount) test images, it holds "
            + "\(folder.description.count)")
      }
      return (
        try folder.images(0..<min(count, available)),
        try folder.images(available..<folder.description.count)
      )
    }
  }

  /// Channels of an image, and how many images there are; no number where as many are made as are wanted.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` where a file or a folder cannot be read.
  func extent(relativeTo directory: String) throws -> (channels: Int, count: Int?) {
    switch self {
    case .generated(let dataset): return (dataset.imageShape[0], nil)
    case .file(let path):
      let shape = try NPY.read(DatasetReference.place(of: path, in: directory)).shape
      return (shape.rank == 4 ? shape[1] : 1, shape.dimensions.first ?? 1)
    case .folder(let path):
      let url = URL(fileURLWithPath: DatasetReference.place(of: path, in: directory))
      let description = try DatasetFolder(url).description
      return (description.imageShape[0], description.count)
    }
  }

  private static func place(of path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }

  /// SHA-256 of the files the images are read from; empty for a generator, whose settings say it all.
  func contentHash(relativeTo directory: String) throws -> String {
    switch self {
    case .generated: return ""
    case .file(let path):
      let url = URL(fileURLWithPath: DatasetReference.place(of: path, in: directory))
      return SHA256.hexDigest(of: try SafeFile.bytes(of: url))
    case .folder(let path):
      let url = URL(fileURLWithPath: DatasetReference.place(of: path, in: directory))
      return try DatasetFolder(url).contentHash()
    }
  }

  /// The file or folder it is read from, as the recipe names it; `nil` for a generator.
  var path: String? {
    switch self {
    case .generated: nil
    case .file(let path), .folder(let path): path
    }
  }

  /// What a report calls it.
  var summary: String {
    switch self {
    case .generated(let dataset): dataset.name
    case .file(let path), .folder(let path): path
    }
  }
}
