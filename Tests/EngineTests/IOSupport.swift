import Foundation
import Testing

@testable import Engine

/// A fresh directory that is removed when the value goes away.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "moonglass-io-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// Bytes of a fixed-width number, least significant first.
func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// 0, 1, 2, … 23 as `[2, 3, 4]`.
func sample() -> Tensor { Tensor((0..<24).map(Float.init), shape: [2, 3, 4]) }

/// The bytes of ``sample()``'s elements.
let sampleBytes: [UInt8] = (0..<24).flatMap { little(Float($0).bitPattern) }

/// A small fast generator for damaging files: SplitMix64.
struct Damage {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// `bytes` with one to three bits flipped.
  mutating func flip(_ bytes: [UInt8]) -> [UInt8] {
    var damaged = bytes
    for _ in 0...Int(next() % 3) {
      damaged[Int(next() % UInt64(bytes.count))] ^= 1 << UInt8(next() % 8)
    }
    return damaged
  }
}

/// Expects one message that names the file and says what is wrong.
func expectRefused(
  _ what: String, containing text: String = "", location: SourceLocation = #_sourceLocation,
  _ body: () throws(EngineError) -> Void
) {
  do {
    try body()
    Issue.record("\(what): accepted", sourceLocation: location)
  } catch {
    guard case .file(let path, let reason) = error else {
      Issue.record("\(what): \(error)", sourceLocation: location)
      return
    }
    #expect(path.hasPrefix("bad"), sourceLocation: location)
    #expect(
      text.isEmpty || reason.contains(text) || path.contains(text), "\(what): \(reason)",
      sourceLocation: location)
    #expect(reason.unicodeScalars.allSatisfy { $0.value >= 0x20 }, sourceLocation: location)
    #expect(reason.count < 400, sourceLocation: location)
  }
}
