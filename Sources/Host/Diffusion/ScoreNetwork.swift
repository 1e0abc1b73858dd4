import Engine

/// The score network: NCSN++ as the authors configure it (Song et al. 2021): BigGAN residual blocks,
/// attention, an input pyramid, positional embedding of time, every sum divided by √2.
public struct ScoreNetwork: NoiseNetwork {
  /// How rows and columns are halved and doubled.
  public enum Resampling: String, Sendable, CaseIterable {
    /// The [1, 3, 3, 1] filter of NCSN++.
    case filtered
    /// Means of 2×2 pixels, and nearest neighbours: a quarter of the work.
    case nearest
  }

  /// The sizes of a network.
  public struct Configuration: Sendable, Hashable {
    public var channels = 1
    /// Rows and columns of the images.
    public var imageSize = 64
    /// Features of the first level.
    public var width = 64
    /// Features of each level in multiples of `width`; each level after the first has half the rows.
    public var multipliers = [1, 2, 2, 2]
    /// Residual blocks a level.
    public var blocks = 4
    /// Sizes (rows) at which attention follows each block.
    public var attentionSizes: Set<Int> = [16]
    public var dropoutRate = 0.1
    public var resampling = Resampling.filtered
    /// Whether the shrinking input is added at every level.
    public var hasInputPyramid = true

    public init() {}
  }

  public let configuration: Configuration
  private let timeLayers: [Linear]
  private let first: Conv2d
  private let down: [Stage]
  private let middle: [Stage]
  private let up: [Stage]
  private let lastNorm: GroupNorm
  private let last: Conv2d

  /// One stage of the way down, the middle or the way up.
  private enum Stage: Sendable {
    /// A residual block, with attention or not; what it gives is kept for the way up.
    case block(ResidualBlock, SpatialAttention?)
    /// Half the size, and the pyramid's layer.
    case shrink(ResidualBlock, pyramid: Conv2d?)
    case attention(SpatialAttention)
    /// Twice the size, after attention or not.
    case grow(ResidualBlock)

    var layers: [any Layer] {
      switch self {
      case .block(let block, let attention): [block] + (attention.map { [$0] } ?? [])
      case .shrink(let block, let pyramid): [block] + (pyramid.map { [$0] } ?? [])
      case .attention(let attention): [attention]
      case .grow(let block): [block]
      }
    }
  }

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let c = configuration
    let timeWidth = 4 * c.width
    timeLayers = [
      Linear("time.0", inputs: c.width, outputs: timeWidth),
      Linear("time.1", inputs: timeWidth, outputs: timeWidth),
    ]
    first = .scoreLayer("first", c.channels, c.width)
    var builder = Builder(configuration: c, timeWidth: timeWidth)
    let widths = c.multipliers.map { $0 * c.width }
    var size = c.imageSize
    var kept = [c.width]
    var pyramid = c.channels
    var down: [Stage] = []
    for (level, width) in widths.enumerated() {
      for _ in 0..<c.blocks {
        down.append(
          .block(builder.block(kept[kept.count - 1], width), builder.attention(width, at: size)))
        kept.append(width)
      }
      guard level + 1 < widths.count else { break }
      let layer: Conv2d? =
        c.hasInputPyramid
        ? .scoreLayer(
          "pyramid.\(level)", pyramid, width, stride: 2,
          border: c.resampling == .filtered ? .none : .zero) : nil
      down.append(.shrink(builder.block(width, width, .down), pyramid: layer))
      (pyramid, size) = (width, size / 2)
      kept.append(width)
    }
    self.down = down
    let deepest = widths[widths.count - 1]
    middle = [
      .block(builder.block(deepest, deepest), nil), .attention(builder.attention(deepest)),
      .block(builder.block(deepest, deepest), nil),
    ]
    var current = deepest
    var up: [Stage] = []
    for (level, width) in widths.enumerated().reversed() {
      for number in 0...c.blocks {
        let block = builder.block(current + kept.removeLast(), width)
        // On the way up attention stands once a level, after its last block.
        up.append(.block(block, number == c.blocks ? builder.attention(width, at: size) : nil))
        current = width
      }
      if level > 0 {
        up.append(.grow(builder.block(width, width, .up)))
        size *= 2
      }
    }
    self.up = up
    lastNorm = .scoreNorm("last_norm", channels: current)
    last = .scoreLayer("last", current, c.channels, scale: 0)
  }

  /// Numbers blocks in the order of creation.
  private struct Builder {
    let configuration: Configuration
    let timeWidth: Int
    var blockCount = 0
    var attentionCount = 0

    mutating func block(_ inputs: Int, _ outputs: Int, _ change: ResidualBlock.Change = .none)
      -> ResidualBlock
    {
      defer { blockCount += 1 }
      return ResidualBlock(
        "blocks.\(blockCount)", inputs: inputs, outputs: outputs, timeWidth: timeWidth,
        configuration: configuration, stream: blockCount, change: change)
    }

    mutating func attention(_ width: Int) -> SpatialAttention {
      defer { attentionCount += 1 }
      return SpatialAttention(
        "attention.\(attentionCount)", channels: width, groups: GroupNorm.scoreGroups(width))
    }

    mutating func attention(_ width: Int, at size: Int) -> SpatialAttention? {
      configuration.attentionSizes.contains(size) ? attention(width) : nil
    }
  }

  public var parameters: [ParameterSpec] {
    var layers: [any Layer] = timeLayers
    layers.append(first)
    for stage in down + middle + up { layers += stage.layers }
    return (layers + [lastNorm, last]).flatMap(\.parameters)
  }

  public func callAsFunction(_ x: Tensor, time t: Tensor, _ context: LayerContext)
    throws(EngineError) -> Tensor
  {
    let time = try embedding(t, context)
    // The network takes data in [0, 1] and centres them, in mirror space too.
    var pyramid = try x * 2 - 1
    var h = try first(pyramid, context)
    var kept = [h]
    for stage in down {
      switch stage {
      case .block(let block, let attention):
        h = try block(h, time, context)
        if let attention { h = try attention(h, context) }
      case .shrink(let block, let layer):
        h = try block(h, time, context)
        if let layer {
          let blurred = configuration.resampling == .filtered ? try pyramid.firBlurred() : pyramid
          pyramid = try (layer(blurred, context) + h) * 0.5.squareRoot()
          h = pyramid
        }
      case .attention, .grow: break
      }
      kept.append(h)
    }
    for stage in middle {
      if case .block(let block, _) = stage { h = try block(h, time, context) }
      if case .attention(let attention) = stage { h = try attention(h, context) }
    }
    for stage in up {
      switch stage {
      case .block(let block, let attention):
        h = try block(.concatenated([h, kept.removeLast()], axis: 1), time, context)
        if let attention { h = try attention(h, context) }
      case .grow(let block): h = try block(h, time, context)
      case .attention, .shrink: break
      }
    }
    return try last(lastNorm(h, context).swish(), context)
  }

  /// Sines and cosines of 999 t at geometric frequencies, through two dense layers: `[N]` → `[N, 4 width]`.
  private func embedding(_ t: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    let angles = try timeEmbedding(t * 999, width: configuration.width)
    return try timeLayers[1](timeLayers[0](angles, context).swish(), context)
  }
}

