import Engine
import Foundation

/// The variance-preserving diffusion dx = -½ β(t) x dt + √β(t) dw, β linear (Song et al. 2021, appendix B).
public struct VPSDE: Sendable {
  public let betaMin: Double
  public let betaMax: Double
  /// Number of steps of the discrete process (DDPM) that goes with it.
  public let stepCount: Int
  /// The earliest time that is trained and sampled.
  public let earliestTime: Double

  public init(
    betaMin: Double = 0.1, betaMax: Double = 20, stepCount: Int = 1000, earliestTime: Double = 1e-3
  ) {
    self.betaMin = betaMin
    self.betaMax = betaMax
    self.stepCount = stepCount
    self.earliestTime = earliestTime
  }

  /// β(t) for t in [0, 1].
  public func beta(_ t: Double) -> Double { betaMin + t * (betaMax - betaMin) }

  /// ∫₀ᵗ β / 2.
  private func exponent(_ t: Double) -> Double {
    0.25 * t * t * (betaMax - betaMin) + 0.5 * t * betaMin
  }

  /// α(t): the factor on x₀ in the marginal.
  public func signalScale(_ t: Double) -> Double { exp(-exponent(t)) }
  /// σ(t): the standard deviation of the marginal's noise.
  public func noiseLevel(_ t: Double) -> Double { (-expm1(-2 * exponent(t))).squareRoot() }

  /// α(t) and σ(t) for a batch of times `[N]`, shaped `[N, 1, 1, 1]`.
  public func marginal(_ t: Tensor) throws(EngineError) -> (signalScale: Tensor, noiseLevel: Tensor)
  {
    let exponent = try t.square() * (0.25 * (betaMax - betaMin)) + t * (0.5 * betaMin)
    // Near t = 0 the difference 1 - e^{-2B} has few digits; the authors' code takes its first term there.
    let isSmall = try exponent.isLessOrEqual(to: 1e-3)
    let scale = try Tensor.select(isSmall, 1 - exponent, (-exponent).exp())
    let variance = try Tensor.select(isSmall, exponent * 2, 1 - (exponent * -2).exp())
    let shape = [t.shape[0], 1, 1, 1]
    return (try scale.reshaped(to: shape), try variance.sqrt().reshaped(to: shape))
  }

  /// `count` times from 1 down to ``earliestTime``, evenly spaced.
  public func timeGrid(count: Int) -> [Double] {
    (0..<count).map { 1 + (earliestTime - 1) * Double($0) / Double(max(count - 1, 1)) }
  }

  /// β of the discrete process, index 0 the least noisy.
  public var discreteBetas: [Double] {
    (0..<stepCount).map { n in
      let beta = betaMin + (betaMax - betaMin) * Double(n) / Double(max(stepCount - 1, 1))
      return beta / Double(stepCount)
    }
  }

  /// What a step of the discrete process at time `t` does to an image: x ← x + (kept - 1) x + noise z
  /// (Ho et al. 2020, eq. 2).
  public func discreteStep(_ t: Double) -> (kept: Double, noise: Double) {
    let index = Int(t * Double(stepCount - 1))
    let beta = discreteBetas[min(max(index, 0), stepCount - 1)]
    return ((1 - beta).squareRoot(), beta.squareRoot())
  }

  /// Coefficients of the ancestral step of the discrete process (Ho et al. 2020, eq. 7) at index `n`, 0
  /// being the least noisy.
  public struct AncestralStep: Sendable {
    /// Weight of x̂₀.
    public let cleanWeight: Double
    /// Weight of x_t.
    public let noisyWeight: Double
    /// Standard deviation of the noise that is added.
    public let noiseLevel: Double
  }

  /// The ancestral steps of the discrete process, index 0 first.
  ///
  /// With ``stepCount`` steps β is linear, as in the authors' code. With any other number the steps are
  /// those between the marginals at the times of ``timeGrid(count:)``, so that β stays below 1.
  public func ancestralSteps(count: Int? = nil) -> [AncestralStep] {
    let count = count ?? stepCount
    let betas = count == stepCount ? discreteBetas : respacedBetas(count: count)
    var cumulative: [Double] = []
    for beta in betas { cumulative.append((cumulative.last ?? 1) * (1 - beta)) }
    return betas.indices.map { n in
      let (now, before) = (cumulative[n], n > 0 ? cumulative[n - 1] : 1)
      // The posterior variance at index 0 is 0; the authors take that at index 1 there, β elsewhere.
      let first = min(1, count - 1)
      let variance =
        n > 0 || count == 1
        ? betas[n] : betas[first] * (1 - cumulative[0]) / (1 - cumulative[first])
      return AncestralStep(
        cleanWeight: betas[n] * before.squareRoot() / (1 - now),
        noisyWeight: (1 - before) * (1 - betas[n]).squareRoot() / (1 - now),
        noiseLevel: variance.squareRoot())
    }
  }

  private func respacedBetas(count: Int) -> [Double] {
    var before = 1.0
    return timeGrid(count: count).reversed().map { t in
      let now = signalScale(t) * signalScale(t)
      defer { before = now }
      return 1 - now / before
    }
  }
}
