import Foundation
import Testing

@testable import Engine

/// The bytes of a `.safetensors` file with a header of our choice.
private func file(_ header: String, _ data: [UInt8] = sampleBytes, length: UInt64? = nil) -> [UInt8]
{
  little(length ?? UInt64(header.utf8.count)) + Array(header.utf8) + data
}

private func entry(
  _ name: String = "w", _ dtype: String = "F32", _ shape: String = "[2,3,4]",
  _ offsets: String = "[0,96]"
) -> String {
  "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

@Suite struct IOSafetensorsTests {
  @Test func roundTripKeepsEverything() throws {
    let tensors: [String: Tensor] = [
      "a/b.c": sample(), "d": Tensor([1.5, -2] as [Double], shape: [2]),
      "i": Tensor([-7] as [Int32], shape: []),
      "flags": Tensor([true, false] as [Bool], shape: [2]),
      "empty": Tensor([] as [Float], shape: [0, 5]), "ü\"\\\n": Tensor([1] as [Float], shape: [1]),
    ]
    let metadata = ["step": "7", "quote\"": "tab\t, bell\u{7}, moon 🌕"]
    let bytes = try Safetensors.encode(tensors, metadata: metadata)
    let back = try Safetensors.decode(bytes, path: "good")
    #expect(back.metadata == metadata)
    #expect(back.tensors.keys == tensors.keys || Set(back.tensors.keys) == Set(tensors.keys))
    for (name, tensor) in tensors {
      #expect(back.tensors[name]?.shape == tensor.shape)
      #expect(back.tensors[name]?.dtype == tensor.dtype)
      #expect(try back.tensors[name]?.doubles() == tensor.doubles())
    }
    #expect(try Safetensors.encode(back.tensors, metadata: back.metadata) == bytes)

    let directory = try TemporaryDirectory()
    try Safetensors.write(tensors, metadata: metadata, to: directory.file("x.safetensors"))
    #expect(try Safetensors.read(directory.file("x.safetensors")).metadata == metadata)
    #expect(throws: EngineError.self) { try Safetensors.encode(["__metadata__": sample()]) }
  }

  @Test func validHeadersAreRead() throws {
    for text in [
      "{\(entry())}", "{ \(entry()) , \"__metadata__\" : { } }   ",
      "{\"\\u0077\":{\"data_offsets\":[0,96],\"shape\":[2,3,4],\"dtype\":\"F32\"}}",
    ] {
      #expect(try Safetensors.decode(file(text), path: "t").tensors["w"]?.shape == [2, 3, 4])
    }
    let surrogates = "{\"\\ud83c\\udf15\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"
    #expect(try Safetensors.decode(file(surrogates, []), path: "t").tensors["🌕"] != nil)
  }

  @Test func otherTypesAreConverted() throws {
    let cases: [(String, [UInt8], DType, Double)] = [
      ("F16", [0x00, 0x3E], .float32, 1.5), ("BF16", [0xC0, 0x3F], .float32, 1.5),
      ("I64", [0xFE] + [UInt8](repeating: 0xFF, count: 7), .int32, -2), ("U8", [255], .int32, 255),
      ("BOOL", [1], .bool, 1), ("I16", [0xFF, 0xFF], .int32, -1),
    ]
    for (name, data, dtype, value) in cases {
      let text = "{\(entry("w", name, "[1]", "[0,\(data.count)]"))}"
      let tensor = try Safetensors.decode(file(text, data), path: "t").tensors["w"]
      #expect(tensor?.dtype == dtype)
      #expect(try tensor?.doubles() == [value], "\(name)")
    }
  }

  @Test(arguments: [
    ("no JSON", "{not json}", ""), ("leading space", " {\(entry())}", "first byte"),
    ("a list", "[]", "first byte"), ("cut", "{\(entry())", ""), ("empty", "", ""),
    ("trailing comma", "{\(entry()),}", ""), ("text behind", "{\(entry())}x", "the end"),
    ("deep", "{\"a\":" + String(repeating: "[", count: 100_000), ""),
    ("name twice", "{\(entry("w", "U8", "[96]")),\(entry())}", "twice"),
    ("name twice, escaped", "{\(entry("w", "U8", "[96]")),\(entry("\\u0077"))}", "twice"),
    (
      "key twice",
      "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[24],\"data_offsets\":[0,96]}}",
      "twice"
    ),
    ("reversed", "{\(entry("w", "F32", "[24]", "[96,0]"))}", "begin"),
    ("negative offset", "{\(entry("w", "F32", "[24]", "[-96,0]"))}", "negative"),
    ("overlap", "{\(entry("a")),\(entry("b"))}", "begin"),
    ("hole", "{\(entry("w", "F32", "[22]", "[8,96]"))}", "begin"),
    ("tail", "{\(entry("w", "F32", "[23]", "[0,92]"))}", "take 92"),
    ("past the end", "{\(entry("w", "F32", "[25]", "[0,100]"))}", "take 100"),
    ("size", "{\(entry("w", "F32", "[1000,1000]"))}", "does not fit"),
    ("wrapping shape", "{\(entry("w", "F32", "[4194305,4194305,211106198978564]"))}", "shape"),
    ("negative shape", "{\(entry("w", "F32", "[-4,-6]"))}", "negative"),
    ("fraction", "{\(entry("w", "F32", "[24.0]"))}", ""),
    ("exponent", "{\(entry("w", "F32", "[24e0]"))}", ""),
    ("leading zero", "{\(entry("w", "F32", "[024]"))}", ""),
    ("long number", "{\(entry("w", "F32", "[99999999999999999999]"))}", "too large"),
    ("unknown type", "{\(entry("w", "F99"))}", "'F99' is not supported"),
    ("missing field", "{\"w\":{\"dtype\":\"F32\",\"shape\":[24]}}", "needs"),
    (
      "strange field", "{\"w\":{\"dtype\":\"F32\",\"shape\":[24],\"data_offsets\":[0,96],\"x\":1}}",
      "unknown key"
    ),
    ("three offsets", "{\(entry("w", "F32", "[24]", "[0,96,96]"))}", "two data offsets"),
    ("number as metadata", "{\"__metadata__\":{\"step\":7},\(entry())}", ""),
    ("metadata key twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"},\(entry())}", "twice"),
    ("control character", "{\(entry("w\n"))}", "control"),
    ("half a pair", "{\(entry("\\ud83c"))}", "pair"),
    ("bad escape", "{\(entry("\\x41"))}", "escape"),
    ("terminal escape in a name", "{\(entry("\\u001b[2J", "F99"))}", "\\u{1b}"),
  ])
  func damagedHeadersAreRefused(what: String, header: String, message: String) {
    expectRefused(what, containing: message) { () throws(EngineError) in
      _ = try Safetensors.decode(file(header), path: "bad")
    }
  }

  @Test func otherFormatsAreNamed() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    for (text, name) in [
      (pointer, "git lfs pull"), ("PK\u{3}\u{4}............", "ZIP archive"),
      ("<!DOCTYPE html><html>", "a web page"), ("", "an empty file"),
    ] {
      expectRefused(name, containing: name) { () throws(EngineError) in
        _ = try Safetensors.decode(Array(text.utf8), path: "bad")
      }
    }
  }

  @Test func damagedFilesAreRefused() {
    let cases: [(String, [UInt8])] = [
      ("empty", []), ("seven bytes", [1, 0, 0, 0, 0, 0, 0]),
      ("header past the end", file("{\(entry())}", length: 1_000_000)),
      ("header of 2^64 - 1", file("{\(entry())}", length: .max)),
      ("header of 2^63", file("{\(entry())}", length: 1 << 63)),
      ("not UTF-8", little(UInt64(4)) + [0x7B, 0x22, 0xFF, 0x22]),
    ]
    for (what, bytes) in cases {
      expectRefused(what) { () throws(EngineError) in
        _ = try Safetensors.decode(bytes, path: "bad")
      }
    }
  }
}
