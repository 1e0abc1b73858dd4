import Engine

/// The two networks of a variational autoencoder (Kingma and Welling 2014): small convolutional ones.
///
/// The encoder halves rows and columns at each level with a strided 3×3 convolution and doubles the
/// features, a dense layer gives mean and log-variance of the code; the decoder goes the same way back.
public struct VAENetwork: Sendable {
  /// The sizes of the networks.
  public struct Configuration: Sendable {
    public var channels = 1
    /// Rows and columns of the images, divisible by 2 to the power of `levels`.
    public var height = 64
    public var width = 64
    /// Features of the first level; each level after it has twice as many.
    public var features = 32
    public var levels = 3
    /// Numbers in a code.
    public var latent = 64

    public init() {}
  }

  public let configuration: Configuration
  private let down: [Conv2d]
  private let code: Linear
  private let expansion: Linear
  private let up: [UpsamplingConv2d]
  private let last: Conv2d

  /// - Precondition: rows and columns can be halved that often.
  public init(_ configuration: Configuration) {
    let c = configuration
    let divisor = 1 << c.levels
    precondition(
      c.height % divisor == 0 && c.width % divisor == 0,
      "\(c.height)×\(c.width) cannot be halved \(c.levels) times")
    self.configuration = configuration
    func features(_ level: Int) -> Int { c.features << level }
    down = (0..<c.levels).map { level in
      let inputs = level == 0 ? c.channels : features(level - 1)
      return Conv2d(
        "encoder.\(level)", inputs: inputs, outputs: features(level), kernel: 3, stride: 2,
        initializer: .fanAverage([features(level), inputs, 3, 3]))
    }
    let deepest = features(c.levels - 1) * (c.height / divisor) * (c.width / divisor)
    code = Linear("code", inputs: deepest, outputs: 2 * c.latent)
    expansion = Linear("expansion", inputs: c.latent, outputs: deepest)
    up = (0..<c.levels).map { number in
      let inputs = features(c.levels - 1 - number)
      let outputs = features(max(c.levels - 2 - number, 0))
      return UpsamplingConv2d(
        "decoder.\(number)", inputs: inputs, outputs: outputs,
        initializer: .fanAverage([inputs, outputs, 3, 3]))
    }
    last = Conv2d(
      "last", inputs: c.features, outputs: c.channels, kernel: 3,
      initializer: .fanAverage([c.channels, c.features, 3, 3]))
  }

  /// What it learns.
  public var parameters: [ParameterSpec] {
    var layers: [any Layer] = down
    layers += [code, expansion]
    layers += up
    return (layers + [last]).flatMap(\.parameters)
  }

  /// Mean and logarithm of the variance of every image's code: `[N, C, H, W]` → two of `[N, latent]`.
  public func encode(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> (
    mean: Tensor, logVariance: Tensor
  ) {
    var h = x
    for layer in down { h = try layer(h, context).swish() }
    let both = try code(h.reshaped(to: [x.shape[0], -1]), context)
    let latent = configuration.latent
    // Beyond these bounds exp leaves what Float32 can square.
    return (
      try both.sliced(axis: 1, from: 0, to: latent),
      try both.sliced(axis: 1, from: latent, to: 2 * latent).clamped(min: -20, max: 20)
    )
  }

  /// The images of codes: `[N, latent]` → `[N, C, H, W]`.
  public func decode(_ z: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    let c = configuration
    let divisor = 1 << c.levels
    var h = try expansion(z, context).swish().reshaped(to: [
      z.shape[0], c.features << (c.levels - 1), c.height / divisor, c.width / divisor,
    ])
    for layer in up { h = try layer(h, context).swish() }
    return try last(h, context)
  }
}

/// The objective of a variational autoencoder: the negative evidence bound of a Gaussian decoder with variance
/// `weight`, times that variance.
///
///     mean over images of ½ ‖x - x̂‖² + weight · ½ Σ (μ² + σ² - 1 - log σ²)
///
/// - Parameters:
///   - x: `[N, C, H, W]`.
///   - z: standard normal, `[N, latent]`.
public func evidenceLoss(
  _ x: Tensor, z: Tensor, network: VAENetwork, weight: Double, _ context: LayerContext
) throws(EngineError) -> (total: Tensor, reconstruction: Tensor, divergence: Tensor) {
  let (mean, logVariance) = try network.encode(x, context)
  let code = try mean + (logVariance * 0.5).exp() * z
  let reconstruction =
    try (x - network.decode(code, context)).square().sum([1, 2, 3]).mean() * 0.5
  let divergence =
    try (mean.square() + logVariance.exp() - 1 - logVariance).sum([1]).mean() * 0.5
  return (try reconstruction + divergence * weight, reconstruction, divergence)
}

/// Draws images of a trained autoencoder: the decoder's images of standard normal codes.
public struct VAESampler: Sampler {
  let network: VAENetwork
  let context: LayerContext
  public let steps = 1

  public init(_ network: VAENetwork, _ parameters: Parameters) {
    self.network = network
    context = LayerContext(parameters)
  }

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for another image shape than the
  ///   network's.
  public func sample(
    count: Int, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let c = network.configuration
    guard imageShape == [c.channels, c.height, c.width] else {
      throw EngineError.invalidArgument(
        op: "sample", argument: "imageShape", expected: "\([c.channels, c.height, c.width])",
        got: "\(imageShape)")
    }
    let keys = SampleStreams(seed: seed, first: first, count: count).keys(step: 0)
    let images = try network.decode(
      .normal(keys: keys, shape: [count, c.latent]), context)
    try evaluate([images])
    try onStep(1)
    return images
  }
}
