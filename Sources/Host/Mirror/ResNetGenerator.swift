import Engine

/// The inverse mirror map: a ResNet generator as of CycleGAN (Zhu et al. 2017), as the authors use it.
///
/// 7×7, two strided 3×3, residual blocks, two transposed 3×3, 7×7; instance norm and ReLU after all but the
/// last; zero padding. With `isResidual` the input is added before the final activation.
public struct ResNetGenerator: Sendable {
  /// What is applied to the result.
  public enum Activation: String, Sendable, CaseIterable {
    case none, relu, softplus
  }

  public let channels: Int
  /// Channels of the first layer; doubled by each of the two strided layers.
  public let width: Int
  public let blockCount: Int
  public let dropoutRate: Double
  public let isResidual: Bool
  public internal(set) var activation: Activation

  private let first: Conv2d
  private let firstNorm: GroupNorm
  private let down: [(conv: Conv2d, norm: GroupNorm)]
  private let blocks: [ResidualBlock]
  private let up: [(conv: UpsamplingConv2d, norm: GroupNorm)]
  private let last: Conv2d

  public init(
    channels: Int = 1, width: Int = 64, blocks blockCount: Int = 6, dropoutRate: Double = 0.5,
    isResidual: Bool = true, activation: Activation = .softplus
  ) {
    self.channels = channels
    self.width = width
    self.blockCount = blockCount
    self.dropoutRate = dropoutRate
    self.isResidual = isResidual
    self.activation = activation
    let start = Initializer.normal(standardDeviation: 0.02)
    first = Conv2d("first", inputs: channels, outputs: width, kernel: 7, initializer: start)
    firstNorm = .instance("first_norm", channels: width)
    down = (0..<2).map { level in
      let outputs = width << (level + 1)
      return (
        Conv2d(
          "down.\(level)", inputs: width << level, outputs: outputs, kernel: 3, stride: 2,
          initializer: start), .instance("down_norm.\(level)", channels: outputs)
      )
    }
    blocks = (0..<blockCount).map {
      ResidualBlock("blocks.\($0)", channels: width << 2, dropoutRate: dropoutRate, stream: $0)
    }
    up = (0..<2).map { level in
      let outputs = width << (1 - level)
      return (
        UpsamplingConv2d(
          "up.\(level)", inputs: width << (2 - level), outputs: outputs, initializer: start),
        .instance("up_norm.\(level)", channels: outputs)
      )
    }
    last = Conv2d("last", inputs: width, outputs: channels, kernel: 7, initializer: start)
  }

  /// What it learns.
  public var parameters: [ParameterSpec] {
    var layers: [any Layer] = [first, firstNorm]
    for level in down { layers += [level.conv, level.norm] }
    layers += blocks
    for level in up { layers += [level.conv, level.norm] }
    return (layers + [last]).flatMap(\.parameters)
  }

  /// f(y), `[N, C, H, W]` with H and W divisible by 4 → the same shape.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for other sizes.
  public func callAsFunction(_ y: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    guard y.rank == 4, y.shape[2] % 4 == 0, y.shape[3] % 4 == 0 else {
      throw .invalidArgument(
        op: "inverse map", argument: "image", expected: "rows and columns divisible by 4",
        got: "\(y.shape)")
    }
    var h = try firstNorm(first(y, context), context).relu()
    for level in down { h = try level.norm(level.conv(h, context), context).relu() }
    for block in blocks { h = try block(h, context) }
    for level in up { h = try level.norm(level.conv(h, context), context).relu() }
    h = try last(h, context)
    if isResidual { h = try h + y }
    switch activation {
    case .none: return h
    case .relu: return try h.relu()
    case .softplus: return try h.softplus()
    }
  }
}

/// x + norm(conv(dropout(relu(norm(conv(x)))))), all 3×3.
private struct ResidualBlock: Layer {
  let conv1: Conv2d
  let norm1: GroupNorm
  let dropout: Dropout
  let conv2: Conv2d
  let norm2: GroupNorm

  init(_ name: String, channels: Int, dropoutRate: Double, stream: Int) {
    func conv(_ part: String) -> Conv2d {
      Conv2d(
        "\(name).\(part)", inputs: channels, outputs: channels, kernel: 3,
        initializer: .normal(standardDeviation: 0.02))
    }
    conv1 = conv("conv1")
    norm1 = .instance("\(name).norm1", channels: channels)
    dropout = Dropout(rate: dropoutRate, stream: stream)
    conv2 = conv("conv2")
    norm2 = .instance("\(name).norm2", channels: channels)
  }

  var parameters: [ParameterSpec] {
    ([conv1, norm1, conv2, norm2] as [any Layer]).flatMap(\.parameters)
  }

  func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    let h = try dropout(norm1(conv1(x, context), context).relu(), context)
    return try x + norm2(conv2(h, context), context)
  }
}
