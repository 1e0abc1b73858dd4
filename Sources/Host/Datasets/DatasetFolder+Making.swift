import Dispatch
import Engine
import Foundation
import LuaBridge

extension DatasetFolder {
  /// Makes images of a dataset into a folder, or goes on where that was interrupted.
  ///
  /// A folder of the same dataset, settings and seed with fewer images is extended.
  ///
  /// - Returns: the folder, whole, with `preview.png` beside the shards.
  /// - Throws: ``RunError/interrupted(_:)`` when a stop was asked for; ``EngineError/file(path:reason:)``
  ///   when the folder holds something else.
  public static func make(
    _ dataset: any Dataset, count: Int, seed: UInt64, in url: URL, progress: any ProgressReporter
  ) throws -> DatasetFolder {
    let description = Description(
      name: dataset.name, parameters: dataset.parameters, seed: seed, count: count,
      imageShape: dataset.imageShape.dimensions, shardSize: shardSize(of: dataset.imageShape),
      hasLabels: try dataset.labels(0..<1, seed: seed) != nil)
    let folder = try prepared(url, for: description)
    var made = 0
    let start = DispatchTime.now()
    for shard in description.shards {
      let range = description.range(ofShard: shard)
      if folder.hasShard(shard) { continue }
      var parts: [Tensor] = []
      for first in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
        try Interrupt.check("data \(dataset.name) at image \(first)")
        let own = first..<min(first + piece, range.upperBound)
        parts.append(try dataset.generate(own, seed: seed))
        made += own.count
        progress.step(
          ProgressUpdate(
            stage: "data \(dataset.name)", step: own.upperBound, total: count,
            secondsPerStep: start.elapsed / Double(made), values: []))
      }
      if let labels = try dataset.labels(range, seed: seed) {
        try NPY.write(labels, to: folder.path("labels", shard))
      }
      // The images come last: a shard counts as made when they are there.
      try NPY.write(.concatenated(parts, axis: 0), to: folder.path("images", shard))
    }
    progress.finish("data \(dataset.name)")
    try folder.writePreview { try dataset.picture($0) }
    return folder
  }

  /// Sees that the folder holds nothing, or a part of what is wanted, and notes what it will hold.
  static func prepared(_ url: URL, for description: Description) throws -> DatasetFolder {
    let file = url.appendingPathComponent(descriptionName)
    if FileManager.default.fileExists(atPath: file.path) {
      let present = try SafeFile.read(Description.self, from: file)
      guard present.isSameSeries(as: description), present.count <= description.count else {
        throw EngineError.file(
          path: url.path,
          reason:
            "holds \(present.count) images of '\(present.name)' with other settings, another seed, "
            + "or more images: choose another folder, or remove this one")
      }
    } else if !((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).isEmpty {
      throw EngineError.file(
        path: url.path, reason: "expected an empty folder, or one of the same dataset")
    }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw EngineError.file(path: url.path, reason: "cannot create: \(FileReason.text(error))")
    }
    try SafeFile.write(description, to: file)
    return DatasetFolder(url, description)
  }

  /// Whether a shard is there with as many images as it should have.
  private func hasShard(_ shard: Int) -> Bool {
    let shape = Shape([description.range(ofShard: shard).count] + description.imageShape)
    return (try? NPY.read(path("images", shard)))?.shape == shape
  }

  /// Draws the first images into `preview.png`.
  func writePreview(_ picture: (Tensor) throws -> Tensor) throws {
    let images = try picture(self.images(0..<min(12, description.count)))
    let wide = images.shape[3] > images.shape[2]
    try ImageSheet(Picture.pictures(of: images), columns: wide ? 3 : 4).write(
      to: url.appendingPathComponent("preview.png").path)
  }
}
