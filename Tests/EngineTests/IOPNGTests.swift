import Foundation
import Testing

@testable import Engine

/// A PNG chunk with its checksum.
private func chunk(_ type: String, _ data: [UInt8], checksum: UInt32? = nil) -> [UInt8] {
  let body = Array(type.utf8) + data
  return big(UInt32(data.count)) + body + big(checksum ?? crc32(body))
}

/// The checksum of PNG, bit by bit.
private func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(UInt32.max) { sum, byte in
    (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1) &* 0xEDB8_8320 }
  }
}

private func big(_ value: UInt32) -> [UInt8] { little(value).reversed() }

private let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

private func ihdr(_ width: UInt32, _ height: UInt32, bits: UInt8 = 8, color: UInt8 = 0) -> [UInt8] {
  chunk("IHDR", big(width) + big(height) + [bits, color, 0, 0, 0])
}

/// A zlib stream of one stored block.
private func zlib(_ data: [UInt8]) -> [UInt8] {
  var (a, b): (UInt32, UInt32) = (1, 0)
  for byte in data {
    a = (a + UInt32(byte)) % 65521
    b = (b + a) % 65521
  }
  let size = UInt16(data.count)
  return [0x78, 0x01, 1] + little(size) + little(~size) + data + big(b << 16 | a)
}

private func png(_ header: [UInt8], _ before: [UInt8] = [], _ rows: [UInt8]) -> [UInt8] {
  signature + header + before + chunk("IDAT", zlib(rows)) + chunk("IEND", [])
}

@Suite struct IOPNGTests {
  @Test func greyAndColourSurviveARoundTrip() throws {
    let gray = (0..<35).map { UInt8($0 * 7) }
    let back = try PNG.decode(PNG.encode(gray: gray, width: 7, height: 5), path: "good")
    #expect(back.shape == [1, 5, 7])
    #expect(try back.floats().map { UInt8(($0 * 255).rounded()) } == gray)

    let rgb = (0..<24).map { UInt8($0 * 10) }
    let color = try PNG.decode(PNG.encode(rgb: rgb, width: 4, height: 2), path: "good")
    #expect(color.shape == [3, 2, 4])
    // Planes come one after the other: the red plane is every third byte.
    let red = stride(from: 0, to: 24, by: 3).map { Float(rgb[$0]) / 255 }
    #expect(try Array(color.floats()[0..<8]) == red)

    let directory = try TemporaryDirectory()
    try PNG.write(gray: gray, width: 7, height: 5, to: directory.file("x.png"))
    #expect(try PNG.read(directory.file("x.png")).floats() == back.floats())
    #expect(throws: EngineError.self) { try PNG.encode(gray: gray, width: 7, height: 6) }
    #expect(throws: EngineError.self) { try PNG.encode(gray: [], width: 0, height: 0) }
  }

  @Test func otherKindsOfPictureAreRead() throws {
    let deep = png(ihdr(1, 1, bits: 16), [], [0, 0x80, 0x00])
    #expect(try PNG.decode(deep, path: "t").floats() == [Float(0x8000) / 65535])
    let bits = png(ihdr(8, 1, bits: 1), [], [0, 0b1010_0000])
    #expect(try PNG.decode(bits, path: "t").floats() == [1, 0, 1, 0, 0, 0, 0, 0])
    let alpha = png(ihdr(1, 1, color: 6), [], [0, 255, 0, 51, 102])
    #expect(try PNG.decode(alpha, path: "t").floats() == [1, 0, 0.2, 0.4])
    let palette = chunk("PLTE", [255, 0, 0, 0, 0, 255])
    let indexed = try PNG.decode(png(ihdr(2, 1, bits: 4, color: 3), palette, [0, 0x10]), path: "t")
    #expect(indexed.shape == [3, 1, 2])
    #expect(try indexed.floats() == [0, 1, 0, 0, 1, 0])
    let clear = try PNG.decode(
      png(ihdr(2, 1, color: 3), palette + chunk("tRNS", [0]), [0, 0, 1]), path: "t")
    #expect(clear.shape == [4, 1, 2])
    #expect(try Array(clear.floats()[6...]) == [0, 1])
  }

  @Test func hostilePicturesAreRefused() {
    let rows: [UInt8] = (0..<8).flatMap { _ in [UInt8](repeating: 0, count: 9) }
    let good = png(ihdr(8, 8), [], rows)
    let cases: [(String, [UInt8])] = [
      ("empty", []), ("signature only", signature), ("text", Array("hello, world".utf8)),
      (
        "checksum",
        signature + ihdr(8, 8) + chunk("IDAT", zlib(rows), checksum: 1) + chunk("IEND", [])
      ),
      ("2^31 wide", png(ihdr(0x7FFF_FFFF, 0x7FFF_FFFF), [], rows)),
      ("20000 wide", png(ihdr(20000, 20000), [], rows)),
      ("4096 wide in 200 bytes", png(ihdr(4096, 4096), [], rows)),
      ("no width", png(ihdr(0, 8), [], rows)),
      ("half", png(ihdr(8, 8), [], Array(rows.prefix(36)))),
      ("filter 9", png(ihdr(8, 8), [], rows.map { _ in 9 })),
      ("no header", png([], [], rows)), ("cut", Array(good.dropLast(13))),
      (
        "outside the palette",
        png(ihdr(8, 1, color: 3), chunk("PLTE", [0, 0, 0]), [0, 0, 1, 0, 0, 0, 0, 0, 0])
      ),
      ("no palette", png(ihdr(8, 8, color: 3), [], rows)),
      ("unknown critical chunk", png(ihdr(8, 8), chunk("ABCD", [1]), rows)),
      ("chunk length", signature + ihdr(8, 8) + big(0xFFFF_FFF0) + Array("IDAT".utf8) + zlib(rows)),
      (
        "broken stream",
        signature + ihdr(8, 8) + chunk("IDAT", [0x78, 0x9C] + [UInt8](repeating: 255, count: 40))
          + chunk("IEND", [])
      ),
    ]
    for (what, bytes) in cases {
      expectRefused(what, containing: "") { () throws(EngineError) in
        _ = try PNG.decode(bytes, path: "bad.png")
      }
    }
  }
}
