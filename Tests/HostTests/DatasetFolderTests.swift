import Engine
import Foundation
import LuaBridge
import Synchronization
import Testing

@testable import Host

/// A folder that is gone afterwards.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "moonglass-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

@Suite struct DatasetFolderTests {
  /// Counts what it is asked for, and fails at an image: as a stop in the middle would look.
  private final class Counting: Dataset {
    struct Stop: Error {}
    let name = "counting"
    let imageShape: Shape = [1, 256, 256]
    let parameters = ["kind": "plain"]
    let asked = Mutex<[Int]>([])
    let limit: Int

    init(limit: Int = .max) { self.limit = limit }

    func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor {
      guard range.upperBound <= limit else { throw Stop() }
      asked.withLock { $0 += Array(range) }
      let values = range.flatMap { [Float](repeating: Float($0), count: 256 * 256) }
      return Tensor(values, shape: [range.count, 1, 256, 256])
    }

    func labels(_ range: Range<Int>, seed: UInt64) -> Tensor? {
      Tensor(range.map { Float($0) }, shape: [range.count])
    }
  }

  private func firstPixels(_ images: Tensor) throws -> [Float] {
    try images.sliced(axis: 2, from: 0, to: 1).sliced(axis: 3, from: 0, to: 1).floats()
  }

