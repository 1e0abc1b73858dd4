import Engine
import LuaBridge

/// A piece of work that is timed: one operation, one network, or one step of training or sampling.
public struct Benchmark: Sendable {
  /// Does the work once.
  public typealias Repetition = () throws -> Void

  public let name: String
  /// The groups it can be asked for by.
  public let groups: [String]
  /// What one repetition does, in a line.
  public let summary: String
  /// Repetitions that are timed unless somebody says otherwise.
  public let steps: Int
  /// The same work in the peer program, once for each memory layout it offers: a case's name and options;
  /// none where it does not do such work.
  public let peers: [[String]]
  /// Whether the size of the score network or the constraint change the work.
  let settingsUsed: Set<Setting>
  /// Makes inputs and programs; the repetition then does all of the work each time it is called.
  let prepare: @Sendable (BenchmarkSettings) throws -> PreparedBenchmark

  enum Setting: Sendable { case size, constraint }

  init(
    _ name: String, groups: [String] = [], steps: Int, peers: [[String]],
    settings: Set<Setting> = [], summary: String,
    prepare: @escaping @Sendable (BenchmarkSettings) throws -> PreparedBenchmark
  ) {
    self.name = name
    self.groups = groups
    self.summary = summary
    self.steps = steps
    self.peers = peers
    settingsUsed = settings
    self.prepare = prepare
  }
}

/// A benchmark that is ready to be repeated.
struct PreparedBenchmark {
  let run: Benchmark.Repetition
  /// Floating-point operations of a repetition by formula; `nil`: count those of the kernels.
  var flops: Double?

  init(flops: Double? = nil, _ run: @escaping Benchmark.Repetition) {
    self.run = run
    self.flops = flops
  }

  /// Runs a program on the same values again and again.
  init(_ program: Program, _ values: [Tensor], flops: Double? = nil) {
    self.init(flops: flops) { _ = try program.run(values) }
  }
}

/// What the benchmarks of whole models are run with.
public struct BenchmarkSettings: Sendable {
  /// How large the score network is.
  public enum NetworkSize: String, Sendable, CaseIterable {
    /// Width 32, one block a level, batch 16.
    case small
    /// The paper's: width 64, four blocks a level, batch 4.
    case full
  }

  public var size: NetworkSize
  /// The rule of `namm_step`, and which data the models get.
  public var constraint: any Constraint
  /// What all sizes are divided by; anything but 1 is for tests.
  var reduction = Reduction()

  public init(size: NetworkSize = .small, constraint: any Constraint = TotalBrightness()) {
    self.size = size
    self.constraint = constraint
  }

  /// Divisors of the sizes of all cases.
  struct Reduction: Sendable {
    var batch = 1
    var channels = 1
    var pixels = 1

    /// Every case in milliseconds.
    static let tiny = Reduction(batch: 8, channels: 8, pixels: 4)
  }

  func batch(_ size: Int) -> Int { max(size / reduction.batch, 1) }
  func channels(_ count: Int) -> Int { max(count / reduction.channels, 1) }
  func pixels(_ count: Int) -> Int { max(count / reduction.pixels, 1) }

  /// `[N, C, H, W]`, reduced.
  func shape(_ sizes: [Int]) -> [Int] {
    [batch(sizes[0]), channels(sizes[1]), pixels(sizes[2]), pixels(sizes[3])]
  }

  /// Standard normal numbers, other ones for each `stream`.
  func normal(_ shape: [Int], stream: UInt32, scale: Double = 1) throws -> Tensor {
    let values = try Tensor.normal(
      keys: RandomKey(seed: 1, stream: stream).tensor, shape: Shape(shape))
    let scaled = try values * scale
    try evaluate([scaled])
    return scaled
  }

  /// Images that obey the constraint where it is a shipped one: `[count, 1, 64, 64]`.
  func images(count: Int) throws -> Tensor {
    let size = pixels(64)
    let dataset: any Dataset =
      constraint.name == "burgers"
      ? try BurgersDataset(size: size) : try BlackHoleDataset(size: size)
    return try dataset.generate(count: count, seed: 1)
  }
}

extension Benchmark {
  /// All cases, in the order they are listed and run.
  public static let all: [Benchmark] =
    matrixCases + convolutionCases + pointwiseCases + normCases + mirrorCases + diffusionCases
    + luaCases

  /// Names of the groups in the order of their first case.
  public static var groupNames: [String] {
    var names: [String] = []
    for group in all.flatMap(\.groups) where !names.contains(group) { names.append(group) }
    return names
  }

  /// The cases of names of cases and groups, each once; all where there are no names.
  ///
  /// - Throws: ``BenchmarkError/unknownCase(name:)``.
  public static func named(_ names: [String]) throws(BenchmarkError) -> [Benchmark] {
    if names.isEmpty { return all }
    var found: [Benchmark] = []
    for name in names {
      let matches = all.filter { $0.name == name || $0.groups.contains(name) }
      if matches.isEmpty { throw .unknownCase(name: name) }
      for match in matches where !found.contains(where: { $0.name == match.name }) {
        found.append(match)
      }
    }
    return found
  }
}

/// Why a benchmark cannot be run or compared.
public enum BenchmarkError: Diagnostic {
  case unknownCase(name: String)
  /// A step of training whose loss is not a number does not stand for one that trains.
  case notFinite(name: String)
  /// The other program could not be started.
  case commandNotFound(command: String)
  /// The other program ended badly.
  case commandFailed(command: String, status: Int32)
  /// It ended well and printed nothing that can be read.
  case noResult(command: String, name: String, got: String)
  /// It has no such constraint.
  case noPeerConstraint(name: String)
  /// It has no such case.
  case noPeerCase(name: String)

  public var code: String {
    switch self {
    case .unknownCase: "bench.unknown-case"
    case .notFinite: "bench.not-finite"
    case .commandNotFound: "bench.command-not-found"
    case .commandFailed: "bench.command-failed"
    case .noResult: "bench.no-result"
    case .noPeerConstraint: "bench.no-peer-constraint"
    case .noPeerCase: "bench.no-peer-case"
    }
  }

  public var message: String {
    switch self {
    case .unknownCase(let name):
      "there is no benchmark '\(name)'"
        + NearestName.suggestion(name, in: Benchmark.all.map(\.name) + Benchmark.groupNames)
    case .notFinite(let name): "\(name): the loss is not finite, so the step does not train"
    case .commandNotFound(let command): "\(command): the command was not found"
    case .commandFailed(let command, let status):
      "\(command): ended with status \(status); what it said is above"
    case .noResult(let command, let name, let got):
      "\(command): expected a line of JSON with \"case\", \"median_s\" and \"peak_rss_mb\" for '\(name)', got "
        + (got.isEmpty ? "nothing" : "'\(got)'")
    case .noPeerConstraint(let name):
      "constraint '\(name)' has no equal in the program compared with"
    case .noPeerCase(let name): "'\(name)' has no equal in the program compared with"
    }
  }

  public var hint: String? {
    switch self {
    case .unknownCase: "moonglass bench --list shows all"
    case .notFinite: nil
    case .commandNotFound: "give the command as you would type it, with the path of the script"
    case .commandFailed: nil
    case .noResult: "the command is called with the case's name, --json, --threads T and --steps K"
    case .noPeerConstraint: "compare with a constraint named burgers or total_brightness"
    case .noPeerCase: "leave it out of the cases to compare"
    }
  }
}
