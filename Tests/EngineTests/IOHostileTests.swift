import Foundation
import Testing

@testable import Engine

/// A format seen as bytes in, values out, bytes again.
private struct Format: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let good: @Sendable () throws -> [UInt8]
  /// Reads, and writes what was read.
  let rewrite: @Sendable ([UInt8]) throws -> [UInt8]

  static let all: [Format] = [
    Format(testDescription: "npy", good: { try NPY.encode(sample()) }) {
      try NPY.encode(NPY.decode($0, path: "bad"))
    },
    Format(
      testDescription: "npz",
      good: { try NPZ.encode(["a": sample(), "b": Tensor([1] as [Int32], shape: [])]) }
    ) { try NPZ.encode(NPZ.decode($0, path: "bad")) },
    Format(testDescription: "npz, deflated", good: { IONPZTests.deflated }) {
      try NPZ.encode(NPZ.decode($0, path: "bad"))
    },
    Format(
      testDescription: "safetensors",
      good: { try Safetensors.encode(["a": sample(), "b": sample()], metadata: ["k": "v"]) }
    ) {
      let (tensors, metadata) = try Safetensors.decode($0, path: "bad")
      return try Safetensors.encode(tensors, metadata: metadata)
    },
    Format(
      testDescription: "png",
      good: { try PNG.encode(rgb: (0..<192).map { UInt8($0) }, width: 8, height: 8) }
    ) { try NPY.encode(PNG.decode($0, path: "bad")) },
  ]
}

@Suite struct IOHostileTests {
  @Test(arguments: Format.all) private func everyTruncationIsRefused(_ format: Format) throws {
    let good = try format.good()
    _ = try format.rewrite(good)
    for length in 0..<good.count {
      #expect(throws: EngineError.self, "\(length) of \(good.count) bytes") {
        try format.rewrite(Array(good.prefix(length)))
      }
    }
  }

  /// Property: a damaged file is refused, or read; and what was read is stable when written.
  @Test(arguments: Format.all) private func damagedBitsThrowOrReturn(_ format: Format) throws {
    let good = try format.good()
    var damage = Damage(seed: 1)
    var (refused, read) = (0, 0)
    for _ in 0..<4000 {
      do {
        let once = try format.rewrite(damage.flip(good))
        if format.testDescription != "png" { #expect(try format.rewrite(once) == once) }
        read += 1
      } catch is EngineError {
        refused += 1
      }
    }
    #expect(refused > 0, "\(refused) refused, \(read) read")
  }

  /// The corpus that `make_baddata.py` writes; skipped where it is not named.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["MOONGLASS_BADDATA"] != nil))
  func corpusIsSatisfied() throws {
    struct Manifest: Decodable {
      struct Value: Decodable {
        let shape: [Int]
        let sum: Double
        let first_row: [Double]?
      }
      struct Case: Decodable {
        let file: String
        let kind: String
        let expect: String
        let value: Value?
      }
      let cases: [Case]
    }
    let folder = try #require(ProcessInfo.processInfo.environment["MOONGLASS_BADDATA"])
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/manifest.json"))
    let cases = try JSONDecoder().decode(Manifest.self, from: data).cases
    for item in cases where item.kind != "config" {
      let path = folder + "/" + item.file
      let start = ContinuousClock.now
      let result = Result { try Self.load(path, kind: item.kind) }
      #expect(ContinuousClock.now - start < .seconds(2), "\(item.file)")
      switch result {
      case .success(let tensor):
        #expect(item.expect != "reject", "\(item.file) was accepted")
        guard let value = item.value, let tensor else { continue }
        let isPicture = item.kind == "png"
        #expect(tensor.shape.dimensions == (isPicture ? [1] : []) + value.shape, "\(item.file)")
        let sum = try tensor.doubles().reduce(0, +) * (isPicture ? 255 : 1)
        #expect(abs(sum - value.sum) < 1e-3, "\(item.file)")
        if let row = value.first_row { #expect(try Array(tensor.doubles().prefix(4)) == row) }
      case .failure(let error):
        #expect(error is EngineError)
        #expect("\(error)".contains(item.file), "\(error)")
        #expect(item.expect != "ok", "\(item.file): \(error)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: "PWNED"))
  }

  private static func load(_ path: String, kind: String) throws -> Tensor? {
    switch kind {
    case "npy": try NPY.read(path)
    case "npz": try NPZ.read(path).values.first
    case "png": try PNG.read(path)
    default: try Safetensors.read(path).tensors.values.first
    }
  }
}
