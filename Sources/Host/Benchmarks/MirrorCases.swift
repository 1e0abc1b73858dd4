import Engine

// The mirror map's networks and their training.

extension BenchmarkSettings {
  /// The networks of the paper.
  var mirrorNetworks: NAMMNetworks {
    NAMMNetworks(
      forward: ICNN(filters: channels(32)), inverse: ResNetGenerator(width: channels(64)))
  }
}

extension Benchmark {
  static let mirrorCases = [icnnForward, icnnTrain, generatorForward, generatorTrain, nammStep]

  private static let icnnForward = Benchmark(
    "icnn_fwd", groups: ["icnn_grad"], steps: 10, peers: bothLayouts("icnn_fwd"),
    settings: [.constraint], summary: "mirror map g of [16, 1, 64, 64]"
  ) { settings in
    let network = settings.mirrorNetworks.forward
    let images = try settings.images(count: settings.batch(16))
    let context = LayerContext(try Parameters(network.parameters, seed: 1))
    let x = Tensor.placeholder("x", shape: images.shape)
    return PreparedBenchmark(
      try Program(inputs: [x], outputs: [network(x, context)]), [images])
  }

  private static let icnnTrain = Benchmark(
    "icnn_train", groups: ["icnn_grad"], steps: 10, peers: bothLayouts("icnn_train"),
    settings: [.constraint],
    summary: "gradient of Σ u g(x) with respect to all parameters, [16, 1, 64, 64]"
  ) { settings in
    let network = settings.mirrorNetworks.forward
    let images = try settings.images(count: settings.batch(16))
    let weights = try settings.normal(images.shape.dimensions, stream: 5)
    let parameters = try Parameters(network.parameters, seed: 1)
    let learned = parameters.placeholders()
    let x = Tensor.placeholder("x", shape: images.shape)
    let u = Tensor.placeholder("u", shape: images.shape)
    let total = try (u * network(x, LayerContext(learned))).sum()
    let slopes = try gradient(of: total, withRespectTo: learned.tensors)
    return PreparedBenchmark(
      try Program(inputs: [x, u] + learned.tensors, outputs: [total] + slopes),
      [images, weights] + parameters.tensors)
  }

  private static let generatorForward = Benchmark(
    "generator_fwd", groups: ["generator"], steps: 5, peers: bothLayouts("generator_fwd"),
    summary: "inverse map f of [16, 1, 64, 64], no dropout"
  ) { settings in
    let network = settings.mirrorNetworks.inverse
    let context = LayerContext(try Parameters(network.parameters, seed: 1))
    let shape = [settings.batch(16), 1, settings.pixels(64), settings.pixels(64)]
    let y = Tensor.placeholder("y", shape: Shape(shape))
    return PreparedBenchmark(
      try Program(inputs: [y], outputs: [network(y, context)]),
      [try settings.normal(shape, stream: 6)])
  }

  private static let generatorTrain = Benchmark(
    "generator_train", groups: ["generator"], steps: 5, peers: bothLayouts("generator_train"),
    summary: "mean f with dropout, and its gradient with respect to all parameters"
  ) { settings in
    let network = settings.mirrorNetworks.inverse
    let parameters = try Parameters(network.parameters, seed: 1)
    let learned = parameters.placeholders()
    let shape = [settings.batch(16), 1, settings.pixels(64), settings.pixels(64)]
    let y = Tensor.placeholder("y", shape: Shape(shape))
    let key = Tensor.placeholder("key", shape: [1, 4], dtype: .int32)
    let mean = try network(y, LayerContext(learned, dropoutKey: key)).mean()
    let slopes = try gradient(of: mean, withRespectTo: learned.tensors)
    let program = try Program(inputs: [y, key] + learned.tensors, outputs: [mean] + slopes)
    let values = try settings.normal(shape, stream: 6)
    var step: UInt32 = 0
    return PreparedBenchmark {
      _ = try program.run([values, RandomKey(seed: 1, step: step).tensor] + parameters.tensors)
      step += 1
    }
  }

  private static let nammStep = Benchmark(
    "namm_step", steps: 5, peers: bothLayouts("namm_step"), settings: [.constraint],
    summary: "a training step of both maps: loss, gradients, Adam, projection, average; batch 16"
  ) { settings in
    let batch = settings.batch(16)
    // The peer's weights: 1 for Burgers' equation, 0.001 for the total brightness.
    let weight = settings.constraint.name == "burgers" ? 1 : 1e-3
    let trainer = try NAMMTrainer(
      NAMMSettings(
        networks: settings.mirrorNetworks, loss: NAMMLoss(constraintWeight: weight),
        batchSize: batch),
      images: settings.images(count: batch), constraint: settings.constraint, seed: 1)
    var state = trainer.initialState
    return PreparedBenchmark {
      let report = try trainer.takeStep(&state)
      guard report.isFinite else { throw BenchmarkError.notFinite(name: "namm_step") }
    }
  }

  /// A case of the peer as it is, and with channels last.
  static func bothLayouts(_ name: String) -> [[String]] { [[name], [name, "--channels-last"]] }
}
