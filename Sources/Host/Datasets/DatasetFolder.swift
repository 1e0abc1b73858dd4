import Engine
import Foundation

/// A dataset on disk: `dataset.json`, which says what it is, and shards `images-00000.npy`, ….
///
/// Shards are written whole or not at all, so that a folder whose making was interrupted holds some of
/// them; making it again goes on. Labels, where the dataset has any, lie in `labels-00000.npy`, ….
public struct DatasetFolder: Sendable {
  /// What a folder holds.
  public struct Description: Codable, Sendable, Equatable {
    /// Of this file's format.
    var version = 1
    /// The dataset's name; `import` for images from elsewhere.
    public var name: String
    public var parameters: [String: String]
    public var seed: UInt64
    /// Number of images.
    public var count: Int
    /// `[C, H, W]` of an image.
    public var imageShape: [Int]
    /// Images in every shard but the last.
    public var shardSize: Int
    public var hasLabels: Bool

    /// Numbers of the shards.
    var shards: Range<Int> { 0..<(count + shardSize - 1) / shardSize }

    /// The images of a shard.
    func range(ofShard shard: Int) -> Range<Int> {
      shard * shardSize..<min((shard + 1) * shardSize, count)
    }

    /// The same but for how many images there are.
    func isSameSeries(as other: Description) -> Bool {
      var copy = other
      copy.count = count
      return copy == self
    }
  }

  public let url: URL
  public let description: Description

  static let descriptionName = "dataset.json"

  /// Opens a folder.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` where it is not a dataset, or not whole.
  public init(_ url: URL) throws(EngineError) {
    let file = url.appendingPathComponent(Self.descriptionName)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw .file(
        path: url.path,
        reason: "expected a dataset's folder with \(Self.descriptionName): make one with "
          + "`moonglass data make` or `moonglass data import`")
    }
    let description = try SafeFile.read(Description.self, from: file)
    guard description.version == 1, description.count > 0, description.shardSize > 0,
      description.count <= 1 << 40, description.shardSize <= 1 << 40,
      description.imageShape.count == 3
    else {
      throw .file(path: file.path, reason: "expected a dataset of version 1 with images [C, H, W]")
    }
    _ = try Shape(checking: [description.count] + description.imageShape, op: file.path)
    self.init(url, description)
  }

  init(_ url: URL, _ description: Description) {
    self.url = url
    self.description = description
  }

  /// Reads the images of a range as Float32 `[range.count, C, H, W]`.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` naming the shard that is missing or does not fit.
  public func images(_ range: Range<Int>) throws -> Tensor {
    try read(range, "images", description.imageShape)
  }

  /// Reads the labels of a range, `[range.count, …]`; `nil` where there are none.
  public func labels(_ range: Range<Int>) throws -> Tensor? {
    description.hasLabels ? try read(range, "labels", nil) : nil
  }

  private func read(_ range: Range<Int>, _ kind: String, _ itemShape: [Int]?) throws -> Tensor {
    guard (0...description.count).contains(range.lowerBound), range.upperBound <= description.count
    else {
      throw EngineError.invalidArgument(
        op: "dataset", argument: "range", expected: "in 0..<\(description.count)", got: "\(range)")
    }
    if range.isEmpty { return .zeros(Shape([0] + (itemShape ?? []))) }
    var parts: [Tensor] = []
    for shard in description.shards {
      let own = description.range(ofShard: shard)
      guard own.overlaps(range) else { continue }
      let file = path(kind, shard)
      guard FileManager.default.fileExists(atPath: file) else {
        throw EngineError.file(
          path: file, reason: "this shard is missing: its making was interrupted; make it again")
      }
      let tensor = try NPY.read(file)
      guard tensor.dtype == .float32, tensor.rank >= 1, tensor.shape[0] == own.count,
        itemShape.map({ Array(tensor.shape.dimensions.dropFirst()) == $0 }) ?? true
      else {
        throw EngineError.file(
          path: file,
          reason: "expected float32 \(Shape([own.count] + (itemShape ?? []))), got "
            + "\(tensor.dtype.rawValue) \(tensor.shape)")
      }
      let (low, high) = (
        max(own.lowerBound, range.lowerBound), min(own.upperBound, range.upperBound)
      )
      parts.append(
        try tensor.sliced(axis: 0, from: low - own.lowerBound, to: high - own.lowerBound))
    }
    let result = try Tensor.concatenated(parts, axis: 0)
    try evaluate([result])
    return Tensor(storage: try result.storage(), shape: result.shape, dtype: result.dtype)
  }

  /// SHA-256 over the description and the hashes of all shards.
  func contentHash() throws -> String {
    var text = SHA256.hexDigest(
      of: try SafeFile.bytes(of: url.appendingPathComponent(Self.descriptionName)))
    for shard in description.shards {
      text += SHA256.hexDigest(
        of: try SafeFile.bytes(of: URL(fileURLWithPath: path("images", shard))))
    }
    return SHA256.hexDigest(of: Array(text.utf8))
  }

  func path(_ kind: String, _ shard: Int) -> String {
    let digits = String(shard)
    let padding = String(repeating: "0", count: max(0, 5 - digits.count))
    return url.appendingPathComponent("\(kind)-\(padding)\(digits).npy").path
  }

  /// Images in a shard: some megabytes, and a whole number of pieces.
  static func shardSize(of imageShape: Shape) -> Int {
    let fitting = (8 << 20) / max(imageShape.count * DType.float32.size, 1)
    return min(max(fitting / piece, 1), 32) * piece
  }

  /// Images that are made between two looks at whether to stop.
  static let piece = 32
}
