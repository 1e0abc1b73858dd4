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

/// Denoising score matching for a noise network (Song et al. 2021).
///
///     loss = mean over images of ½ Σ over pixels (z - h(α x + σ z, t))²
public func denoisingScoreMatchingLoss(
  _ x: Tensor, time t: Tensor, z: Tensor, sde: VPSDE,
  network: (_ noisy: Tensor, _ t: Tensor) throws(EngineError) -> Tensor
) throws(EngineError) -> Tensor {
  let (scale, level) = try sde.marginal(t)
  let predicted = try network(scale * x + level * z, t)
  return try (z - predicted).square().sum([1, 2, 3]).mean() * 0.5
}
