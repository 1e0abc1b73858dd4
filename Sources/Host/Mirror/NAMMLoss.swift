import Engine

/// The objective of a neural approximate mirror map (Feng et al. 2025, eq. 1).
///
///     y = g(x) + σ z
///     L = w_cycle · (½ mean|x - f(g(x))| + ½ mean|y - g(f(y))|) + λ mean ℓ(f(y)) + w_reg · R
///
/// Means where the paper writes sums, as in the authors' code: λ is tied to that.
public struct NAMMLoss: Sendable {
  /// What keeps g from being arbitrary.
  public enum Regularizer: String, Sendable, CaseIterable {
    /// mean |∇φ(x)|: the authors' code.
    case sparseGradient = "sparse_gradient"
    /// mean |x - g(x)|: the paper.
    case identity
  }

  public var cycleWeight: Double
  public var constraintWeight: Double
  public var regularizerWeight: Double
  public var regularizer: Regularizer

  public init(
    cycleWeight: Double = 1, constraintWeight: Double = 1, regularizerWeight: Double = 1e-3,
    regularizer: Regularizer = .sparseGradient
  ) {
    self.cycleWeight = cycleWeight
    self.constraintWeight = constraintWeight
    self.regularizerWeight = regularizerWeight
    self.regularizer = regularizer
  }

  /// The terms of the objective, each a scalar, and the images behind them.
  public struct Terms: Sendable {
    public let total: Tensor
    public let cycle: Tensor
    public let constraint: Tensor
    public let regularizer: Tensor
    /// g(x)
    public let forward: Tensor
    /// f(g(x))
    public let roundTrip: Tensor
    /// f(y)
    public let inverse: Tensor
    /// g(f(y))
    public let mirrorRoundTrip: Tensor
  }

  /// Builds the objective for one batch.
  ///
  /// - Parameters:
  ///   - x: images `[N, C, H, W]`.
  ///   - inverseNoise: σ of each image, `[N]`.
  ///   - z: standard normal, shape of `x`.
  ///   - mirrorSamples: what replaces g(x) in y when finetuning (eq. 7).
  ///   - strongConvexity: α of the forward map.
  public func callAsFunction(
    _ x: Tensor, inverseNoise: Tensor, z: Tensor, map: any MirrorMap, strongConvexity: Double,
    constraint: any Constraint, mirrorSamples: Tensor? = nil
  ) throws -> Terms {
    let forward = try map.forward(x)
    let roundTrip = try map.inverse(forward)
    let sigma = try inverseNoise.reshaped(to: [x.shape[0], 1, 1, 1])
    let y = try (mirrorSamples ?? forward) + sigma * z
    let inverse = try map.inverse(y)
    let mirrorRoundTrip = try map.forward(inverse)
    let cycle = try (roundTrip - x).abs().mean() * 0.5 + (mirrorRoundTrip - y).abs().mean() * 0.5
    let distance = try constraint.distances(inverse).mean()
    let penalty: Tensor =
      switch regularizer {
      case .identity: try (forward - x).abs().mean()
      case .sparseGradient:
        try ((forward - x * strongConvexity) * (1 / (1 - strongConvexity))).abs().mean()
      }
    let total =
      try cycle * cycleWeight + distance * constraintWeight + penalty * regularizerWeight
    return Terms(
      total: total, cycle: cycle, constraint: distance, regularizer: penalty, forward: forward,
      roundTrip: roundTrip, inverse: inverse, mirrorRoundTrip: mirrorRoundTrip)
  }
}
