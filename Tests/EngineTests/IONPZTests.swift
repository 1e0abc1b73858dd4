import Foundation
import Testing

@testable import Engine

@Suite struct IONPZTests {
  /// `x.npy` holding [1, 2, 3, 4] as `numpy.savez_compressed` (2.4) writes it: deflated, with the
  /// 64-bit size fields it always adds.
  static let deflated: [UInt8] = [
    0x50, 0x4B, 0x03, 0x04, 0x2D, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x8D, 0x3C,
    0xD4, 0x55, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x05, 0x00, 0x14, 0x00, 0x78, 0x2E,
    0x6E, 0x70, 0x79, 0x01, 0x00, 0x10, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x51,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9B, 0xEC, 0x17, 0xEA, 0x1B, 0x10, 0xC9, 0xC8, 0x50,
    0xC6, 0x50, 0xAD, 0x9E, 0x92, 0x5A, 0x9C, 0x5C, 0xA4, 0x6E, 0xA5, 0xA0, 0x6E, 0x93, 0x66, 0xA2,
    0xAE, 0xA3, 0xA0, 0x9E, 0x96, 0x5F, 0x54, 0x52, 0x94, 0x98, 0x17, 0x9F, 0x5F, 0x94, 0x92, 0x0A,
    0x12, 0x77, 0x4B, 0xCC, 0x29, 0x4E, 0x05, 0x8A, 0x17, 0x67, 0x24, 0x16, 0xA4, 0x02, 0xF9, 0x1A,
    0x26, 0x3A, 0x9A, 0x3A, 0x0A, 0xB5, 0x0A, 0x14, 0x00, 0x2E, 0x06, 0x86, 0x06, 0x7B, 0x06, 0x06,
    0x06, 0x07, 0x20, 0x02, 0xE2, 0x06, 0x07, 0x00, 0x50, 0x4B, 0x01, 0x02, 0x2D, 0x03, 0x2D, 0x00,
    0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x8D, 0x3C, 0xD4, 0x55, 0x51, 0x00, 0x00, 0x00,
    0x90, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x78, 0x2E, 0x6E, 0x70, 0x79, 0x50, 0x4B, 0x05, 0x06, 0x00,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x33, 0x00, 0x00, 0x00, 0x88, 0x00, 0x00, 0x00, 0x00,
    0x00,
  ]

  private func archive() throws -> [UInt8] {
    try NPZ.encode(["a": sample(), "b": Tensor([true] as [Bool], shape: [1])])
  }

  @Test func roundTripIsStable() throws {
    let bytes = try archive()
    #expect(try archive() == bytes)
    let back = try NPZ.decode(bytes, path: "good.npz")
    #expect(back.keys.sorted() == ["a", "b"])
    #expect(try back["a"]?.floats() == (0..<24).map(Float.init))
    #expect(try NPZ.encode(back) == bytes)

    let directory = try TemporaryDirectory()
    try NPZ.write(back, to: directory.file("x.npz"))
    #expect(try NPZ.read(directory.file("x.npz"))["b"]?.dtype == .bool)
  }

  @Test func deflatedMembersOfNumPyAreRead() throws {
    let arrays = try NPZ.decode(Self.deflated, path: "good.npz")
    #expect(try arrays["x"]?.floats() == [1, 2, 3, 4])
  }

  @Test func namesAreNotPaths() throws {
    let bytes = try NPZ.encode(["../../x": sample(), "/abs": sample()])
    #expect(try NPZ.decode(bytes, path: "good.npz").keys.sorted() == ["../../x", "/abs"])
  }

  /// Overwrites bytes at `offset` from the n-th occurrence of a signature.
  private func patched(
    _ bytes: [UInt8], signature: [UInt8], occurrence: Int = 0, at offset: Int, _ new: [UInt8]
  ) -> [UInt8] {
    var result = bytes
    let starts = bytes.indices.filter { bytes[$0...].starts(with: signature) }
    result.replaceSubrange(
      starts[occurrence] + offset..<starts[occurrence] + offset + new.count, with: new)
    return result
  }

  @Test func hostileArchivesAreRefused() throws {
    let good = try archive()
    let (local, entry, end): ([UInt8], [UInt8], [UInt8]) = (
      [0x50, 0x4B, 3, 4], [0x50, 0x4B, 1, 2], [0x50, 0x4B, 5, 6]
    )
    let twice = try NPZ.encode(["a": sample(), "b": sample()])
    var writer = ZipWriter(path: "t")
    try writer.add("x.npy", Array("hello".utf8))
    var sameKey = ZipWriter(path: "t")
    try sameKey.add("x.npy", NPY.encode(sample()))
    try sameKey.add("x", NPY.encode(sample()))
    let cases: [(String, [UInt8], String)] = [
      ("no archive", Array("hello".utf8), "zip archive"), ("empty file", [], "zip archive"),
      ("no members", try NPZ.encode([:]), "empty"),
      ("no array", try writer.finish(), "member 'x.npy'"),
      ("one key twice", try sameKey.finish(), "twice"),
      ("data", patched(good, signature: local, at: 200, [0xFF]), "checksum"),
      (
        "size lie", patched(Self.deflated, signature: entry, at: 24, little(UInt32(0x7FFF_FFFF))),
        "allowed"
      ),
      (
        "small size lie", patched(Self.deflated, signature: entry, at: 24, little(UInt32(5000))),
        "inflate"
      ),
      ("stored size", patched(good, signature: entry, at: 24, little(UInt32(5))), "sizes"),
      ("method", patched(good, signature: entry, at: 10, [12]), "stored or deflated"),
      ("encrypted", patched(good, signature: entry, at: 8, [1]), "stored or deflated"),
      ("name differs", patched(good, signature: local, at: 30, [0x7A]), "differs"),
      (
        "same name",
        patched(
          patched(twice, signature: local, occurrence: 1, at: 30, [0x61]),
          signature: entry, occurrence: 1, at: 46, [0x61]), "twice"
      ),
      (
        "offset past the end", patched(good, signature: entry, at: 42, little(UInt32.max - 1)),
        "ends early"
      ),
      ("count", patched(good, signature: end, at: 10, [9]), "lists 2"),
      ("directory outside", patched(good, signature: end, at: 16, little(UInt32.max)), "outside"),
      ("disks", patched(good, signature: end, at: 4, [1]), "disks"),
    ]
    for (what, bytes, text) in cases {
      expectRefused(what, containing: text) { () throws(EngineError) in
        _ = try NPZ.decode(bytes, path: "bad.npz")
      }
    }
  }

  @Test func overlappingMembersAreRefused() throws {
    // Both directory entries point at one member: the way to make a small file unpack to a large one.
    let bytes = try NPZ.encode(["a": sample(), "b": sample()])
    let entry: [UInt8] = [0x50, 0x4B, 1, 2]
    let starts = bytes.indices.filter { bytes[$0...].starts(with: entry) }
    var damaged = bytes
    damaged.replaceSubrange(starts[1] + 42..<starts[1] + 46, with: little(UInt32(0)))
    expectRefused("overlap", containing: "differs") { () throws(EngineError) in
      _ = try NPZ.decode(damaged, path: "bad.npz")
    }
  }
}
