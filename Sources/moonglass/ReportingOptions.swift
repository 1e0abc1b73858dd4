import ArgumentParser
import Engine
import Host

/// How a command that computes says how it is going.
struct ReportingOptions: ParsableArguments {
  @Option(help: "Threads to compute with (default: all cores).")
  var threads: Int?

  @Flag(help: "Report as lines of JSON on standard output.")
  var json = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be in 1…1024, got \(threads)")
    }
  }

  /// Does the work; a signal asks it to save and end, and what it throws is shown and becomes the exit code.
  func run(_ work: (ConsoleProgress) throws -> Void) throws {
    let progress = ConsoleProgress(isJSON: json)
    if let threads { Threads.count = threads }
    Signals.handle()
    do {
      try work(progress)
    } catch {
      progress.fail(error)
      throw ExitCode(ExitStatus.of(error))
    }
  }
}
