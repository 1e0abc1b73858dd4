/// Self-attention of one head over all pixels of an image, with its normalisation and its skip.
///
///     y = (x + V softmax(QᵀK / √C)) / √2
public struct SpatialAttention: Layer {
  let channels: Int
  let norm: GroupNorm
  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear

  /// - Parameter outputScale: variance scale of the last projection's initial weights.
  public init(_ name: String, channels: Int, groups: Int, outputScale: Double = 0) {
    self.channels = channels
    norm = GroupNorm("\(name).norm", channels: channels, groups: groups)
    func projection(_ part: String, _ scale: Double) -> Linear {
      Linear(
        "\(name).\(part)", inputs: channels, outputs: channels,
        initializer: .fanAverage([channels, channels], scale: scale))
    }
    query = projection("query", 0.1)
    key = projection("key", 0.1)
    value = projection("value", 0.1)
    output = projection("output", outputScale)
  }

  public var parameters: [ParameterSpec] {
    ([norm, query, key, value, output] as [any Layer]).flatMap(\.parameters)
  }

  /// `[N, C, H, W]` → the same shape.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    let (n, height, width) = (x.shape[0], x.shape[2], x.shape[3])
    let pixels = try norm(x, context).permuted([0, 2, 3, 1]).reshaped(to: [
      n * height * width, channels,
    ])
    let tokens = [n, height * width, channels]
    let q = try query(pixels, context).reshaped(to: tokens)
    let k = try key(pixels, context).reshaped(to: tokens)
    let v = try value(pixels, context).reshaped(to: tokens)
    let weights = try (q.matmul(k.transposed()) * (1 / Double(channels).squareRoot())).softmax(
      axis: 2)
    let mixed = try weights.matmul(v).reshaped(to: [n * height * width, channels])
    let image = try output(mixed, context).reshaped(to: [n, height, width, channels]).permuted([
      0, 3, 1, 2,
    ])
    return try (x + image) * 0.5.squareRoot()
  }
}
