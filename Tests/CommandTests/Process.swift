import Foundation
import Testing

/// The program as a person runs it: the one built beside these tests.
struct Invocation {
  let status: Int32
  let output: String
  let errors: String

  /// Where the build put the program.
  static var program: URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("moonglass")
  }

  /// Runs the program in a folder and waits for it.
  ///
  /// - Parameters:
  ///   - input: a file for its standard input.
  ///   - interruptAfter: a line of its progress after which it gets SIGINT.
  static func run(
    _ arguments: [String], in folder: URL, input: URL? = nil, interruptAfter mark: String? = nil
  ) throws -> Invocation {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["MOONGLASS_HOME": root.path]
    ) { _, new in new }
    if let input { process.standardInput = try FileHandle(forReadingFrom: input) }
    let (out, err) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    try process.run()
    var errors = Data()
    var isInterrupted = false
    while case let chunk = err.fileHandleForReading.availableData, !chunk.isEmpty {
      errors += chunk
      if let mark, !isInterrupted, String(decoding: errors, as: UTF8.self).contains(mark) {
        isInterrupted = true
        process.interrupt()
      }
    }
    let output = out.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Invocation(
      status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: errors, as: UTF8.self))
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
}

/// A folder that is gone afterwards, with the given files in it.
func withFolder(_ files: [String: String], _ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "moonglass-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  for (name, text) in files {
    try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
  }
  try body(folder)
}
