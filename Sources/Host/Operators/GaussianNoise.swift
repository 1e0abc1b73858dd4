import Engine
import Foundation

/// Independent normal noise: y = a + σ z.
public struct GaussianNoise: NoiseModel {
  public let name = "gaussian"
  public let summary: String
  /// σ: a scalar, or a tensor of the shape of one measurement.
  public let deviation: Tensor

  /// - Parameter deviation: σ > 0.
  public init(deviation: Double) {
    self.deviation = .scalar(deviation, dtype: .float64)
    summary = "normal, σ = \(short(deviation))"
  }

  /// - Parameter deviation: σ > 0 for each element of a measurement.
  /// - Throws: ``EngineError`` unless all are positive and finite.
  public init(deviations deviation: Tensor) throws(EngineError) {
    guard try deviation.doubles().allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .invalidArgument(
        op: "gaussian noise", argument: "sigma", expected: "above 0 everywhere", got: "others")
    }
    self.deviation = try deviation.cast(to: .float64)
    summary = "normal, a σ for each element"
  }

  public func sample(_ clean: Tensor, seed: UInt64, first: Int) throws -> Tensor {
    let z = try Tensor.normal(
      keys: keys(for: clean, seed: seed, first: first), shape: clean.shape)
    return try clean + z.cast(to: clean.dtype) * deviation.cast(to: clean.dtype)
  }

  public func deviance(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    try check(measurement, clean)
    let residual = try (measurement - clean) / deviation.cast(to: clean.dtype)
    return try flat(residual).square().sum([1])
  }

  /// ‖(y − a)/σ‖₂, without the detour by its square.
  public func misfit(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    try check(measurement, clean)
    return try flat((measurement - clean) / deviation.cast(to: clean.dtype)).norm([1])
  }

  public func saturatedNegativeLogLikelihood(_ measurement: Tensor) throws -> Tensor {
    let one = Tensor.zeros(
      Shape(Array(measurement.shape.dimensions.dropFirst())), dtype: .float64)
    let logarithms = try (deviation.log() + 0.5 * Foundation.log(2 * .pi) + one).sum().item()
    return .full(logarithms, shape: [measurement.shape[0]], dtype: measurement.dtype)
  }
}
