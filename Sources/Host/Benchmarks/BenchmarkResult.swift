/// What timing a benchmark gave, under the names the JSON lines have.
///
/// Only what every program must report is not optional, so that another program's line can be read.
public struct BenchmarkResult: Codable, Sendable {
  public var name: String
  /// Seconds a repetition: median, least, and 90th percentile.
  public var median: Double
  public var minimum: Double?
  public var percentile90: Double?
  /// Timed repetitions.
  public var steps: Int?
  public var threads: Int?
  /// Largest resident memory of the process so far, MiB.
  public var peakMemory: Double
  /// Seconds before the clock started: planning and the untimed repetitions.
  public var warmup: Double?
  /// Seconds of that spent making inputs, parameters and programs.
  public var prepare: Double?
  /// Processors that other programs kept busy meanwhile, on average; `nil` where the system does not say.
  public var otherProcessors: Double?
  /// Billions of floating-point operations a repetition, a multiply-add being two.
  public var gflop: Double?
  /// The same a second, by the median.
  public var gflopPerSecond: Double?
  /// Whether the operations were counted from the kernels called, not by formula.
  public var isCounted: Bool?
  public var size: String?
  public var constraint: String?

  enum CodingKeys: String, CodingKey {
    case name = "case"
    case median = "median_s"
    case minimum = "min_s"
    case percentile90 = "p90_s"
    case steps, threads
    case peakMemory = "peak_rss_mb"
    case warmup = "warmup_s"
    case prepare = "prepare_s"
    case otherProcessors = "other_cpus"
    case gflop
    case gflopPerSecond = "gflop_per_s"
    case isCounted = "gflop_counted"
    case size, constraint
  }

  /// More than this many processors busy with something else make a timing worthless.
  public static let tolerableOtherProcessors = 0.1

  /// Whether other programs disturbed the timing.
  public var isDisturbed: Bool {
    (otherProcessors ?? 0) > BenchmarkResult.tolerableOtherProcessors
  }
}
