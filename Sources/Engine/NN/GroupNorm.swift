/// Normalises each image over groups of channels, then scales and shifts each channel.
///
///     y = (x - mean) / √(variance + ε) · scale + bias,      variance = max(E[x²] - E[x]², 0)
///
/// With as many groups as channels it is instance normalisation.
public struct GroupNorm: Layer {
  let name: String
  let channels: Int
  let groups: Int
  let epsilon: Double

  /// - Precondition: `groups` divides `channels`.
  public init(_ name: String, channels: Int, groups: Int, epsilon: Double = 1e-6) {
    precondition(groups > 0 && channels % groups == 0, "\(channels) channels in \(groups) groups")
    self.name = name
    self.channels = channels
    self.groups = groups
    self.epsilon = epsilon
  }

  /// One group a channel.
  public static func instance(_ name: String, channels: Int) -> GroupNorm {
    GroupNorm(name, channels: channels, groups: channels)
  }

  public var parameters: [ParameterSpec] {
    [
      ParameterSpec("\(name).scale", [channels], .constant(1)),
      ParameterSpec("\(name).bias", [channels], .constant(0)),
    ]
  }

  /// `[N, C, H, W]` → the same shape.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    // Moments by channel are small; grouping them leaves the image in the layout it has.
    let mean = try grouped(x.mean([2, 3]))  // (N, C)
    let square = try grouped(x.square().mean([2, 3]))
    let variance = try (square - mean.square()).maximum(0)
    let factor = try context["\(name).scale"] / (variance + epsilon).sqrt()
    let offset = try context["\(name).bias"] - mean * factor
    let spread = [x.shape[0], channels, 1, 1]
    return try x * factor.reshaped(to: spread) + offset.reshaped(to: spread)
  }

  /// Means over the channels of a group, given back to each of them.
  private func grouped(_ moments: Tensor) throws(EngineError) -> Tensor {
    if groups == channels { return moments }
    let batch = moments.shape[0]
    let split = [batch, groups, channels / groups]
    let mean = try moments.reshaped(to: split).mean([2], keepDims: true)
    return try mean.broadcast(to: Shape(split)).reshaped(to: [batch, channels])
  }
}
