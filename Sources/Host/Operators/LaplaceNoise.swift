import Engine
import Foundation

/// Independent Laplace noise: density exp(-|y - a| / b) / 2b.
public struct LaplaceNoise: NoiseModel {
  public let name = "laplace"
  /// b: the mean of |y - a|.
  public let scale: Double

  /// - Parameter scale: b > 0.
  public init(scale: Double) { self.scale = scale }

  public var summary: String { "Laplace, mean absolute value \(short(scale))" }

  public func sample(_ clean: Tensor, seed: UInt64, first: Int) throws -> Tensor {
    // u in [-½, ½); the inverse of the distribution function, away from the end where it is infinite.
    let u =
      try Tensor.uniform(
        keys: keys(for: clean, seed: seed, first: first), shape: clean.shape
      ).cast(to: clean.dtype) - 0.5
    let inside = try (1 - u.abs() * 2).maximum(1e-7)
    return try clean - u.sign() * inside.log() * scale
  }

  public func deviance(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    try check(measurement, clean)
    return try flat(measurement - clean).abs().sum([1]) * (2 / scale)
  }

  public func saturatedNegativeLogLikelihood(_ measurement: Tensor) throws -> Tensor {
    let count = Double(measurement.shape.dimensions.dropFirst().reduce(1, *))
    return .full(
      count * Foundation.log(2 * scale), shape: [measurement.shape[0]], dtype: measurement.dtype)
  }
}
