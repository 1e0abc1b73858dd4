/// In training sets a random part of the elements to 0 and scales the rest up; otherwise does nothing.
public struct Dropout: Layer {
  let rate: Double
  /// Tells this layer's random numbers from other layers'.
  let stream: Int

  /// - Parameters:
  ///   - rate: probability of 0 for each element, in `0..<1`.
  ///   - stream: different for every dropout layer of a network.
  public init(rate: Double, stream: Int) {
    self.rate = rate
    self.stream = stream
  }

  public var parameters: [ParameterSpec] { [] }

  /// `[N, C, H, W]` → the same shape.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    guard let key = context.dropoutKey, rate > 0 else { return x }
    // Drawn in the order convolutions keep images in memory.
    let sizes = [x.shape[0], x.shape[2], x.shape[3], x.shape[1]]
    let uniform = try Tensor.uniform(keys: key.streams(movedBy: stream), shape: Shape(sizes))
      .permuted([0, 3, 1, 2])
    let kept = try x * (1 / (1 - rate))
    return try .select(uniform.isGreaterOrEqual(to: rate), kept, .zeros(x.shape, dtype: x.dtype))
  }
}
