import Engine
import Foundation

/// A file of reference values: what the paper's authors' published code computes.
///
/// The large set lies outside the repository: set `MOONGLASS_GOLDEN`, or put it at `../shared/golden`.
/// Some small files of it are kept in `Tests/Golden`, so that every checkout has something to compare
/// with.
public struct Golden: Sendable {
  public let name: String
  public let tensors: [String: Tensor]
  public let metadata: [String: String]

  /// What a test says where a value is missing or unreadable.
  public struct Missing: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
  }

  /// The folder of the large set, if it is there.
  public static let folder: URL? = {
    let path = ProcessInfo.processInfo.environment["MOONGLASS_GOLDEN"] ?? "../shared/golden"
    let folder = URL(fileURLWithPath: path, relativeTo: Repository.root).standardizedFileURL
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  private static let own = Repository.root.appendingPathComponent("Tests/Golden")

  /// The names of all files that begin like this, without their ending.
  public static func names(_ prefix: String) -> [String] {
    let folders = [own] + (folder.map { [$0] } ?? [])
    let files = folders.flatMap {
      (try? FileManager.default.contentsOfDirectory(atPath: $0.path)) ?? []
    }
    let names = files.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".safetensors") }
      .map { String($0.dropLast(".safetensors".count)) }
    return Set(names).sorted()
  }

  /// Reads a file of the large set, or the one that is kept here.
  public static func open(_ name: String) throws -> Golden {
    let candidates = [folder, own].compactMap {
      $0?.appendingPathComponent("\(name).safetensors").path
    }
    guard let path = candidates.first(where: FileManager.default.fileExists) else {
      throw Missing(description: "no reference values '\(name)'")
    }
    let (tensors, metadata) = try Safetensors.read(path)
    return Golden(name: name, tensors: tensors, metadata: metadata)
  }

  /// A tensor as it is stored.
  public subscript(_ key: String) -> Tensor {
    get throws {
      guard let tensor = tensors[key] else {
        throw Missing(description: "\(name) lacks '\(key)'")
      }
      return tensor
    }
  }

  /// An image `[N, H, W, C]` as `[N, C, H, W]`; one of three axes becomes a batch of one.
  public func image(_ key: String) throws -> Tensor {
    var tensor = try self[key]
    if tensor.rank == 3 { tensor = try tensor.expanded(axis: 0) }
    return try tensor.permuted([0, 3, 1, 2])
  }

  /// A scalar.
  public func number(_ key: String) throws -> Double { try self[key].item() }

  /// A number of the header.
  public func setting(_ key: String) throws -> Double {
    guard let text = metadata[key], let number = Double(text) else {
      throw Missing(description: "\(name): the header lacks a number '\(key)'")
    }
    return number
  }

  /// A text of the header.
  public func text(_ key: String) throws -> String {
    guard let text = metadata[key] else {
      throw Missing(description: "\(name): the header lacks '\(key)'")
    }
    return text
  }

  /// A number of a text of the header such as `dt=0.01 inner=20`.
  public func setting(_ key: String, in field: String) throws -> Double {
    for word in try text(field).split(whereSeparator: { " ,;".contains($0) }) {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0] == key, let number = Double(parts[1]) { return number }
    }
    throw Missing(description: "\(name): '\(field)' of the header lacks a number '\(key)'")
  }

  /// The numbers k for which there is a tensor `prefix` k `suffix`, ascending.
  public func numbers(between prefix: String, and suffix: String) -> [Int] {
    tensors.keys.compactMap { key in
      guard key.hasPrefix(prefix), key.hasSuffix(suffix) else { return nil }
      return Int(key.dropFirst(prefix.count).dropLast(suffix.count))
    }.sorted()
  }

  /// All tensors under a prefix, without it.
  public func group(_ prefix: String) -> [String: Tensor] {
    var group: [String: Tensor] = [:]
    for (key, tensor) in tensors where key.hasPrefix(prefix) {
      group[String(key.dropFirst(prefix.count))] = tensor
    }
    return group
  }
}

/// ‖actual - expected‖₂ / ‖expected‖₂; the plain norm of the difference where nothing is expected.
public func relativeError(_ actual: Tensor, _ expected: Tensor) throws -> Double {
  guard actual.shape == expected.shape else { return .infinity }
  var (difference, norm) = (0.0, 0.0)
  for (a, e) in zip(try actual.doubles(), try expected.doubles()) {
    difference += (a - e) * (a - e)
    norm += e * e
  }
  return norm > 0 ? (difference / norm).squareRoot() : difference.squareRoot()
}

/// max |actual - expected|.
public func largestError(_ actual: Tensor, _ expected: Tensor) throws -> Double {
  guard actual.shape == expected.shape else { return .infinity }
  let pairs = zip(try actual.doubles(), try expected.doubles())
  return pairs.map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
}
