import Foundation
import Testing

@testable import Engine

/// The bytes of a `.npy` file with a header of our choice.
func npy(
  _ header: String, _ data: [UInt8] = sampleBytes, version: UInt8 = 1, length: Int? = nil
) -> [UInt8] {
  let count = length ?? header.utf8.count
  let size = version == 1 ? little(UInt16(count)) : little(UInt32(count))
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + size + Array(header.utf8) + data
}

private func header(
  _ descr: String = "'<f4'", order: String = "False", shape: String = "(2, 3, 4)"
) -> String { "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n" }

@Suite struct IONPYTests {
  @Test func everyTypeAndShapeSurvivesARoundTrip() throws {
    let tensors: [Tensor] = [
      sample(), Tensor([1.5, -2] as [Double], shape: [2]), Tensor([7] as [Int32], shape: []),
      Tensor([true, false, true] as [Bool], shape: [3, 1]), Tensor([] as [Float], shape: [0, 3]),
    ]
    for tensor in tensors {
      let bytes = try NPY.encode(tensor)
      #expect((bytes.count - tensor.count * tensor.dtype.size) % 64 == 0)
      let back = try NPY.decode(bytes, path: "good.npy")
      #expect(back.shape == tensor.shape)
      #expect(back.dtype == tensor.dtype)
      #expect(try back.doubles() == tensor.doubles())
    }
  }

  @Test func filesOnDisk() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("x.npy")
    try NPY.write(sample(), to: path)
    try NPY.write(sample(), to: path)
    #expect(try NPY.read(path).floats() == (0..<24).map(Float.init))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["x.npy"])
    #expect(throws: EngineError.self) { try NPY.read(directory.path) }
    #expect(throws: EngineError.self) { try NPY.read("/dev/zero") }
    #expect(throws: EngineError.self) { try NPY.read(directory.file("absent.npy")) }
    #expect(throws: EngineError.self) { try NPY.write(sample(), to: directory.path) }
    #expect(throws: EngineError.self) { try NPY.write(sample(), to: "/dev/full") }
  }

  @Test func columnMajorIsPutInOrder() throws {
    // Element (i, j) of this 2 × 3 array is 10 i + j; the first index runs fastest in the file.
    let stored: [Float] = [0, 10, 1, 11, 2, 12]
    let bytes = npy(
      header(order: "True", shape: "(2, 3)"), stored.flatMap { little($0.bitPattern) })
    #expect(try NPY.decode(bytes, path: "f").floats() == [0, 1, 2, 10, 11, 12])
  }

  @Test func otherTypesAreConverted() throws {
    let cases: [(String, [UInt8], DType, [Double])] = [
      ("'>f4'", [0x3F, 0x80, 0, 0], .float32, [1]),
      ("'>f8'", [0xC0, 0, 0, 0, 0, 0, 0, 0], .float64, [-2]),
      ("'<f2'", [0x00, 0x3E], .float32, [1.5]),
      ("'|u1'", [200], .int32, [200]),
      ("'|i1'", [200], .int32, [-56]),
      ("'>i2'", [0xFF, 0xFE], .int32, [-2]),
      ("'<u2'", [0xFE, 0xFF], .int32, [65534]),
      ("'<i8'", [5, 0, 0, 0, 0, 0, 0, 0], .int32, [5]),
      ("'|b1'", [3], .bool, [1]),
    ]
    for (descr, data, dtype, expected) in cases {
      let tensor = try NPY.decode(npy(header(descr, shape: "(1,)"), data), path: "t")
      #expect(tensor.dtype == dtype)
      #expect(try tensor.doubles() == expected, "\(descr)")
    }
    expectRefused("large integer", containing: "32 bits") { () throws(EngineError) in
      _ = try NPY.decode(
        npy(header("'<u4'", shape: "(2,)"), [1, 0, 0, 0, 0, 0, 0, 0x80]), path: "bad")
    }
  }

  @Test func headersMayBeWrittenOtherwise() throws {
    for text in [
      "{'shape': (2, 3, 4), 'fortran_order': False, 'descr': '<f4'}",
      "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2L,3L,4L,)}   \n",
    ] {
      for version: UInt8 in 1...3 {
        #expect(try NPY.decode(npy(text, version: version), path: "t").shape == [2, 3, 4])
      }
    }
  }

  @Test(arguments: [
    ("a list", "[1, 2, 3]"), ("code", "__import__('os').system('touch PWNED')"),
    ("nesting", String(repeating: "(", count: 4000)), ("nothing", ""), ("blank", "{}"),
    ("no shape", "{'descr': '<f4', 'fortran_order': False, }"),
    ("a strange key", header().replacingOccurrences(of: ", }", with: ", 'evil': 1, }")),
    ("shape twice", header().replacingOccurrences(of: ", }", with: ", 'shape': (24,), }")),
    ("text behind", header() + "x"), ("negative", header(shape: "(-2, -3, 4)")),
    ("wrap to 0", header(shape: "(4294967296, 4294967296, 4)")),
    ("wrap of bytes", header(shape: "(4611686018427387905,)")),
    ("terabytes", header(shape: "(1000000000000,)")),
    ("beyond 64 bits", header(shape: "(99999999999999999999999,)")),
    ("fraction", header(shape: "(2.0, 3, 4)")), ("no tuple", header(shape: "24")),
    ("number in brackets", header(shape: "(24)")),
    ("500 axes", header(shape: "(" + String(repeating: "1, ", count: 500) + ")")),
    ("9 axes", header(shape: "(1, 1, 1, 1, 1, 2, 3, 4, 1)")),
    ("objects", header("'|O'")), ("text type", header("'<U3'")), ("complex", header("'<c8'")),
    ("unknown type", header("'<f3'")), ("record", header("[('a', '<f4')]")),
    ("wrong size", header("'<f8'")), ("short", header(shape: "(25,)")),
    ("long", header(shape: "(23,)")), ("huge and empty", header(shape: "(0, 4611686018427387905)")),
    ("terminal escape", header("'\u{1b}[2J'")),
  ])
  func damagedHeadersAreRefused(what: String, text: String) {
    expectRefused(what) { () throws(EngineError) in _ = try NPY.decode(npy(text), path: "bad") }
  }

  @Test func damagedFilesAreRefused() {
    let cases: [(String, [UInt8], String)] = [
      ("empty", [], "empty"), ("another format", Array("<!DOCTYPE html>".utf8), "a web page"),
      ("an archive", Array("PK\u{3}\u{4}....".utf8), "a ZIP archive"),
      ("first byte wrong", [0x92] + Array("NUMPY".utf8), "begin with"),
      ("LFS", Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git lfs pull"),
      ("version 9", npy(header(), version: 9), "version"),
      ("header past the end", npy(header(), length: 60000), "header of at most"),
      ("4 GB of header", npy(header(), version: 2, length: 0xFFFF_FFFF), "header of at most"),
      ("bytes behind", npy(header()) + [1], "does not fit"),
    ]
    for (what, bytes, text) in cases {
      expectRefused(what, containing: text) { () throws(EngineError) in
        _ = try NPY.decode(bytes, path: "bad.npy")
      }
    }
  }

  @Test(arguments: [
    ("a", "."), (".", "."), ("a/b", "a"), ("/a", "/"), ("/", "."), ("", "."), ("a//b/", "a"),
    ("/a/b", "/a"), ("./a", "."),
  ])
  func foldersOfPaths(_ path: String, _ folder: String) {
    #expect(path.parentFolder == folder)
  }
}