  @Test func anInterruptedMakeGoesOn() throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("set")
      // Shards of 32 images; the stop is in the third.
      #expect(throws: Counting.Stop.self) {
        try DatasetFolder.make(
          Counting(limit: 70), count: 80, seed: 4, in: folder, progress: SilentProgress())
      }
      let error = #expect(throws: EngineError.self) { try DatasetFolder(folder).images(0..<80) }
      #expect(error?.message.contains("images-00002.npy: this shard is missing") == true)
      #expect(try firstPixels(DatasetFolder(folder).images(30..<34)) == [30, 31, 32, 33])
      let dataset = Counting()
      let made = try DatasetFolder.make(
        dataset, count: 80, seed: 4, in: folder, progress: SilentProgress())
      #expect(dataset.asked.withLock { $0 } == Array(64..<80))
      #expect(try firstPixels(made.images(0..<80)) == (0..<80).map { Float($0) })
      #expect(try made.labels(60..<70)?.floats() == (60..<70).map { Float($0) })
      #expect(FileManager.default.fileExists(atPath: folder.path + "/preview.png"))
      // More images extend it; other ones do not mix with it.
      let more = Counting()
      let longer = try DatasetFolder.make(
        more, count: 100, seed: 4, in: folder, progress: SilentProgress())
      #expect(more.asked.withLock { $0 } == Array(64..<100))
      #expect(try firstPixels(longer.images(90..<100)) == (90..<100).map { Float($0) })
      for (count, seed) in [(100, UInt64(5)), (50, 4)] {
        #expect(throws: EngineError.self) {
          try DatasetFolder.make(
            dataset, count: count, seed: seed, in: folder, progress: SilentProgress())
        }
      }
    }
  }

  @Test func foldersOfSomethingElseAreLeftAlone() throws {
    try withTemporaryFolder { root in
      try "mine".write(
        to: root.appendingPathComponent("notes.txt"), atomically: true, encoding: .utf8)
      #expect(throws: EngineError.self) {
        try DatasetFolder.make(
          Counting(), count: 1, seed: 0, in: root, progress: SilentProgress())
      }
      let error = #expect(throws: EngineError.self) { try DatasetFolder(root) }
      #expect(error?.message.contains("moonglass data make") == true)
      for text in ["{", "{}", #"{"version": 1}"#] {
        try text.write(
          to: root.appendingPathComponent("dataset.json"), atomically: true, encoding: .utf8)
        #expect(throws: EngineError.self) { try DatasetFolder(root) }
      }
    }
  }

  @Test func theSameMakeGivesTheSameBytes() throws {
    try withTemporaryFolder { root in
      let dataset = try BurgersDataset(size: 16)
      let hashes = try ["a", "b"].map { name in
        try DatasetFolder.make(
          dataset, count: 40, seed: 3, in: root.appendingPathComponent(name),
          progress: SilentProgress()
        ).contentHash()
      }
      #expect(hashes[0] == hashes[1])
    }
  }

  // MARK: Import

  @Test func picturesAndArraysAreImported() throws {
    try withTemporaryFolder { root in
      let source = root.appendingPathComponent("source")
      try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
      func path(_ name: String) -> String { source.appendingPathComponent(name).path }
      try PNG.write(gray: [0, 51, 102, 255], width: 2, height: 2, to: path("a.png"))
      try NPY.write(Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), to: path("b.npy"))
      try NPY.write(Tensor.full(5, shape: [3, 2, 2], dtype: .float64), to: path("c.npy"))
      try NPY.write(Tensor.full(6, shape: [2, 1, 2, 2]), to: path("d.npy"))
      try "not an image".write(toFile: path("readme.txt"), atomically: true, encoding: .utf8)
      let folder = try DatasetFolder.importing(
        source, into: root.appendingPathComponent("set"), progress: SilentProgress())
      #expect(folder.description.count == 7)
      #expect(folder.description.imageShape == [1, 2, 2])
      let values = try folder.images(0..<7).floats()
      #expect(
        values == [0, 0.2, 0.4, 1, 1, 2, 3, 4]
          + [5, 6].flatMap { value in
            [Float](repeating: value, count: value == 5 ? 12 : 8)
          })
      // What does not fit is named, and nothing is written.
      let other = root.appendingPathComponent("other")
      func expectProblem(_ text: String) {
        let error = #expect(throws: EngineError.self) {
          try DatasetFolder.importing(source, into: other, progress: SilentProgress())
        }
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        #expect(!FileManager.default.fileExists(atPath: other.path))
      }
      try NPY.write(Tensor.ones([3, 3]), to: path("e.npy"))
      expectProblem("e.npy: expected images of [1, 2, 2], as in d.npy, got [1, 3, 3]")
      try NPY.write(Tensor([1, .nan, 0, 0] as [Float], shape: [2, 2]), to: path("e.npy"))
      expectProblem("e.npy: expected finite numbers only")
      try NPY.write(Tensor.ones([4]), to: path("e.npy"))
      expectProblem("e.npy: expected images")
      try "broken".write(toFile: path("e.npy"), atomically: true, encoding: .utf8)
      expectProblem("e.npy")
      let empty = root.appendingPathComponent("empty")
      try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
      #expect(throws: EngineError.self) {
        try DatasetFolder.importing(empty, into: other, progress: SilentProgress())
      }
    }
  }

  /// More images than a shard holds, from files that end elsewhere than shards do.
  @Test func importsFillShardsInOrder() throws {
    try withTemporaryFolder { root in
      let source = root.appendingPathComponent("source")
      try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
      var first = 0
      for (number, count) in [30, 50, 1].enumerated() {
        let values = (first..<first + count).flatMap {
          [Float](repeating: Float($0), count: 256 * 256)
        }
        try NPY.write(
          Tensor(values, shape: [count, 256, 256]),
          to: source.appendingPathComponent("part\(number).npy").path)
        first += count
      }
      let folder = try DatasetFolder.importing(
        source, into: root.appendingPathComponent("set"), progress: SilentProgress())
      #expect(folder.description.shards.count == 3)
      #expect(try firstPixels(folder.images(0..<81)) == (0..<81).map { Float($0) })
    }
  }

  // MARK: In recipes

  @Test func recipesReadFolders() throws {
    try withTemporaryFolder { root in
      let dataset = try BurgersDataset(size: 16)
      _ = try DatasetFolder.make(
        dataset, count: 20, seed: 3, in: root.appendingPathComponent("data/b"),
        progress: SilentProgress())
      var reader = SettingsReader(LuaTable(), path: "data")
      let reference = try DatasetReference("data/b", &reader)
      let (train, test) = try reference.images(
        count: 12, testCount: 4, seed: 99, relativeTo: root.path)
      let all = try dataset.generate(count: 20, seed: 3)
      #expect(try train.floats() == all.sliced(axis: 0, from: 0, to: 12).floats())
      #expect(try test.floats() == all.sliced(axis: 0, from: 16, to: 20).floats())
      #expect(try !reference.contentHash(relativeTo: root.path).isEmpty)
      #expect(try reference.extent(relativeTo: root.path).channels == 1)
      #expect(
        try DatasetReference.generated(KolmogorovDataset()).extent(relativeTo: root.path).channels
          == 2)
      #expect(throws: EngineError.self) {
        try reference.images(count: 1, testCount: 20, seed: 0, relativeTo: root.path)
      }
    }
  }
}
