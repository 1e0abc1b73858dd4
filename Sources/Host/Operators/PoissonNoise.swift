import Engine
import Foundation

/// Counting noise: y is Poisson(peak · a + background) / peak, where a ≥ 0.
public struct PoissonNoise: NoiseModel {
  public let name = "poisson"
  /// Counts where a is 1: the larger, the less noise.
  public let peak: Double
  /// Counts where a is 0.
  public let background: Double

  /// - Parameters:
  ///   - peak: above 0.
  ///   - background: not negative.
  public init(peak: Double, background: Double = 0) {
    self.peak = peak
    self.background = background
  }

  public var summary: String {
    "Poisson, \(short(peak)) counts at 1 and \(short(background)) at 0"
  }

  /// Counts expected, kept above 0 so that their logarithm is finite where a model predicts darkness.
  private func rate(_ clean: Tensor) throws(EngineError) -> Tensor {
    try (clean.relu() * peak + background).maximum(1e-6)
  }

  /// Counts as they were, from a measurement.
  private func counts(_ measurement: Tensor) throws(EngineError) -> Tensor {
    try (measurement * peak).maximum(0)
  }

  public func sample(_ clean: Tensor, seed: UInt64, first: Int) throws -> Tensor {
    let rates = try rate(clean).doubles()
    let perRow = clean.count / Swift.max(clean.shape[0], 1)
    var draws: [Double] = []
    draws.reserveCapacity(rates.count)
    for row in 0..<clean.shape[0] {
      var random = SeededRandom(seed: seed, stream: UInt64(first + row) | 0x6E6F_6973 << 32)
      for rate in rates[(row * perRow)..<((row + 1) * perRow)] {
        guard rate.isFinite, rate < 1e15 else {
          throw EngineError.invalidArgument(
            op: "poisson noise", argument: "measurement", expected: "below 1e15 counts",
            got: "\(rate)")
        }
        draws.append(random.poisson(rate) / peak)
      }
    }
    return try Tensor(draws, shape: clean.shape).cast(to: clean.dtype)
  }

  public func deviance(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    try check(measurement, clean)
    let (k, rate) = (try counts(measurement), try rate(clean))
    // k log(k / λ) is 0 where k is.
    let logarithm = try Tensor.select(
      k.isGreater(than: 0), k * (k.maximum(1e-30).log() - rate.log()),
      .zeros(k.shape, dtype: k.dtype))
    return try flat(logarithm - k + rate).sum([1]) * 2
  }

  public func saturatedNegativeLogLikelihood(_ measurement: Tensor) throws -> Tensor {
    let k = try counts(measurement).doubles()
    let perRow = measurement.count / Swift.max(measurement.shape[0], 1)
    let rows = (0..<measurement.shape[0]).map { row in
      k[(row * perRow)..<((row + 1) * perRow)].reduce(0.0) { sum, k in
        sum + lgamma(k + 1) + k - (k > 0 ? k * Foundation.log(k) : 0)
      }
    }
    return try Tensor(rows, shape: [rows.count]).cast(to: measurement.dtype)
  }
}

extension SeededRandom {
  /// A Poisson number of the given mean.
  ///
  /// Small means by multiplying uniforms, others by Hörmann's transformed rejection ("The transformed
  /// rejection method for generating Poisson random variables", 1993, algorithm PTRS).
  mutating func poisson(_ mean: Double) -> Double {
    guard mean >= 10 else {
      let limit = exp(-mean)
      var (count, product) = (0.0, uniform())
      while product > limit {
        count += 1
        product *= uniform()
      }
      return count
    }
    let b = 0.931 + 2.53 * mean.squareRoot()
    let a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    let ratio = 0.9277 - 3.6224 / (b - 2)
    while true {
      let (u, v) = (uniform() - 0.5, 1 - uniform())
      let distance = 0.5 - abs(u)
      let k = ((2 * a / distance + b) * u + mean + 0.43).rounded(.down)
      if distance >= 0.07, v <= ratio { return k }
      guard k >= 0, distance >= 0.013 || v <= distance else { continue }
      let accepted =
        log(v) + log(inverseAlpha) - log(a / (distance * distance) + b)
        <= -mean + k * log(mean) - lgamma(k + 1)
      if accepted { return k }
    }
  }
}
