import Engine
import Foundation
import LuaBridge

extension DatasetFolder {
  /// Makes a dataset of a folder's images: `.png` pictures and `.npy` arrays, in order of their names.
  ///
  /// A `.npy` file holds one image `[H, W]`, some grey ones `[N, H, W]`, or some of any channels
  /// `[N, C, H, W]`. Pictures become numbers in 0…1; transparency is left out. All images must be of one
  /// shape and finite.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` naming the file that does not fit; nothing is written then.
  public static func importing(
    _ source: URL, into url: URL, progress: any ProgressReporter
  ) throws -> DatasetFolder {
    let files = try imageFiles(in: source)
    // Everything is looked at before anything is written.
    var counts: [Int] = []
    var range = ValueRange()
    var shape: (dimensions: [Int], file: String)?
    for file in files {
      try Interrupt.check("data import")
      let images = try images(inFile: file)
      let own = Array(images.shape.dimensions.dropFirst())
      if let shape, shape.dimensions != own {
        throw EngineError.file(
          path: file.path,
          reason:
            "expected images of \(Shape(shape.dimensions)), as in \(shape.file), got \(Shape(own))"
        )
      }
      let values = try images.floats()
      range.add(values)
      guard values.allSatisfy(\.isFinite) else {
        throw EngineError.file(path: file.path, reason: "expected finite numbers only")
      }
      shape = (own, file.lastPathComponent)
      counts.append(images.shape[0])
    }
    guard let shape, counts.contains(where: { $0 > 0 }) else {
      throw EngineError.file(path: source.path, reason: "expected .png or .npy files of images")
    }
    let size = shardSize(of: Shape(shape.dimensions))
    let description = Description(
      name: "import", parameters: ["source": source.path], seed: 0, count: counts.reduce(0, +),
      imageShape: shape.dimensions, shardSize: size, hasLabels: false)
    let folder = try prepared(url, for: description)
    try folder.fill(from: files)
    progress.note(
      "data: \(description.count) images \(Shape(shape.dimensions)) in \(url.path), values \(range)"
    )
    try folder.writePreview { try $0.sliced(axis: 1, from: 0, to: 1) }
    return folder
  }

  /// Writes all shards, holding one at a time.
  private func fill(from files: [URL]) throws {
    var (waiting, shard) = ([Tensor](), 0)
    func write(_ images: [Tensor]) throws {
      try NPY.write(.concatenated(images, axis: 0), to: path("images", shard))
      shard += 1
    }
    for file in files {
      try Interrupt.check("data import")
      waiting.append(try Self.images(inFile: file))
      var count = waiting.reduce(0) { $0 + $1.shape[0] }
      while count >= description.shardSize {
        let all = try Tensor.concatenated(waiting, axis: 0)
        try write([all.sliced(axis: 0, from: 0, to: description.shardSize)])
        waiting = [try all.sliced(axis: 0, from: description.shardSize, to: count)]
        count -= description.shardSize
      }
    }
    if waiting.contains(where: { $0.shape[0] > 0 }) { try write(waiting) }
  }

  private static func imageFiles(in source: URL) throws(EngineError) -> [URL] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: source.path)
    } catch {
      throw .file(
        path: source.path, reason: "cannot read the folder: \(FileReason.text(error))")
    }
    return names.sorted().filter { name in
      let lower = name.lowercased()
      return !name.hasPrefix(".") && (lower.hasSuffix(".png") || lower.hasSuffix(".npy"))
    }.map(source.appendingPathComponent)
  }

  /// The images of a file as Float32 `[N, C, H, W]`.
  private static func images(inFile file: URL) throws -> Tensor {
    var images: Tensor
    if file.path.lowercased().hasSuffix(".png") {
      let picture = try PNG.read(file.path)  // (C, H, W)
      let colours = picture.shape[0] % 2 == 0 ? picture.shape[0] - 1 : picture.shape[0]
      images = try picture.sliced(axis: 0, from: 0, to: colours).expanded(axis: 0)
    } else {
      images = try NPY.read(file.path).cast(to: .float32)
      try ImageLayout.checkChannelsFirst(images.shape, in: file.path)
      if images.rank == 2 { images = try images.expanded(axis: 0) }
      if images.rank == 3 { images = try images.expanded(axis: 1) }
    }
    guard images.rank == 4, images.count > 0 else {
      throw EngineError.file(
        path: file.path,
        reason: "expected images [H, W], [N, H, W] or [N, C, H, W], not empty, got \(images.shape)")
    }
    return images
  }
}
