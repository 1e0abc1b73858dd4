import Foundation
import Synchronization

/// Files that are either wholly there or not there.
public enum AtomicFile {
  private static let serial = Atomic<Int>(0)

  /// Writes `bytes` under a temporary name beside `path`, flushes them to the disk, moves them into
  /// place, and flushes the directory.
  ///
  /// An older file of that name stays whole until the new one is complete. The mode follows the umask.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``; nothing is left behind then.
  public static func write(_ bytes: [UInt8], to path: String) throws(EngineError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw .file(path: path, reason: "expected a regular file to replace")
    }
    let number = serial.add(1, ordering: .relaxed).newValue
    let temporary = "\(path).tmp.\(getpid()).\(number)"
    unlink(temporary)  // a dead process of the same id may have left one
    do throws(EngineError) {
      try create(bytes, at: temporary)
      guard rename(temporary, path) == 0 else {
        throw .file(path: path, reason: "cannot move into place: \(systemError())")
      }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronizeDirectory(path.parentFolder)
  }

  /// Creates a new file, writes `bytes`, and flushes them to the disk.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``; a part of the file may be left behind.
  public static func create(_ bytes: [UInt8], at path: String) throws(EngineError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .file(path: path, reason: "cannot create: \(systemError())")
    }
    var problem = writeAll(bytes, to: descriptor)
    if problem == nil, fsync(descriptor) != 0 { problem = systemError() }
    // The result of close() counts: a network file system reports a full disk there.
    if close(descriptor) != 0, problem == nil { problem = systemError() }
    if let problem { throw .file(path: path, reason: "cannot write: \(problem)") }
  }

  /// Flushes a directory, so that names created in or moved into it survive a power loss.
  public static func synchronizeDirectory(_ path: String) throws(EngineError) {
    let name = path.isEmpty ? "." : path
    let descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file(path: name, reason: "cannot open: \(systemError())") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .file(path: name, reason: "cannot flush the directory: \(systemError())")
    }
  }

  /// Writes everything; the text of the error that stopped it, or `nil`.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> String? {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        guard let start = buffer.baseAddress else { break }
        let written = Foundation.write(descriptor, start + done, buffer.count - done)
        if written > 0 {
          done += written
        } else if written < 0 && errno == EINTR {
          continue
        } else {
          return written == 0 ? "nothing was written" : systemError()
        }
      }
      return nil
    }
  }
}
