import ArgumentParser
import Engine
import Foundation
import LuaBridge

/// Options of commands that compute: where does the time go?
struct ProfilingOptions: ParsableArguments {
  /// Calls that a trace holds: some 20 MB.
  static let traceLimit = 50_000

  @Flag(help: "Print where the time went when done.")
  var profile = false

  @Option(
    help: ArgumentHelp(
      "Write the kernel calls, the last \(traceLimit), as a trace for ui.perfetto.dev.",
      valueName: "file.json"),
    completion: .file(extensions: ["json"]))
  var profileTrace: String?

  /// Whether anything was asked for.
  var isWanted: Bool { profile || profileTrace != nil }

  /// Runs `body` with a profile where one was asked for, and reports it, also after a failure.
  ///
  /// - Parameter usualTrace: where the trace goes unless the user names a file; `nil`: nowhere.
  func collect<T>(
    _ progress: ConsoleProgress, usualTrace: URL? = nil, _ body: (Profile?) throws -> T
  ) throws -> T {
    guard isWanted else { return try body(nil) }
    let trace = profileTrace.map { URL(fileURLWithPath: $0) } ?? usualTrace
    let collected = Profile(eventLimit: trace == nil ? 0 : Self.traceLimit)
    let outcome = Result { try body(collected) }
    if profile { progress.profile(collected) }
    if let trace {
      do {
        try collected.trace().write(to: trace)
        progress.note("the kernel calls are in \(trace.relativePath), for ui.perfetto.dev")
      } catch {
        throw outcome.failure
          ?? EngineError.file(path: trace.path, reason: FileReason.text(error))
      }
    }
    return try outcome.get()
  }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
