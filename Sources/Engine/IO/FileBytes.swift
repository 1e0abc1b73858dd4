import Foundation

/// The content of a file together with the name to blame, read with bounds checks.
package struct FileBytes {
  /// Largest file that is read: far above any data of this program, far below what hurts.
  static let maximumSize = 4 << 30

  package let bytes: [UInt8]
  /// What errors call it: a path, or a path and the member inside it.
  let path: String

  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// Reads a whole regular file.
  ///
  /// Never waits on a pipe or a device, and copies, so that a file cut short later cannot hurt.
  package init(reading path: String) throws(EngineError) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(path: path, reason: "cannot open: \(systemError())") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .file(path: path, reason: "expected a regular file")
    }
    guard status.st_size <= FileBytes.maximumSize else {
      throw .file(
        path: path,
        reason: "expected at most \(FileBytes.maximumSize) bytes, got \(status.st_size)")
    }
    guard let bytes = FileBytes.readAll(descriptor, count: Int(status.st_size)) else {
      throw .file(path: path, reason: "cannot read: \(systemError())")
    }
    self.init(bytes, path: path)
  }

  /// Reads up to `count` bytes; `nil` on a read error.
  private static func readAll(_ descriptor: Int32, count: Int) -> [UInt8]? {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let start = buffer.baseAddress else { return }
      while filled < count {
        let got = read(descriptor, start + filled, count - filled)
        if got > 0 {
          filled += got
        } else if got < 0 && errno == EINTR {
          continue
        } else {
          failed = got < 0
          return
        }
      }
    }
    return failed ? nil : bytes
  }

  var count: Int { bytes.count }

  func fail(_ reason: String) -> EngineError { .file(path: path, reason: reason) }

  /// What the file is by its first bytes, where that is something people take for data by mistake.
  var otherFormat: String? {
    if bytes.isEmpty { return "an empty file" }
    let beginnings: [(String, String)] = [
      ("version https://git-lfs", "a Git LFS pointer: run `git lfs pull`"),
      ("PK\u{3}\u{4}", "a ZIP archive, such as .npz"), ("PK\u{5}\u{6}", "an empty ZIP archive"),
      ("<!DOCTYPE", "a web page"), ("<html", "a web page"),
    ]
    if let known = beginnings.first(where: { starts(with: Array($0.0.utf8)) }) { return known.1 }
    if starts(with: [0x93] + Array("NUMPY".utf8)) { return "a .npy array" }
    return starts(with: [0x89] + Array("PNG".utf8)) ? "a PNG picture" : nil
  }

  /// A little-endian unsigned number.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` where it would reach past the end.
  func number<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, at offset: Int)
    throws(EngineError) -> T
  {
    let size = T.bitWidth / 8
    guard offset >= 0, size <= bytes.count, offset <= bytes.count - size else {
      throw fail(
        "the file ends early: expected \(size) bytes at offset \(offset) of \(bytes.count)")
    }
    var value: T = 0
    for index in (0..<size).reversed() { value = value << 8 | T(bytes[offset + index]) }
    return value
  }

  func starts(with magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
}

/// The text of `errno`.
func systemError() -> String { String(cString: strerror(errno)) }

/// A name found inside a file, made safe to print: control characters escaped, at most 80 characters.
func printable(_ name: String) -> String {
  let shown = name.unicodeScalars.prefix(80).map { scalar in
    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
      ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }
  return "'" + shown.joined() + (name.unicodeScalars.count > 80 ? "…'" : "'")
}

extension Shape {
  /// Checks sizes that come from a file.
  init(_ dimensions: [Int], in file: FileBytes) throws(EngineError) {
    do throws(EngineError) {
      self = try Shape(checking: dimensions, op: "read")
    } catch {
      guard case .invalidShape(_, _, let reason) = error else { throw error }
      throw file.fail("invalid shape \(dimensions): \(reason)")
    }
  }
}
