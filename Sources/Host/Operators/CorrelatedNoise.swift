import Engine
import Foundation

/// Normal noise of known covariance: y = a + L z, where C = L Lᵀ.
public struct CorrelatedNoise: NoiseModel {
  public let name = "correlated"
  /// Elements of one measurement, M.
  public let size: Int
  /// Lᵀ and L⁻ᵀ, `[M, M]`: rows of z and of residuals are multiplied from the left.
  private let coloring, whitening: Tensor
  private let logDeterminant: Double

  /// Elements a measurement may have: the factorisation takes M³ steps.
  static let sizeLimit = 2048

  /// - Parameter covariance: C `[M, M]`, symmetric and positive definite.
  /// - Throws: ``EngineError`` for one that is not, or of more than 2048 elements.
  public init(covariance: Tensor) throws(EngineError) {
    let limit = CorrelatedNoise.sizeLimit
    guard covariance.rank == 2, covariance.shape[0] == covariance.shape[1],
      (1...limit).contains(covariance.shape[0])
    else {
      throw .invalidArgument(
        op: "correlated noise", argument: "covariance", expected: "[M, M] with M in 1…\(limit)",
        got: "\(covariance.shape)")
    }
    let size = covariance.shape[0]
    let values = try covariance.doubles()
    let scale = values.map(Swift.abs).max() ?? 0
    for row in 0..<size {
      for column in 0..<row
      where !(Swift.abs(values[row * size + column] - values[column * size + row]) <= 1e-6 * scale)
      {
        throw .invalidArgument(
          op: "correlated noise", argument: "covariance", expected: "symmetric",
          got: "different entries at (\(row + 1), \(column + 1)) and (\(column + 1), \(row + 1))")
      }
    }
    let factor = try choleskyFactor(of: values, size: size)
    self.size = size
    logDeterminant = 2 * (0..<size).reduce(0) { $0 + Foundation.log(factor[$1 * size + $1]) }
    coloring = try Tensor(factor, shape: [size, size]).transposed()
    whitening = try Tensor(lowerInverse(factor, size: size), shape: [size, size]).transposed()
  }

  public var summary: String { "normal, of a known covariance of \(size) elements" }

  public func sample(_ clean: Tensor, seed: UInt64, first: Int) throws -> Tensor {
    try checkSize(clean)
    let z = try Tensor.normal(
      keys: keys(for: clean, seed: seed, first: first), shape: clean.shape
    ).cast(to: clean.dtype)
    let noise = try flat(z).matmul(coloring.cast(to: clean.dtype))
    return try clean + noise.reshaped(to: clean.shape.dimensions)
  }

  public func deviance(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    try check(measurement, clean)
    try checkSize(clean)
    let residual = try flat(measurement - clean)
    return try residual.matmul(whitening.cast(to: clean.dtype)).square().sum([1])
  }

  public func saturatedNegativeLogLikelihood(_ measurement: Tensor) throws -> Tensor {
    let value = 0.5 * (logDeterminant + Double(size) * Foundation.log(2 * .pi))
    return .full(value, shape: [measurement.shape[0]], dtype: measurement.dtype)
  }

  private func checkSize(_ clean: Tensor) throws(EngineError) {
    let count = clean.shape.dimensions.dropFirst().reduce(1, *)
    guard count == size else {
      throw .invalidArgument(
        op: "correlated noise", argument: "covariance",
        expected: "[\(count), \(count)] for \(clean.shape)",
        got: "[\(size), \(size)]")
    }
  }
}

/// The inverse of a lower triangular matrix, row by row.
private func lowerInverse(_ factor: [Double], size: Int) -> [Double] {
  var inverse = [Double](repeating: 0, count: size * size)
  for row in 0..<size {
    inverse[row * size + row] = 1
    for k in 0..<row {
      let weight = factor[row * size + k]
      for column in 0...k { inverse[row * size + column] -= weight * inverse[k * size + column] }
    }
    for column in 0...row { inverse[row * size + column] /= factor[row * size + row] }
  }
  return inverse
}