/// Positional embedding of `labels` `[N]` → `[N, width]`: sines, then cosines, of `label · ω_m`,
/// ω_m = 10000^{-m / (width/2 - 1)}.
public func timeEmbedding(_ labels: Tensor, width: Int) throws(EngineError) -> Tensor {
  let half = width / 2
  let exponents = try Tensor.arange(half) * (-9.210340371976184 / Double(max(half - 1, 1)))
  let angles =
    try labels.reshaped(to: [labels.shape[0], 1]) * exponents.exp().reshaped(to: [1, half])
  return try .concatenated([angles.sin(), angles.cos()], axis: 1)
}

extension GroupNorm {
  /// NCSN++'s number of groups.
  static func scoreGroups(_ channels: Int) -> Int {
    let wanted = min(max(channels / 4, 1), 32)
    return (1...wanted).last { channels % $0 == 0 } ?? 1
  }

  static func scoreNorm(_ name: String, channels: Int) -> GroupNorm {
    GroupNorm(name, channels: channels, groups: scoreGroups(channels))
  }
}

extension Conv2d {
  /// A 3×3 convolution with NCSN++'s initial weights.
  static func scoreLayer(
    _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1,
    border: Border = .zero, scale: Double = 1
  ) -> Conv2d {
    Conv2d(
      name, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, border: border,
      initializer: .fanAverage([outputs, inputs, kernel, kernel], scale: scale))
  }
}

/// A residual block of BigGAN with time, resampling or not; the sum is divided by √2.
private struct ResidualBlock: Layer {
  enum Change: Sendable {
    case none, down, up
  }

  let norm1: GroupNorm
  let conv1: Conv2d
  let time: Linear
  let norm2: GroupNorm
  let dropout: Dropout
  let conv2: Conv2d
  let skip: Conv2d?
  let change: Change
  let resampling: ScoreNetwork.Resampling

  init(
    _ name: String, inputs: Int, outputs: Int, timeWidth: Int,
    configuration: ScoreNetwork.Configuration, stream: Int, change: Change
  ) {
    norm1 = .scoreNorm("\(name).norm1", channels: inputs)
    conv1 = .scoreLayer("\(name).conv1", inputs, outputs)
    time = Linear("\(name).time", inputs: timeWidth, outputs: outputs)
    norm2 = .scoreNorm("\(name).norm2", channels: outputs)
    dropout = Dropout(rate: configuration.dropoutRate, stream: stream)
    conv2 = .scoreLayer("\(name).conv2", outputs, outputs, scale: 0)
    skip =
      inputs != outputs || change != .none
      ? .scoreLayer("\(name).skip", inputs, outputs, kernel: 1) : nil
    self.change = change
    resampling = configuration.resampling
  }

  var parameters: [ParameterSpec] {
    var layers: [any Layer] = [norm1, conv1, time, norm2, conv2]
    if let skip { layers.append(skip) }
    return layers.flatMap(\.parameters)
  }

  func callAsFunction(_ x: Tensor, _ embedding: Tensor, _ context: LayerContext) throws(EngineError)
    -> Tensor
  {
    let h = try resampled(norm1(x, context).swish())
    let moment = try time(embedding.swish(), context)
    // One shift for each image and channel, the bias with it.
    let shift =
      try moment.reshaped(to: [moment.shape[0], moment.shape[1], 1, 1]) + conv1.bias(context)
    var y = try conv1.withoutBias(h, context) + shift
    y = try conv2(dropout(norm2(y, context).swish(), context), context)
    return try (shortcut(x, context) + y) * 0.5.squareRoot()
  }

  private func shortcut(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    guard let skip else { return x }
    guard change == .up else { return try skip(resampled(x), context) }
    // Linear maps of pixels and of channels commute: the convolution takes the fewer pixels.
    return try resampled(skip.withoutBias(x, context)) + skip.bias(context)
  }

  private func resampled(_ x: Tensor) throws(EngineError) -> Tensor {
    switch (change, resampling) {
    case (.none, _): x
    case (.down, .filtered): try x.firDownsampled()
    case (.up, .filtered): try x.firUpsampled()
    case (.down, .nearest): try x.meanPooled()
    case (.up, .nearest): try x.nearestUpsampled()
    }
  }
}
