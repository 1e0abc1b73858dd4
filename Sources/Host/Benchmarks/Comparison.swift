import Foundation

/// Another program set against this one: both run in turn, each case in a process of its own, so that
/// neither profits from what was loaded or warmed up before.
public struct Comparison: Sendable {
  /// How to call this program's benchmarks: the case and options follow.
  public let own: ChildCommand
  /// How to call the other program.
  public let other: ChildCommand
  /// How often both run each case.
  public let rounds: Int
  public let threads: Int
  /// Timed repetitions of each run; `nil`: each program's own default.
  public let steps: Int?
  public let size: BenchmarkSettings.NetworkSize
  /// The constraint as it is given to this program, and its own name.
  public let constraint: (argument: String, name: String)

  public init(
    own: ChildCommand, other: ChildCommand, rounds: Int, threads: Int, steps: Int? = nil,
    size: BenchmarkSettings.NetworkSize = .small, constraint: (argument: String, name: String)
  ) {
    self.own = own
    self.other = other
    self.rounds = rounds
    self.threads = threads
    self.steps = steps
    self.size = size
    self.constraint = constraint
  }

  /// Runs one case `rounds` times in both programs, in turn.
  ///
  /// - Throws: ``BenchmarkError``, for instance where the other program has no such case.
  public func callAsFunction(_ benchmark: Benchmark) throws -> ComparisonReport {
    let peerOptions = try options(benchmark, constraint: peerConstraint(benchmark))
    let ownOptions = options(benchmark, constraint: constraint.argument)
    var ours: [BenchmarkResult] = []
    var theirs = [[BenchmarkResult]](repeating: [], count: benchmark.peers.count)
    for _ in 0..<rounds {
      ours.append(try own.result(benchmark.name, ownOptions))
      for (index, peer) in benchmark.peers.enumerated() {
        theirs[index].append(
          try other.result(peer[0], Array(peer[1...]) + peerOptions))
      }
    }
    // The other program's user would take its faster layout.
    let fastest = zip(benchmark.peers, theirs).min { median($0.1) < median($1.1) }
    guard let (peer, results) = fastest else {
      throw BenchmarkError.noPeerCase(name: benchmark.name)
    }
    return ComparisonReport(
      benchmark.name, peer: peer.joined(separator: " "), ours: ours, theirs: results,
      isDisturbed: (ours + theirs.joined()).contains(where: \.isDisturbed))
  }

  private func median(_ results: [BenchmarkResult]) -> Double {
    Benchmark.median(ofSorted: results.map(\.median).sorted())
  }

  private func options(_ benchmark: Benchmark, constraint: String) -> [String] {
    var options = ["--json", "--threads", "\(threads)"]
    if let steps { options += ["--steps", "\(steps)"] }
    if benchmark.settingsUsed.contains(.size) { options += ["--size", size.rawValue] }
    if benchmark.settingsUsed.contains(.constraint) { options += ["--constraint", constraint] }
    return options
  }

  /// The peer's name of the constraint; cases that have none get none.
  private func peerConstraint(_ benchmark: Benchmark) throws(BenchmarkError) -> String {
    switch constraint.name {
    case "total_brightness": return "flux"
    case "burgers": return "burgers"
    default:
      guard !benchmark.settingsUsed.contains(.constraint) else {
        throw .noPeerConstraint(name: constraint.name)
      }
      return ""
    }
  }
}

/// What a comparison of one case gave; ratios are theirs / ours, so that above 1 we are faster or leaner.
public struct ComparisonReport: Encodable, Sendable {
  public let name: String
  /// The other program's case and layout: its fastest.
  public let peer: String
  /// Seconds a repetition, medians over the rounds.
  public let ourSeconds: Double
  public let theirSeconds: Double
  /// Median over rounds, and spread.
  public let ratio: Double
  public let minimumRatio: Double
  public let maximumRatio: Double
  /// Of peak memory.
  public let memoryRatio: Double
  public let rounds: Int
  /// Whether programs that are not part of the comparison took processors away.
  public let isDisturbed: Bool

  enum CodingKeys: String, CodingKey {
    case name = "case"
    case peer
    case ourSeconds = "ours_s"
    case theirSeconds = "theirs_s"
    case ratio
    case minimumRatio = "ratio_min"
    case maximumRatio = "ratio_max"
    case memoryRatio = "memory_ratio"
    case rounds
    case isDisturbed = "disturbed"
  }

  /// - Precondition: one result of each program for each round, and at least one round.
  init(
    _ name: String, peer: String, ours: [BenchmarkResult], theirs: [BenchmarkResult],
    isDisturbed: Bool
  ) {
    func median(_ values: [Double]) -> Double { Benchmark.median(ofSorted: values.sorted()) }
    let ratios = zip(ours, theirs).map { $1.median / $0.median }.sorted()
    self.name = name
    self.peer = peer
    ourSeconds = median(ours.map(\.median))
    theirSeconds = median(theirs.map(\.median))
    ratio = median(ratios)
    minimumRatio = ratios[0]
    maximumRatio = ratios[ratios.count - 1]
    memoryRatio = median(theirs.map(\.peakMemory)) / median(ours.map(\.peakMemory))
    rounds = ours.count
    self.isDisturbed = isDisturbed
  }
}
