import Engine

// Single operations. Images lie in memory as programs keep them between layers, channels next to each
// other, and are given and taken in that order, so that no case pays for a change of layout that a network
// would not make.

extension Benchmark {
  static let matrixCases = [
    matrixProduct("gemm_1024", 1024, 1024, 1024),
    matrixProduct("gemm_4096x576x64", 4096, 576, 64),
    matrixProduct("gemm_65536x576x64", 65536, 576, 64),
  ]

  private static func matrixProduct(_ name: String, _ m: Int, _ k: Int, _ n: Int) -> Benchmark {
    Benchmark(
      name, groups: ["gemm"], steps: 50, peers: [[name]],
      summary: "[\(m), \(k)] · [\(k), \(n)]"
    ) { settings in
      let (m, k, n) = (settings.channels(m), settings.channels(k), settings.channels(n))
      let a = Tensor.placeholder("a", shape: [m, k])
      let b = Tensor.placeholder("b", shape: [k, n])
      let program = try Program(inputs: [a, b], outputs: [a.matmul(b)])
      return PreparedBenchmark(
        program,
        [try settings.normal([m, k], stream: 0), try settings.normal([k, n], stream: 1)],
        flops: 2 * Double(m) * Double(k) * Double(n))
    }
  }

  static let pointwiseCases = [
    pointwise("elementwise_fwd", isTrained: false), pointwise("elementwise_train", isTrained: true),
  ]

  private static func pointwise(_ name: String, isTrained: Bool) -> Benchmark {
    Benchmark(
      name, groups: ["elementwise"], steps: 15, peers: [[name]],
      summary: "mean √(1 + y²), y = softplus(lrelu(0.7x² + 0.3x - 0.1)), [16, 64, 64, 64]"
        + (isTrained ? ": value and gradient" : "")
    ) { settings in
      let shape = settings.shape([16, 64, 64, 64])
      let x = Tensor.placeholder("x", shape: Shape(shape))
      let y = try (x * x * 0.7 + x * 0.3 - 0.1).leakyReLU(slope: 0.2).softplus()
      let mean = try (y * y + 1).sqrt().mean()
      let slopes = isTrained ? try gradient(of: mean, withRespectTo: [x]) : []
      let program = try Program(inputs: [x], outputs: [mean] + slopes)
      return PreparedBenchmark(program, [try settings.normal(shape, stream: 0)])
    }
  }

  static let normCases = [
    norm(
      "instance_norm_relu", groups: 64,
      peers: ["instance_norm_relu", "instance_norm_relu_via_groups"]
    ) { x throws(EngineError) in try x.relu() },
    norm("group_norm_swish", groups: 32, peers: ["group_norm_swish"]) {
      x throws(EngineError) in try x.swish()
    },
  ]

  private static func norm(
    _ name: String, groups: Int, peers: [String],
    activation: @escaping @Sendable (Tensor) throws(EngineError) -> Tensor
  ) -> Benchmark {
    Benchmark(
      name, groups: ["norm"], steps: 15,
      peers: peers.flatMap { [[$0], [$0, "--channels-last"]] },
      summary:
        "[16, 64, 64, 64], \(groups) groups, scale, shift, activation: value and all gradients"
    ) { settings in
      let shape = settings.shape([16, 64, 64, 64])
      let layer = GroupNorm("norm", channels: shape[1], groups: settings.channels(groups))
      let parameters = try Parameters(layer.parameters, seed: 1)
      let learned = parameters.placeholders()
      let (x, dy) = (try ChannelsLast("x", shape), try ChannelsLast("dy", shape))
      let y = try activation(layer(x.image, LayerContext(learned)))
      let slopes = try vjp(
        of: y, cotangent: dy.image, withRespectTo: [x.image] + learned.tensors)
      let program = try Program(
        inputs: [x.memory, dy.memory] + learned.tensors,
        outputs: [ChannelsLast.memory(of: y), ChannelsLast.memory(of: slopes[0])] + slopes[1...])
      return PreparedBenchmark(
        program,
        [try x.normal(settings, stream: 0), try dy.normal(settings, stream: 1)]
          + parameters.tensors)
    }
  }
}

/// An input `[N, C, H, W]` whose channels lie next to each other.
struct ChannelsLast {
  /// The placeholder, `[N, H, W, C]`.
  let memory: Tensor
  /// It as the operations see it, `[N, C, H, W]`.
  let image: Tensor

  init(_ name: String, _ shape: [Int]) throws(EngineError) {
    memory = .placeholder(name, shape: [shape[0], shape[2], shape[3], shape[1]])
    image = try memory.permuted([0, 3, 1, 2])
  }

  /// A result in the order it lies in memory, `[N, H, W, C]`.
  static func memory(of image: Tensor) throws(EngineError) -> Tensor {
    try image.permuted([0, 2, 3, 1])
  }

  func normal(_ settings: BenchmarkSettings, stream: UInt32) throws -> Tensor {
    try settings.normal(memory.shape.dimensions, stream: stream)
  }
}
