import Engine
import Foundation

/// Small files of a run, written so that a reader sees the old content or the new, never a part.
enum SafeFile {
  /// Writes a value as JSON, keys in order, so that equal values give equal bytes.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``, also for a number that is not finite.
  static func write(_ value: some Encodable, to url: URL) throws(EngineError) {
    try AtomicFile.write(json(value, for: url), to: url.path)
  }

  /// Reads a value from JSON.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` naming the key that does not fit.
  static func read<Value: Decodable>(_ type: Value.Type, from url: URL) throws(EngineError) -> Value
  {
    try decode(type, bytes(of: url), path: url.path)
  }

  /// The content of a regular file.
  static func bytes(of url: URL) throws(EngineError) -> [UInt8] {
    try FileBytes(reading: url.path).bytes
  }

  static func json(_ value: some Encodable, for url: URL) throws(EngineError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value)) + [0x0A]
    } catch {
      throw .file(path: url.path, reason: "cannot be written as JSON: \(error)")
    }
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], path: String
  ) throws(EngineError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw .file(path: path, reason: "expected \(type): \(explanation(error))")
    } catch {
      throw .file(path: path, reason: "expected JSON: \(error)")
    }
  }

  private static func explanation(_ error: DecodingError) -> String {
    let context =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .keyNotFound(_, let context), .dataCorrupted(let context):
        context
      @unknown default: DecodingError.Context(codingPath: [], debugDescription: "\(error)")
      }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
  }
}
