import Engine
import Foundation

/// Numbers that describe a set of values, where those that are not finite are counted, not used.
public struct Summary: Sendable, Hashable, Codable {
  /// Number of finite values.
  public let count: Int
  /// Number of values that were NaN or infinite: diverged samples are never dropped in silence.
  public let notFinite: Int
  public let mean: Double
  /// Standard deviation with divisor `count`.
  public let standardDeviation: Double
  public let minimum: Double
  public let median: Double
  public let maximum: Double

  /// All zero where there is no finite value.
  public init(_ values: [Double]) {
    let finite = values.filter(\.isFinite).sorted()
    count = finite.count
    notFinite = values.count - finite.count
    let divisor = Double(max(count, 1))
    let mean = finite.reduce(0, +) / divisor
    self.mean = mean
    standardDeviation =
      (finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / divisor).squareRoot()
    minimum = finite.first ?? 0
    maximum = finite.last ?? 0
    median = finite.isEmpty ? 0 : (finite[(count - 1) / 2] + finite[count / 2]) / 2
  }

  /// Describes all elements of a tensor.
  public init(_ tensor: Tensor) throws(EngineError) { self.init(try tensor.doubles()) }
}

/// Counts of values in adjoining bins.
public struct Histogram: Sendable, Hashable, Codable {
  /// Borders of the bins, ascending: one more than there are bins.
  public let edges: [Double]
  /// Number of values in each bin; the last bin includes its upper border.
  public let counts: [Int]

  /// Counts `values`; those outside the borders, or not finite, are left out.
  ///
  /// - Precondition: at least two borders, ascending.
  public init(_ values: [Double], edges: [Double]) {
    precondition(edges.count >= 2 && zip(edges, edges.dropFirst()).allSatisfy(<), "bad borders")
    var counts = [Int](repeating: 0, count: edges.count - 1)
    for value in values where value >= edges[0] && value <= edges[edges.count - 1] {
      // The first border above the value, by bisection.
      var (low, high) = (0, edges.count - 1)
      while high - low > 1 {
        let middle = (low + high) / 2
        if value < edges[middle] { high = middle } else { low = middle }
      }
      counts[low] += 1
    }
    self.edges = edges
    self.counts = counts
  }

  /// Borders of `bins` equal bins that hold all finite values of all series.
  ///
  /// - Parameter isLogarithmic: equal in the logarithm; values that are not positive are not covered.
  public static func commonEdges(
    _ series: [[Double]], bins: Int, isLogarithmic: Bool = false
  ) -> [Double] {
    let usable = series.joined().filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
    var low = usable.min() ?? (isLogarithmic ? 0.1 : 0)
    var high = usable.max() ?? 1
    if isLogarithmic {
      if high / low < 1.001 { (low, high) = (low / 1.5, high * 1.5) }
      let (from, to) = (log(low), log(high))
      var edges = (0...bins).map { exp(from + (to - from) * Double($0) / Double(bins)) }
      (edges[0], edges[bins]) = (low, high)
      return edges
    }
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300) {
      let margin = max(abs(low), 1) / 2
      (low, high) = (low - margin, high + margin)
    }
    return (0...bins).map { $0 == bins ? high : low + (high - low) * Double($0) / Double(bins) }
  }
}
