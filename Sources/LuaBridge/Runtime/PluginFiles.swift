import Engine
import Foundation

/// The files beside a plugin, which it may read.
enum PluginFiles {
  /// Reads a file that lies in the folder of a Lua file, or below it.
  ///
  /// Each part of the path is opened in the folder before it, and links are refused: there is no moment at
  /// which a name could lead elsewhere.
  ///
  /// - Parameters:
  ///   - folder: the Lua file's; `nil` for source that is in no file.
  ///   - limit: the most bytes it may have.
  /// - Throws: ``LuaError`` of kind `file` for a path that leads out, is no regular file, or is too large.
  static func read(_ path: String, in folder: String?, limit: Int) throws(LuaError) -> [UInt8] {
    func problem(_ text: String) -> LuaError { LuaError(.file, "load: '\(path)' \(text)") }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy({ !["", ".", ".."].contains($0) && !$0.utf8.contains(0) }) else {
      throw problem("is not inside the plugin's folder")
    }
    guard let folder else {
      throw LuaError(.file, "load: only a plugin that is a file has files beside it")
    }
    var descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    for (index, part) in parts.enumerated() where descriptor >= 0 {
      let isFile = index == parts.count - 1
      let next = openat(
        descriptor, part,
        O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (isFile ? O_NONBLOCK : O_DIRECTORY))
      close(descriptor)
      descriptor = next
    }
    guard descriptor >= 0 else {
      throw problem(
        errno == ELOOP
          ? "is a link: links are not followed"
          : "cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw problem("is not a regular file")
    }
    guard status.st_size <= limit else {
      throw problem("has \(status.st_size) bytes: at most \(limit) are read")
    }
    do {
      return Array(
        try FileHandle(fileDescriptor: descriptor).read(upToCount: Int(status.st_size)) ?? Data())
    } catch {
      throw problem("cannot be read: \(FileReason.text(error))")
    }
  }
}
