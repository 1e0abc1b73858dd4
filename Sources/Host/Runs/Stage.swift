import Engine
import Foundation
import LuaBridge

/// A part of an experiment, kept in a directory of its own under the run.
///
/// The directory's name ends in a fingerprint of everything that decides the result: settings, seed, the
/// plugin's source, and the stages before it. What is done is never done again; what was changed is done
/// beside what was there, and nothing is lost.
struct Stage {
  let name: String
  let fingerprint: String
  let directory: URL

  /// - Parameters:
  ///   - ingredients: everything that decides the result, as text.
  ///   - previous: stages whose results are used.
  init(_ name: String, in run: RunDirectory, ingredients: [String], after previous: [Stage] = []) {
    self.name = name
    let text = ([name, Stage.format] + ingredients + previous.map(\.fingerprint)).joined(
      separator: "\u{1F}")
    fingerprint = SHA256.hexDigest(of: Array(text.utf8))
    directory = run.file("stages").appendingPathComponent("\(name)-\(fingerprint.prefix(10))")
  }

  /// Goes into every fingerprint: to be changed with the meaning of what stages save.
  private static let format = "2"

  /// What a finished stage says of itself.
  struct Result<Value: Codable>: Codable {
    let fingerprint: String
    let value: Value
  }

  /// The result, if the stage was finished.
  func finished<Value: Codable>(_ type: Value.Type) throws -> Value? {
    let file = directory.appendingPathComponent("result.json")
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let result = try SafeFile.read(Result<Value>.self, from: file)
    return result.fingerprint == fingerprint ? result.value : nil
  }

  /// Notes that the stage is done; the last thing it does.
  func finish(_ value: some Codable) throws {
    try SafeFile.write(
      Result(fingerprint: fingerprint, value: value),
      to: directory.appendingPathComponent("result.json"))
  }

  func prepare() throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  func path(_ file: String) -> String { directory.appendingPathComponent(file).path }
}

extension LuaValue {
  /// The value as text that is the same for equal values: what goes into fingerprints.
  ///
  /// - Throws: ``EngineError`` where a tensor's numbers cannot be computed.
  func canonical() throws -> String {
    switch self {
    case .nil: "nil"
    case .bool(let value): "\(value)"
    case .integer, .number: double.map { "\($0)" } ?? ""
    case .string(let value): "\(value.debugDescription)"
    case .table(let table): try table.canonical()
    case .tensor(let tensor):
      "tensor \(tensor.dtype.rawValue) \(tensor.shape) \(SHA256.hexDigest(of: try tensor.bytes()))"
    case .function(let function): "\(function.file):\(function.line)"
    case .definition(let definition):
      definition.kind.rawValue + (definition.combination == .product ? " product " : " ")
        + (try definition.fields.canonical())
    }
  }
}

extension LuaTable {
  /// The table as text that is the same for equal tables.
  func canonical() throws -> String {
    let fields = try fields.sorted { $0.key < $1.key }.map {
      "\($0.key)=\(try $0.value.canonical())"
    }
    return "{" + (try array.map { try $0.canonical() } + fields).joined(separator: ",") + "}"
  }
}

extension Tensor {
  /// The numbers as they lie in memory, row by row.
  fileprivate func bytes() throws(EngineError) -> [UInt8] {
    let storage = try storage()
    return withExtendedLifetime(storage) {
      [UInt8](UnsafeRawBufferPointer(start: storage.pointer, count: storage.byteCount))
    }
  }
}
