import CKernels

/// The part of the zip format that `.npz` files use, read with suspicion.
///
/// The central directory is believed only where the local headers agree; members may not overlap; their
/// sizes are bounded by the size of the file, so that a small file cannot fill the memory. Not
/// supported, and refused: encryption, archives over several disks, members of 4 GiB or more.
/// Source: PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
struct ZipReader {
  struct Member {
    let name: String
    let isDeflated: Bool
    let checksum: UInt32
    let storedSize: Int
    let size: Int
    let headerOffset: Int
    var dataOffset = 0
  }

  /// Output allowed beyond ``maximumRatio`` times the file: small files of equal numbers are harmless.
  private static let freeOutput = 64 << 20
  private static let maximumRatio = 200

  private let file: FileBytes
  let members: [Member]

  init(_ file: FileBytes) throws(EngineError) {
    self.file = file
    guard file.starts(with: [0x50, 0x4B]) else { throw file.fail("expected a zip archive") }
    var members = try ZipReader.directory(of: file)
    try ZipReader.checkSizes(members, file)
    for index in members.indices {
      members[index].dataOffset = try ZipReader.dataOffset(of: members[index], file)
    }
    try ZipReader.checkOverlap(members, file)
    self.members = members
  }

  /// The bytes of a member, checksum verified.
  func content(of member: Member) throws(EngineError) -> [UInt8] {
    let range = member.dataOffset..<member.dataOffset + member.storedSize
    var output: [UInt8]
    if member.isDeflated {
      output = [UInt8](repeating: 0, count: member.size)
      let status = file.bytes.withUnsafeBufferPointer { input in
        mg_inflate_exactly(
          input.baseAddress.map { $0 + range.lowerBound }, range.count, &output, member.size)
      }
      guard status == 0 else {
        throw file.fail(
          "member \(printable(member.name)) is damaged: it does not inflate to \(member.size) bytes"
        )
      }
    } else {
      output = Array(file.bytes[range])
    }
    guard mg_crc32(output, output.count) == member.checksum else {
      throw file.fail("member \(printable(member.name)) is damaged: its checksum is wrong")
    }
    return output
  }

  // MARK: - Directory

  private static func directory(of file: FileBytes) throws(EngineError) -> [Member] {
    let end = try endRecord(of: file)
    let count = Int(try file.number(UInt16.self, at: end + 10))
    let size = Int(try file.number(UInt32.self, at: end + 12))
    var position = Int(try file.number(UInt32.self, at: end + 16))
    let limit = position + size
    guard limit <= end else { throw file.fail("the archive's directory lies outside the file") }
    var members: [Member] = []
    var names: Set<String> = []
    while position < limit {
      let (member, next) = try entry(at: position, limit: limit, file)
      guard names.insert(member.name).inserted else {
        throw file.fail("member \(printable(member.name)) is there twice")
      }
      members.append(member)
      position = next
    }
    guard members.count == count else {
      throw file.fail("expected \(count) members, the directory lists \(members.count)")
    }
    return members
  }

  /// Offset of the record that ends every archive; the comment behind it may not hold another one.
  private static func endRecord(of file: FileBytes) throws(EngineError) -> Int {
    let first = max(0, file.count - 22 - 65_535)
    for offset in stride(from: file.count - 22, through: first, by: -1)
    where file.bytes[offset..<offset + 4].elementsEqual([0x50, 0x4B, 5, 6]) {
      let comment = Int(try file.number(UInt16.self, at: offset + 20))
      guard offset + 22 + comment == file.count else { continue }
      guard try file.number(UInt32.self, at: offset + 4) == 0 else {
        throw file.fail("archives over several disks are not supported")
      }
      return offset
    }
    throw file.fail("expected a zip archive, its directory is missing (was the file cut short?)")
  }

  private static func entry(
    at position: Int, limit: Int, _ file: FileBytes
  ) throws(EngineError) -> (Member, next: Int) {
    guard try file.number(UInt32.self, at: position) == 0x0201_4B50 else {
      throw file.fail("the archive's directory is damaged")
    }
    let flags = try file.number(UInt16.self, at: position + 8)
    let method = try file.number(UInt16.self, at: position + 10)
    let storedSize = try file.number(UInt32.self, at: position + 20)
    let size = try file.number(UInt32.self, at: position + 24)
    let nameSize = Int(try file.number(UInt16.self, at: position + 28))
    let extraSize = Int(try file.number(UInt16.self, at: position + 30))
    let commentSize = Int(try file.number(UInt16.self, at: position + 32))
    let next = position + 46 + nameSize + extraSize + commentSize
    guard next <= limit else { throw file.fail("the archive's directory is damaged") }
    let name = String(decoding: file.bytes[position + 46..<position + 46 + nameSize], as: UTF8.self)
    guard flags & 1 == 0, method == 0 || method == 8 else {
      throw file.fail("expected stored or deflated members, \(printable(name)) is neither")
    }
    guard storedSize < UInt32.max, size < UInt32.max, method == 8 || storedSize == size else {
      throw file.fail("the sizes of member \(printable(name)) are not valid")
    }
    let member = Member(
      name: name, isDeflated: method == 8,
      checksum: try file.number(UInt32.self, at: position + 16), storedSize: Int(storedSize),
      size: Int(size), headerOffset: Int(try file.number(UInt32.self, at: position + 42)))
    return (member, next)
  }

  private static func checkSizes(_ members: [Member], _ file: FileBytes) throws(EngineError) {
    let total = members.reduce(0) { $0 + $1.size }
    let limit = freeOutput + maximumRatio * file.count
    guard total <= limit else {
      throw file.fail(
        "\(file.count) bytes claim to hold \(total): more than the \(limit) that are allowed")
    }
  }

  // MARK: - Local headers

  private static func dataOffset(of member: Member, _ file: FileBytes) throws(EngineError) -> Int {
    let start = member.headerOffset
    let blame = "the header of member \(printable(member.name)) differs from the directory"
    guard try file.number(UInt32.self, at: start) == 0x0403_4B50 else { throw file.fail(blame) }
    let flags = try file.number(UInt16.self, at: start + 6)
    let method = try file.number(UInt16.self, at: start + 8)
    let nameSize = Int(try file.number(UInt16.self, at: start + 26))
    let extraSize = Int(try file.number(UInt16.self, at: start + 28))
    let data = start + 30 + nameSize + extraSize
    guard data + member.storedSize <= file.count else {
      throw file.fail("member \(printable(member.name)) reaches past the end of the file")
    }
    let name = String(decoding: file.bytes[start + 30..<start + 30 + nameSize], as: UTF8.self)
    let storedSize = try file.number(UInt32.self, at: start + 18)
    let size = try file.number(UInt32.self, at: start + 22)
    // Streams write zeros here and numpy.savez writes "see the 64-bit field"; anything else must agree.
    let hidden = flags & 8 != 0 ? [0, UInt32.max] : [UInt32.max]
    guard name == member.name, (method == 8) == member.isDeflated, flags & 1 == 0,
      hidden.contains(storedSize) || Int(storedSize) == member.storedSize,
      hidden.contains(size) || Int(size) == member.size
    else { throw file.fail(blame) }
    return data
  }

  private static func checkOverlap(_ members: [Member], _ file: FileBytes) throws(EngineError) {
    var end = 0
    for member in members.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      guard member.headerOffset >= end else {
        throw file.fail("member \(printable(member.name)) overlaps another one")
      }
      end = member.dataOffset + member.storedSize
    }
  }
}
