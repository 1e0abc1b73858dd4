import ArgumentParser
import Engine
import Foundation
import Host

/// Times the library's operations, networks and steps.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time operations, networks and steps of training, sampling and solving.",
    discussion: """
      Programs are planned before the clock starts. Times are only worth something while nothing else \
      computes on the machine: a line that other programs disturbed says so.
      """)

  @Argument(
    help: "Cases or groups of cases (default: all); --list shows them.",
    completion: .list(Benchmark.all.map(\.name) + Benchmark.groupNames))
  var cases: [String] = []

  @Option(help: "Repetitions that are timed (default: depends on the case).")
  var steps: Int?

  @Option(help: "Threads to compute with (default: all cores).")
  var threads: Int?

  @Option(help: "Size of the score network: \(names(of: BenchmarkSettings.NetworkSize.self)).")
  var size = BenchmarkSettings.NetworkSize.small

  @Option(
    help: """
      Constraint of namm_step: flux or burgers, which are written in Swift, or a plugin by name \
      (lua:burgers) or path.
      """)
  var constraint = "flux"

  @Option(
    help: ArgumentHelp(
      """
      Compare with another program: its command line, to which case and options are added. Both run in \
      turn, each case in a new process.
      """, valueName: "command"))
  var against: String?

  @Option(help: "How often both programs run each case with --against.")
  var rounds = 3

  @OptionGroup var profiling: ProfilingOptions

  @Flag(help: "Report as lines of JSON on standard output.")
  var json = false

  @Flag(help: "List the cases and groups.")
  var list = false

  func validate() throws {
    if let threads { try Run.validate(threads: threads) }
    if let steps, steps < 1 { throw ValidationError("--steps must be at least 1, got \(steps)") }
    guard rounds >= 1 else { throw ValidationError("--rounds must be at least 1, got \(rounds)") }
    if let against {
      guard !against.allSatisfy(\.isWhitespace) else {
        throw ValidationError("--against needs a command")
      }
      guard !profiling.isWanted else {
        throw ValidationError("--profile and --against cannot be used together")
      }
    }
    do throws(BenchmarkError) {
      _ = try Benchmark.named(cases)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() throws {
    let progress = ConsoleProgress(isJSON: json)
    if list { return printList() }
    if let threads { Threads.count = threads }
    do {
      let chosen = try namedConstraint(print: { progress.note("plugin: \($0)") })
      if let against {
        try compare(with: against, constraintName: chosen.name)
      } else {
        try measure(BenchmarkSettings(size: size, constraint: chosen), progress)
      }
    } catch {
      progress.fail(error)
      throw ExitCode(ExitStatus.of(error))
    }
  }

  private func measure(_ settings: BenchmarkSettings, _ progress: ConsoleProgress) throws {
    try profiling.collect(progress) { profile in
      if !json { emit(BenchmarkTable.header) }
      for benchmark in try Benchmark.named(cases) {
        let result = try benchmark.measure(settings, steps: steps, profile: profile)
        emit(json ? try jsonLine(result) : BenchmarkTable.row(result))
      }
    }
  }

  private func compare(with command: String, constraintName: String) throws {
    let comparison = Comparison(
      own: ChildCommand(path: try ownPath(), arguments: ["bench"]),
      other: ChildCommand(shell: command), rounds: rounds, threads: Threads.count, steps: steps,
      size: size, constraint: (constraint, constraintName))
    Signals.handleEndingChildren()
    if !json { emit(ComparisonTable.header) }
    var isDisturbed = false
    // All cases are all that can be compared.
    for benchmark in try Benchmark.named(cases) where !cases.isEmpty || !benchmark.peers.isEmpty {
      let result = try comparison(benchmark)
      isDisturbed = isDisturbed || result.isDisturbed
      emit(json ? try jsonLine(result) : ComparisonTable.row(result))
    }
    if !json { emit(ComparisonTable.footer(isDisturbed: isDisturbed)) }
  }

  private func ownPath() throws -> String {
    guard let path = Bundle.main.executablePath else {
      throw BenchmarkError.commandNotFound(command: CommandLine.arguments[0])
    }
    return path
  }

  /// Each line when it is known, also into a pipe.
  private func emit(_ line: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
  }

  private func namedConstraint(print: @escaping @Sendable (String) -> Void) throws
    -> any Constraint
  {
    // The short names mean the constraints in Swift: what a Lua one is compared with.
    let builtin = ["flux": "swift:total_brightness", "burgers": "swift:burgers"]
    return try PluginRegistry.standard(print: print).constraint(
      named: builtin[constraint] ?? constraint)
  }

  private func printList() {
    for benchmark in Benchmark.all {
      print("\(benchmark.name.padded(to: 20))\(benchmark.summary)")
    }
    print("\ngroups: \(Benchmark.groupNames.joined(separator: ", "))")
  }
}

private func names<Choice: CaseIterable & RawRepresentable>(of: Choice.Type) -> String
where Choice.RawValue == String {
  Choice.allCases.map(\.rawValue).joined(separator: ", ")
}

extension BenchmarkSettings.NetworkSize: ExpressibleByArgument {}
