import Foundation
import Synchronization

/// A program that times a case and prints the result as a line of JSON.
public struct ChildCommand: Sendable {
  /// What messages call it.
  let name: String
  private let executable: String
  private let arguments: [String]

  /// This kind of program at a path.
  ///
  /// - Parameter arguments: what comes before the case.
  public init(path: String, arguments: [String]) {
    name = path
    executable = path
    self.arguments = arguments
  }

  /// A command line as a person types it: a shell reads it, quotes and variables included.
  public init(shell line: String) {
    name = line
    executable = "/bin/sh"
    arguments = ["-c", "exec \(line) \"$@\"", "sh"]
  }

  /// Runs a case and reads its result. What the program says on standard error is passed on.
  ///
  /// - Throws: ``BenchmarkError`` saying what went wrong with the program.
  func result(_ name: String, _ options: [String]) throws -> BenchmarkResult {
    let output = try run([name] + options)
    for line in output.split(separator: "\n").reversed() {
      if let result = try? JSONDecoder().decode(BenchmarkResult.self, from: Data(line.utf8)) {
        guard result.name == name, result.median > 0, result.peakMemory > 0 else { continue }
        return result
      }
    }
    let last = output.split(separator: "\n").last.map { String($0.prefix(200)) } ?? ""
    throw BenchmarkError.noResult(command: self.name, name: name, got: last)
  }

  private func run(_ extra: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments + extra
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      throw BenchmarkError.commandNotFound(command: name)
    }
    Self.running.store(process.processIdentifier, ordering: .relaxed)
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    Self.running.store(0, ordering: .relaxed)
    // What shells give for a command that they cannot find.
    if process.terminationStatus == 127 { throw BenchmarkError.commandNotFound(command: name) }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw BenchmarkError.commandFailed(command: name, status: process.terminationStatus)
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// The program that runs; 0: none.
  private static let running = Atomic<pid_t>(0)

  /// Ends the program that runs, if one does. May be called in a signal handler.
  public static func terminateRunning() {
    let process = running.load(ordering: .relaxed)
    if process > 0 { kill(process, SIGTERM) }
  }
}
