import CKernels

/// PNG pictures, through libpng.
public enum PNG {
  /// The largest picture that is read.
  public static let maximumPixels = 1 << 24

  /// Reads a picture as Float32 `[C, H, W]` in 0…1; C is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA).
  ///
  /// Palettes become RGB, or RGBA where an entry is transparent. No gamma is applied.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func read(_ path: String) throws(EngineError) -> Tensor {
    try decode(FileBytes(reading: path))
  }

  /// Reads the bytes of a file; `path` names them in errors.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func decode(_ bytes: [UInt8], path: String) throws(EngineError) -> Tensor {
    try decode(FileBytes(bytes, path: path))
  }

  /// Writes 8-bit grey levels, `width * height` of them from the top left, atomically.
  public static func write(gray: [UInt8], width: Int, height: Int, to path: String)
    throws(EngineError)
  {
    try AtomicFile.write(encode(gray: gray, width: width, height: height), to: path)
  }

  /// Writes 8-bit red, green, blue triples, `width * height` of them from the top left, atomically.
  public static func write(rgb: [UInt8], width: Int, height: Int, to path: String)
    throws(EngineError)
  {
    try AtomicFile.write(encode(rgb: rgb, width: width, height: height), to: path)
  }

  /// The bytes of a grey PNG.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless the sizes agree.
  public static func encode(gray: [UInt8], width: Int, height: Int) throws(EngineError) -> [UInt8] {
    try encode(gray, width: width, height: height, channels: 1)
  }

  /// The bytes of an RGB PNG.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless the sizes agree.
  public static func encode(rgb: [UInt8], width: Int, height: Int) throws(EngineError) -> [UInt8] {
    try encode(rgb, width: width, height: height, channels: 3)
  }

  private static func encode(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int
  ) throws(EngineError) -> [UInt8] {
    guard (1...1_000_000).contains(width), (1...1_000_000).contains(height),
      pixels.count == width * height * channels
    else {
      throw .invalidArgument(
        op: "PNG.encode", argument: "pixels", expected: "\(channels) × \(width) × \(height) bytes",
        got: "\(pixels.count)")
    }
    var out: UnsafeMutablePointer<UInt8>?
    var count = 0
    var error = mg_png_error()
    let status = mg_png_encode(
      pixels, UInt32(width), UInt32(height), Int32(channels), &out, &count, &error)
    guard status == 0 else { throw .library(name: "libpng", reason: text(of: error)) }
    defer { mg_png_free(out) }
    return [UInt8](UnsafeBufferPointer(start: out, count: count))
  }

  private static func text(of error: mg_png_error) -> String {
    withUnsafeBytes(of: error.text) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  // MARK: - Reading

  static func decode(_ file: FileBytes) throws(EngineError) -> Tensor {
    var info = mg_png_info()
    var error = mg_png_error()
    guard mg_png_read_info(file.bytes, file.count, &info, &error) == 0 else {
      throw file.fail("expected a PNG picture: \(text(of: error))")
    }
    let (width, height, channels) = (Int(info.width), Int(info.height), Int(info.channels))
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, area <= maximumPixels else {
      throw file.fail("expected at most \(maximumPixels) pixels, got \(width) × \(height)")
    }
    let size = area * channels * Int(info.depth) / 8
    // Deflate cannot make data more than 1032 times smaller: refuse before reserving memory.
    guard size / 1032 <= file.count else {
      throw file.fail("the file is too short for \(width) × \(height) pixels")
    }
    var pixels = [UInt8](repeating: 0, count: size)
    guard mg_png_decode(file.bytes, file.count, &pixels, size, &error) == 0 else {
      throw file.fail("the PNG picture is damaged: \(text(of: error))")
    }
    if info.palette_count > 0 {
      return try expandPalette(pixels, info, shape: (height, width), file)
    }
    return planar(pixels, channels: channels, wide: info.depth == 16, height: height, width: width)
  }

  private static func expandPalette(
    _ indices: [UInt8], _ info: mg_png_info, shape: (height: Int, width: Int), _ file: FileBytes
  ) throws(EngineError) -> Tensor {
    let palette = withUnsafeBytes(of: info.palette) { [UInt8]($0) }
    let channels = info.palette_has_alpha != 0 ? 4 : 3
    var pixels: [UInt8] = []
    pixels.reserveCapacity(indices.count * channels)
    for index in indices {
      guard index < info.palette_count else {
        throw file.fail("colour \(index) is not in the palette of \(info.palette_count)")
      }
      pixels += palette[Int(index) * 4..<Int(index) * 4 + channels]
    }
    return planar(
      pixels, channels: channels, wide: false, height: shape.height, width: shape.width)
  }

  /// Interleaved samples to `[C, H, W]` in 0…1.
  private static func planar(
    _ pixels: [UInt8], channels: Int, wide: Bool, height: Int, width: Int
  ) -> Tensor {
    let area = height * width
    var values = [Float](repeating: 0, count: area * channels)
    for pixel in 0..<area {
      for channel in 0..<channels {
        let sample = pixel * channels + channel
        values[channel * area + pixel] =
          wide
          ? Float(Int(pixels[2 * sample]) << 8 | Int(pixels[2 * sample + 1])) / 65535
          : Float(pixels[sample]) / 255
      }
    }
    return Tensor(values, shape: [channels, height, width])
  }
}
