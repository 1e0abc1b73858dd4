import CKernels

/// Writes zip archives of stored members with a fixed date: the same content gives the same bytes.
struct ZipWriter {
  private let path: String
  private var body: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  init(path: String) { self.path = path }

  /// Appends a member.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` when a size is beyond what zip can hold.
  mutating func add(_ name: String, _ content: [UInt8]) throws(EngineError) {
    let nameBytes = Array(name.utf8)
    guard nameBytes.count <= 65_535, body.count + content.count < Int(UInt32.max), count < 65_535
    else { throw .file(path: path, reason: "too large for a zip archive (4 GiB, 65535 members)") }
    let offset = UInt32(body.count)
    // What the local header and the directory share: version 2.0, UTF-8 names, stored, 1 January 1980.
    var common: [UInt8] = []
    for field: UInt16 in [20, 1 << 11, 0, 0, 0x21] { common += bytes(field) }
    common += bytes(mg_crc32(content, content.count))
    common += bytes(UInt32(content.count)) + bytes(UInt32(content.count))
    common += bytes(UInt16(nameBytes.count)) + bytes(UInt16(0))
    body += bytes(UInt32(0x0403_4B50)) + common + nameBytes + content
    directory += bytes(UInt32(0x0201_4B50)) + bytes(UInt16(20)) + common
    directory += bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(UInt32(0))
    directory += bytes(offset) + nameBytes
    count += 1
  }

  /// The whole archive.
  func finish() throws(EngineError) -> [UInt8] {
    guard body.count + directory.count < Int(UInt32.max) else {
      throw .file(path: path, reason: "too large for a zip archive (4 GiB)")
    }
    var end = bytes(UInt32(0x0605_4B50)) + bytes(UInt32(0))
    end += bytes(UInt16(count)) + bytes(UInt16(count))
    end += bytes(UInt32(directory.count)) + bytes(UInt32(body.count)) + bytes(UInt16(0))
    return body + directory + end
  }

  private func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
