import Engine

/// The forward mirror map: the gradient of a strongly convex network.
///
///     g(x) = (1 - α) ∇φ(x) + α x
///     z₀ = lrelu((Q₀ * x)² + L₀ * x + b₀)
///     z_{k+1} = lrelu(W_k * z_k + (Q_{k+1} * x)² + L_{k+1} * x + b_{k+1})
///     φ(x) = Σ (F * z_K) / divisor
///
/// All convolutions are 3×3 on a torus; W and F stay ≥ 0, which makes φ convex in x. Feng, Baptista and
/// Bouman 2025, section 3.3 and appendix A.
public struct ICNN: Sendable {
  /// What the sum over the last layer is divided by.
  public enum Reduction: String, Sendable, CaseIterable {
    /// Width × channels: what the authors' code does.
    case authors
    /// Rows × width × channels: a mean over pixels.
    case pixelMean = "pixel_mean"
  }

  public let channels: Int
  public let filters: Int
  /// Hidden layers K.
  public let layers: Int
  /// α: the weight of the identity, in 0..<1; g is at least α-strongly monotone.
  public let strongConvexity: Double
  public let reduction: Reduction

  private let quadratic: [Conv2d]
  private let linear: [Conv2d]
  private let hidden: [Conv2d]
  private let output: Conv2d

  public init(
    channels: Int = 1, filters: Int = 32, layers: Int = 3, strongConvexity: Double = 0.9,
    reduction: Reduction = .authors
  ) {
    self.channels = channels
    self.filters = filters
    self.layers = layers
    self.strongConvexity = strongConvexity
    self.reduction = reduction
    func convolution(_ name: String, _ inputs: Int, _ outputs: Int, hasBias: Bool = false) -> Conv2d
    {
      Conv2d(
        name, inputs: inputs, outputs: outputs, kernel: 3, border: .circular, hasBias: hasBias,
        initializer: .lecunNormal([outputs, inputs, 3, 3]))
    }
    func nonNegative(_ name: String, _ inputs: Int, _ outputs: Int) -> Conv2d {
      Conv2d(
        name, inputs: inputs, outputs: outputs, kernel: 3, border: .circular, hasBias: false,
        initializer: .uniform(0...0.001), isNonNegative: true)
    }
    quadratic = (0...layers).map { convolution("quadratic.\($0)", channels, filters) }
    linear = (0...layers).map { convolution("linear.\($0)", channels, filters, hasBias: true) }
    hidden = (0..<layers).map { nonNegative("hidden.\($0)", filters, filters) }
    output = nonNegative("output", filters, channels)
  }

  /// What it learns.
  public var parameters: [ParameterSpec] {
    (quadratic + linear + hidden + [output]).flatMap(\.parameters)
  }

  /// φ of every image, `[N, C, H, W]` → `[N]`.
  public func potential(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    func injected(_ k: Int) throws(EngineError) -> Tensor {
      try quadratic[k](x, context).square() + linear[k](x, context)
    }
    var z = try injected(0).leakyReLU(slope: 0.2)
    for k in 0..<layers {
      z = try (hidden[k](z, context) + injected(k + 1)).leakyReLU(slope: 0.2)
    }
    let pixels = reduction == .authors ? x.shape[3] : x.shape[2] * x.shape[3]
    return try output(z, context).sum([1, 2, 3]) * (1 / Double(pixels * x.shape[1]))
  }

  /// ∇φ of every image: the convex part's gradient, `[N, C, H, W]` → the same shape.
  public func convexGradient(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    try gradient(of: potential(x, context).sum(), withRespectTo: [x])[0]
  }

  /// g(x), `[N, C, H, W]` → the same shape.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    try convexGradient(x, context) * (1 - strongConvexity) + x * strongConvexity
  }
}
