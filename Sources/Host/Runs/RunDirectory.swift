import Engine
import Foundation
import LuaBridge
import Synchronization

/// The directory of one run, held by this process alone.
///
/// The lock is the kernel's (`flock` on the file `lock`): it ends with the process, however that ends, so
/// a file left behind by a crash is no obstacle.
public final class RunDirectory: Sendable {
  /// Where the run lives.
  public let url: URL
  private let lock: Int32
  private let metrics: Mutex<Int32?>

  /// Creates the directory if needed, takes its lock, and removes what interrupted saves left.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` where another run holds it, or it cannot be written.
  public init(_ url: URL) throws(EngineError) {
    self.url = url
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw .file(
        path: url.path, reason: "cannot create the run directory: \(FileReason.text(error))")
    }
    try RunDirectory.refuseLinks(in: url)
    let lockPath = url.appendingPathComponent("lock").path
    guard let descriptor = RunDirectory.openOwn(lockPath, O_RDWR | O_CREAT) else {
      throw .file(
        path: lockPath, reason: "cannot be used: \(RunDirectory.openingProblem()); remove it")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = RunDirectory.holder(of: descriptor)
      close(descriptor)
      throw .file(path: url.path, reason: "another run\(holder) is using this directory")
    }
    // Only tells people who holds the lock; the lock itself is not in the content.
    ftruncate(descriptor, 0)
    let text = Array("\(getpid())\n".utf8)
    _ = pwrite(descriptor, text, text.count, 0)
    lock = descriptor
    metrics = Mutex(nil)
    removeLeftovers()
  }

  deinit {
    metrics.withLock { if let descriptor = $0 { close(descriptor) } }
    close(lock)
  }

  /// A stage that is a link would have its files written, and old ones removed, somewhere else.
  private static func refuseLinks(in url: URL) throws(EngineError) {
    let stages = url.appendingPathComponent("stages")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: stages.path)) ?? []
    for place in [stages] + names.sorted().map({ stages.appendingPathComponent($0) }) {
      var status = stat()
      guard lstat(place.path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { continue }
      throw .file(
        path: place.path,
        reason: "is a link; a stage is a folder of the run itself: remove the link and run again")
    }
  }

  /// Opens a file that is this run's alone: no link, no pipe or device, under no second name.
  ///
  /// - Returns: `nil`, with `errno` set, where it is none.
  private static func openOwn(_ path: String, _ flags: Int32) -> Int32? {
    let descriptor = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_nlink == 1
    else {
      close(descriptor)
      errno = EMLINK
      return nil
    }
    return descriptor
  }

  /// Why ``openOwn(_:_:)`` gave nothing.
  private static func openingProblem() -> String {
    switch errno {
    case ELOOP, EMLINK: "it is no regular file of its own but a link, a pipe or a device"
    default: String(cString: strerror(errno))
    }
  }

  private static func holder(of descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let digits = bytes.prefix(max(count, 0)).prefix { (0x30...0x39).contains($0) }
    return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
  }

  /// Removes the temporary names (`….tmp.<process>…`) of processes that are no more, in the run and its
  /// stages.
  private func removeLeftovers() {
    let stages = file("stages")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: stages.path)) ?? []
    for folder in [url] + names.map({ stages.appendingPathComponent($0) }) {
      for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
        guard let mark = entry.range(of: ".tmp."),
          let process = Int32(entry[mark.upperBound...].prefix { $0 != "." }), process > 0,
          kill(process, 0) != 0, errno == ESRCH
        else { continue }
        try? FileManager.default.removeItem(at: folder.appendingPathComponent(entry))
      }
    }
  }

  /// The place of a file or directory inside the run.
  public func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes `name` as JSON, atomically.
  public func write(_ value: some Encodable, as name: String) throws(EngineError) {
    try SafeFile.write(value, to: file(name))
  }

  /// Writes `name` as text, atomically.
  public func write(_ text: String, as name: String) throws(EngineError) {
    try AtomicFile.write(Array(text.utf8), to: file(name).path)
  }

  /// Reads the JSON file `name`; `nil` where there is none.
  public func read<Value: Decodable>(_ type: Value.Type, from name: String)
    throws(EngineError) -> Value?
  {
    guard FileManager.default.fileExists(atPath: file(name).path) else { return nil }
    return try SafeFile.read(type, from: file(name))
  }

  /// Appends one line of JSON to `metrics.jsonl`.
  ///
  /// The line is one write, and starts on a line of its own even where a crash cut the last one.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``; training may go on without its log.
  public func appendMetrics(_ value: some Encodable) throws(EngineError) {
    let url = file("metrics.jsonl")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let line: [UInt8]
    do {
      line = [UInt8](try encoder.encode(value)) + [0x0A]
    } catch {
      throw .file(path: url.path, reason: "cannot be written as JSON: \(error)")
    }
    let problem: String? = metrics.withLock { descriptor in
      if descriptor == nil { descriptor = RunDirectory.openLog(url.path) }
      guard let descriptor else { return RunDirectory.openingProblem() }
      var written: Int
      repeat {
        written = line.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      } while written < 0 && errno == EINTR
      return written == line.count ? nil : String(cString: strerror(errno))
    }
    if let problem { throw .file(path: url.path, reason: "cannot append: \(problem)") }
  }

  private static func openLog(_ path: String) -> Int32? {
    guard let descriptor = openOwn(path, O_RDWR | O_CREAT | O_APPEND) else { return nil }
    let end = lseek(descriptor, 0, SEEK_END)
    var last: UInt8 = 0
    if end > 0, pread(descriptor, &last, 1, end - 1) == 1, last != 0x0A {
      _ = Foundation.write(descriptor, "\n", 1)
    }
    return descriptor
  }
}
