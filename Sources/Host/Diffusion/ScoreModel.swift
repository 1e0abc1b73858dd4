import Engine

/// A network that knows the noise in a noisy image: h(x_t, t) ≈ z where x_t = α x₀ + σ z.
public protocol NoiseNetwork: Sendable {
  /// What it learns.
  var parameters: [ParameterSpec] { get }
  /// - Parameters:
  ///   - x: `[N, C, H, W]`.
  ///   - t: diffusion times in [0, 1], `[N]`.
  func callAsFunction(_ x: Tensor, time t: Tensor, _ context: LayerContext) throws(EngineError)
    -> Tensor
}

/// The score ∇ₓ log p_t(x): all that samplers and solvers know of a diffusion model.
public protocol ScoreModel: Sendable {
  /// - Parameters:
  ///   - x: `[N, C, H, W]`.
  ///   - t: diffusion times, `[N]`.
  /// - Returns: the score, shape of `x`.
  func score(_ x: Tensor, time t: Tensor) throws -> Tensor
}

/// A trained noise network as a score: s = -h / σ(t).
public struct NetworkScore<Network: NoiseNetwork>: ScoreModel {
  let network: Network
  let sde: VPSDE
  let context: LayerContext

  public init(_ network: Network, sde: VPSDE, parameters: Parameters) {
    self.network = network
    self.sde = sde
    context = LayerContext(parameters)
  }

  public func score(_ x: Tensor, time t: Tensor) throws -> Tensor {
    try -(network(x, time: t, context) / sde.marginal(t).noiseLevel)
  }
}

/// The exact score of Gaussian data N(mean, deviation²), every pixel alike: what samplers are tested with.
public struct GaussianScore: ScoreModel {
  let mean: Double
  let deviation: Double
  let sde: VPSDE

  public init(mean: Double, deviation: Double, sde: VPSDE) {
    self.mean = mean
    self.deviation = deviation
    self.sde = sde
  }

  public func score(_ x: Tensor, time t: Tensor) throws -> Tensor {
    let (scale, level) = try sde.marginal(t)
    let variance = try scale.square() * (deviation * deviation) + level.square()
    return try -((x - scale * mean) / variance)
  }
}

/// How denoising score matching weighs times and pixels.
public struct ScoreMatchingWeights: Sendable {
  /// What the squared error (σ s + z)² of an image is multiplied by.
  public enum Time: Sendable {
    /// 1: the weight that gives the best samples.
    case uniform
    /// β(t) / σ²: the loss bounds the negative log-likelihood (Song, Durkan et al. 2021).
    case likelihood
  }

  /// How the errors of an image's pixels become one number.
  public enum Pixels: Sendable {
    /// ½ Σ
    case halfSum
    case mean
  }

  public var time: Time
  public var pixels: Pixels

  public init(time: Time = .uniform, pixels: Pixels = .halfSum) {
    self.time = time
    self.pixels = pixels
  }
}

/// Denoising score matching for a noise network (Song et al. 2021), by default
///
///     loss = mean over images of ½ Σ over pixels (z - h(α x + σ z, t))²
public func denoisingScoreMatchingLoss(
  _ x: Tensor, time t: Tensor, z: Tensor, sde: VPSDE,
  weights: ScoreMatchingWeights = ScoreMatchingWeights(),
  network: (_ noisy: Tensor, _ t: Tensor) throws(EngineError) -> Tensor
) throws(EngineError) -> Tensor {
  let (scale, level) = try sde.marginal(t)
  let errors = try (z - network(scale * x + level * z, t)).square()
  var loss: Tensor =
    switch weights.pixels {
    case .halfSum: try errors.sum([1, 2, 3]) * 0.5
    case .mean: try errors.mean([1, 2, 3])
    }
  if weights.time == .likelihood {
    let beta = try t * (sde.betaMax - sde.betaMin) + sde.betaMin
    loss = try loss * (beta / level.square().reshaped(to: [t.shape[0]]))
  }
  return try loss.mean()
}
