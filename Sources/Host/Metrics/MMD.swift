import Engine
import Foundation

/// Maximum mean discrepancy: how far two sets of samples are from having one distribution.
///
///     k(a, b) = Σ_l exp(−‖a − b‖² / 2l²),   MMD² = E k(x, x′) + E k(y, y′) − 2 E k(x, y)
///
/// Source: Gretton et al. 2012, equations 3 (unbiased) and 5 (biased).
public struct MMD: Sendable {
  /// Whether a sample's likeness to itself counts.
  public enum Estimator: String, Sendable, CaseIterable, Codable {
    /// All pairs; never negative.
    case biased
    /// Distinct pairs only; may be slightly negative.
    case unbiased
  }

  /// The kernels' length scales l; one Gaussian kernel each, added up.
  public let lengthScales: [Double]

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless all are positive.
  public init(lengthScales: [Double]) throws(EngineError) {
    guard !lengthScales.isEmpty, lengthScales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .invalidArgument(
        op: "mmd", argument: "lengthScales", expected: "positive numbers", got: "\(lengthScales)")
    }
    self.lengthScales = lengthScales
  }

  /// The discrepancy with the length scale of the median heuristic over both sets.
  public static func medianHeuristic(_ x: Tensor, _ y: Tensor) throws(EngineError) -> MMD {
    let pooled = try Rows(x, op: "mmd").appending(Rows(y, op: "mmd"))
    return try MMD(lengthScales: [pooled.medianLengthScale()])
  }

  /// `sqrt(median ‖xᵢ − xⱼ‖² / 2)` over all pairs i < j of rows.
  public static func medianLengthScale(_ x: Tensor) throws(EngineError) -> Double {
    try Rows(x, op: "mmd").medianLengthScale()
  }

  /// MMD² between two sets of samples `[N, …]` and `[M, …]`, flattened to rows of equal length.
  ///
  /// Time grows with (N + M)² times the length of a row.
  ///
  /// - Throws: ``EngineError`` for fewer than two samples, other shapes, or values that are not finite.
  public func squared(
    _ x: Tensor, _ y: Tensor, estimator: Estimator = .unbiased
  ) throws(EngineError) -> Double {
    let (x, y) = (try Rows(x, op: "mmd"), try Rows(y, op: "mmd"))
    guard x.width == y.width else {
      throw .invalidArgument(
        op: "mmd", argument: "y", expected: "rows of \(x.width) numbers", got: "\(y.width)")
    }
    let cross = kernelMean(x.squaredDistances(to: y))
    return try within(x, estimator) + within(y, estimator) - 2 * cross
  }

  /// The variance of the unbiased estimate of MMD² between as many samples of either set, itself unbiased,
  /// from the same samples (Sutherland et al. 2017, eq. 5).
  ///
  /// - Throws: ``EngineError`` unless there are equally many samples, four or more.
  public func variance(_ x: Tensor, _ y: Tensor) throws(EngineError) -> Double {
    let (x, y) = (try Rows(x, op: "mmd"), try Rows(y, op: "mmd"))
    guard x.width == y.width, x.count == y.count, x.count > 3 else {
      throw .invalidArgument(
        op: "mmd variance", argument: "y",
        expected: "\(max(x.count, 4)) rows of \(x.width) numbers",
        got: "\(y.count) of \(y.width)")
    }
    let m = Double(x.count)
    let (xx, yy) = (KernelSums(x, of: self), KernelSums(y, of: self))
    let xy = KernelSums(x, y, of: self)
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let inside =
      2 * dot(xx.rows, xx.rows) - xx.squares + 2 * dot(yy.rows, yy.rows) - yy.squares
    let across = dot(xy.rows, xy.rows) + dot(xy.columns, xy.columns)
    let mixed =
      (xx.total + yy.total) * xy.total / m - dot(xx.rows, xy.rows) - dot(yy.rows, xy.columns)
    let (m2, m3, less) = (m * m, m * m * m, m - 1)
    return 2 / (m2 * less * less) * inside
      - (4 * m - 6) / (m3 * less * less * less) * (xx.total * xx.total + yy.total * yy.total)
      + 4 * (m - 2) / (m3 * less * less) * across
      - 4 * (m - 3) / (m3 * less * less) * xy.squares
      - (8 * m - 12) / (m2 * m3 * less) * xy.total * xy.total + 8 / (m3 * less) * mixed
  }

  /// Unbiased MMD² in units of its own deviation: what a test of two samples looks at. The variance is
  /// taken to be 10⁻⁸ at least.
  public func ratio(_ x: Tensor, _ y: Tensor) throws(EngineError) -> Double {
    try squared(x, y) / max(variance(x, y), 1e-8).squareRoot()
  }

  /// MMD² over random subsets: the mean, and how much it depends on which samples were had (Feng et al. 2025,
  /// appendix E).
  ///
  /// - Parameters:
  ///   - size: samples of each set in a subset, drawn without repetition; at most what there are.
  ///   - count: number of subsets.
  public func squared(
    _ x: Tensor, _ y: Tensor, subsetsOf size: Int, count: Int, seed: UInt64,
    estimator: Estimator = .unbiased
  ) throws(EngineError) -> Summary {
    let (x, y) = (try Rows(x, op: "mmd"), try Rows(y, op: "mmd"))
    guard x.width == y.width else {
      throw .invalidArgument(
        op: "mmd", argument: "y", expected: "rows of \(x.width) numbers", got: "\(y.width)")
    }
    guard size >= 2, size <= min(x.count, y.count), count >= 1 else {
      throw .invalidArgument(
        op: "mmd", argument: "subsets",
        expected: "one or more of 2…\(min(x.count, y.count)) samples",
        got: "\(count) of \(size)")
    }
    var values: [Double] = []
    for number in 0..<count {
      var random = SeededRandom(seed: seed, stream: UInt64(number))
      let (a, b) = (x.subset(size, using: &random), y.subset(size, using: &random))
      values.append(
        try within(a, estimator) + within(b, estimator)
          - 2 * kernelMean(a.squaredDistances(to: b)))
    }
    return Summary(values)
  }

  /// Sums of a kernel matrix; without its diagonal where it is of a set with itself.
  private struct KernelSums {
    var rows: [Double]
    var columns: [Double]
    var total = 0.0
    var squares = 0.0

    init(_ a: Rows, _ other: Rows? = nil, of mmd: MMD) {
      let b = other ?? a
      rows = [Double](repeating: 0, count: a.count)
      columns = [Double](repeating: 0, count: b.count)
      for (index, distance) in a.squaredDistances(to: b).enumerated() {
        let (i, j) = (index / b.count, index % b.count)
        if other == nil && i == j { continue }
        let value = mmd.kernel(distance)
        rows[i] += value
        columns[j] += value
        total += value
        squares += value * value
      }
    }
  }

  private func kernel(_ squaredDistance: Double) -> Double {
    lengthScales.reduce(0) { $0 + exp(-0.5 * squaredDistance / ($1 * $1)) }
  }

  private func within(_ x: Rows, _ estimator: Estimator) throws(EngineError) -> Double {
    let mean = kernelMean(x.squaredDistances())
    guard estimator == .unbiased else { return mean }
    guard x.count > 1 else {
      throw .invalidArgument(op: "mmd", argument: "x", expected: "two samples or more", got: "1")
    }
    let n = Double(x.count)
    return (mean * n * n - n * Double(lengthScales.count)) / (n * (n - 1))
  }

  private func kernelMean(_ squaredDistances: [Double]) -> Double {
    let rates = lengthScales.map { -0.5 / ($0 * $0) }
    let sum = squaredDistances.reduce(0) { sum, distance in
      sum + rates.reduce(0) { $0 + exp($1 * distance) }
    }
    return sum / Double(squaredDistances.count)
  }
}
