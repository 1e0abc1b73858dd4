import Dispatch
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

/// Samples as rows of numbers.
private struct Rows: Sendable {
  let values: [Double]
  let count: Int
  let width: Int

  init(_ tensor: Tensor, op: String) throws(EngineError) {
    guard tensor.rank > 0, tensor.count > 0 else {
      throw .invalidArgument(
        op: op, argument: "samples", expected: "[N, …] with N > 0", got: "\(tensor.shape)")
    }
    values = try tensor.doubles()
    guard values.allSatisfy(\.isFinite) else {
      throw .invalidArgument(
        op: op, argument: "samples", expected: "finite numbers", got: "NaN or infinity")
    }
    count = tensor.shape[0]
    width = values.count / count
  }

  private init(values: [Double], count: Int, width: Int) {
    (self.values, self.count, self.width) = (values, count, width)
  }

  func appending(_ other: Rows) throws(EngineError) -> Rows {
    guard other.width == width else {
      throw .invalidArgument(
        op: "mmd", argument: "y", expected: "rows of \(width) numbers", got: "\(other.width)")
    }
    return Rows(values: values + other.values, count: count + other.count, width: width)
  }

  /// All `count × count` squared distances among the rows, row by row.
  func squaredDistances() -> [Double] { squaredDistances(to: self, isSymmetric: true) }

  /// All `count × other.count` squared distances, row by row.
  func squaredDistances(to other: Rows, isSymmetric: Bool = false) -> [Double] {
    var result = [Double](repeating: 0, count: count * other.count)
    result.withUnsafeMutableBufferPointer { result in
      // Every iteration writes its own row only, or from the diagonal on and the same column downwards.
      nonisolated(unsafe) let result = result
      DispatchQueue.concurrentPerform(iterations: count) { i in
        values.withUnsafeBufferPointer { a in
          other.values.withUnsafeBufferPointer { b in
            for j in (isSymmetric ? i : 0)..<other.count {
              let distance = squaredDistance(
                UnsafeBufferPointer(rebasing: a[i * width..<(i + 1) * width]),
                UnsafeBufferPointer(rebasing: b[j * width..<(j + 1) * width]))
              result[i * other.count + j] = distance
              if isSymmetric { result[j * count + i] = distance }
            }
          }
        }
      }
    }
    return result
  }

  func medianLengthScale() throws(EngineError) -> Double {
    guard count > 1 else {
      throw .invalidArgument(op: "mmd", argument: "x", expected: "two samples or more", got: "1")
    }
    let all = squaredDistances()
    var distances: [Double] = []
    for i in 0..<count { distances += all[i * count + i + 1..<(i + 1) * count] }
    distances.sort()
    let middle = distances.count / 2
    let median =
      distances.count % 2 == 1
      ? distances[middle] : (distances[middle - 1] + distances[middle]) / 2
    return (median / 2).squareRoot()
  }
}

/// ‖a − b‖², eight numbers at a time: the order of summation is fixed, so results repeat.
private func squaredDistance(
  _ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>
) -> Double {
  let (left, right) = (UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
  let whole = a.count / 8 * 8
  var sums = SIMD8<Double>()
  for offset in stride(from: 0, to: whole * 8, by: 64) {
    let difference =
      left.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
      - right.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
    sums += difference * difference
  }
  return (whole..<a.count).reduce(sums.sum()) { $0 + (a[$1] - b[$1]) * (a[$1] - b[$1]) }
}
