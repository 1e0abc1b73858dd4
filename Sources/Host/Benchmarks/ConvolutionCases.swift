import Engine

extension Benchmark {
  static let convolutionCases = [
    ConvolutionWork(input: [16, 64, 64, 64], outputs: 64).benchmark(
      "conv3x3_fwd", groups: ["conv"], steps: 20, isTrained: false,
      peers: ["conv3x3_fwd_nchw", "conv3x3_fwd_nhwc"]),
    ConvolutionWork(input: [16, 64, 64, 64], outputs: 64).benchmark(
      "conv3x3_train", groups: ["conv"], peers: ["conv3x3_train_nchw", "conv3x3_train_nhwc"]),
    sweep("conv_icnn32", ConvolutionWork(input: [16, 32, 64, 64], outputs: 32, kind: .circular)),
    sweep("conv_res256", ConvolutionWork(input: [16, 256, 16, 16], outputs: 256)),
    sweep("conv_down64_128", ConvolutionWork(input: [16, 64, 64, 64], outputs: 128, stride: 2)),
    sweep(
      "conv_up256_128", ConvolutionWork(input: [16, 256, 16, 16], outputs: 128, kind: .transposed)),
    sweep("conv7x7_1_64", ConvolutionWork(input: [16, 1, 64, 64], outputs: 64, kernel: 7)),
    sweep("conv7x7_64_1", ConvolutionWork(input: [16, 64, 64, 64], outputs: 1, kernel: 7)),
  ]

  private static func sweep(_ name: String, _ work: ConvolutionWork) -> Benchmark {
    work.benchmark(name, groups: ["conv", "conv_sweep"], peers: [name, name + "_nhwc"])
  }
}

/// A convolution with bias, all of whose results are asked for.
private struct ConvolutionWork: Sendable {
  enum Kind { case zeroPadded, circular, transposed }

  /// `[N, C, H, W]`
  var input: [Int]
  var outputs: Int
  var kernel = 3
  var stride = 1
  var kind = Kind.zeroPadded

  func benchmark(
    _ name: String, groups: [String], steps: Int = 12, isTrained: Bool = true, peers: [String]
  ) -> Benchmark {
    let border =
      switch kind {
      case .zeroPadded: stride == 1 ? "" : ", stride \(stride)"
      case .circular: ", circular"
      case .transposed: ", transposed, stride 2"
      }
    return Benchmark(
      name, groups: groups, steps: steps, peers: peers.map { [$0] },
      summary: "\(input) → \(outputs) channels, \(kernel)×\(kernel)\(border): value"
        + (isTrained ? " and gradients of input, weight and bias" : "")
    ) { settings in try reduced(by: settings).prepare(settings, isTrained: isTrained) }
  }

  private func reduced(by settings: BenchmarkSettings) -> ConvolutionWork {
    var work = self
    work.input = settings.shape(input)
    work.outputs = settings.channels(outputs)
    return work
  }

  private func prepare(_ settings: BenchmarkSettings, isTrained: Bool) throws -> PreparedBenchmark {
    let x = try ChannelsLast("x", input)
    let ends = kind == .transposed ? [input[1], outputs] : [outputs, input[1]]
    let weight = Tensor.placeholder("weight", shape: Shape(ends + [kernel, kernel]))
    let bias = Tensor.placeholder("bias", shape: [outputs])
    let y = try apply(x.image, weight) + bias.reshaped(to: [1, outputs, 1, 1])
    var inputs = [x.memory, weight, bias]
    var values = [
      try x.normal(settings, stream: 0),
      try settings.normal(weight.shape.dimensions, stream: 1, scale: 0.05),
      Tensor.zeros(bias.shape),
    ]
    var results = [try ChannelsLast.memory(of: y)]
    if isTrained {
      let dy = try ChannelsLast("dy", y.shape.dimensions)
      let slopes = try vjp(of: y, cotangent: dy.image, withRespectTo: [x.image, weight, bias])
      results += [try ChannelsLast.memory(of: slopes[0]), slopes[1], slopes[2]]
      inputs.append(dy.memory)
      values.append(try dy.normal(settings, stream: 2))
    }
    let sums = kind == .transposed ? x.image.shape : y.shape
    let products =
      Double(sums.dimensions[0] * sums.dimensions[2] * sums.dimensions[3])
      * Double(weight.shape.count)
    return PreparedBenchmark(
      try Program(inputs: inputs, outputs: results), values, flops: (isTrained ? 6 : 2) * products)
  }

  private func apply(_ x: Tensor, _ weight: Tensor) throws(EngineError) -> Tensor {
    let half = kernel / 2
    switch kind {
    case .zeroPadded:
      return try .conv2d(x, weight, stride: stride, padding: Padding2D(half))
    case .circular:
      let margin = (half, half)
      return try .conv2d(x.padded([(0, 0), (0, 0), margin, margin], mode: .circular), weight)
    case .transposed:
      return try .convTranspose2d(
        x, weight, stride: 2, padding: Padding2D(half), outputSize: [2 * input[2], 2 * input[3]])
    }
  }
}
