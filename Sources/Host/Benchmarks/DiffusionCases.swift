import Engine

// The score network: training, sampling, and solving inverse problems in mirror space.

extension BenchmarkSettings {
  /// NCSN++ of the chosen size.
  var scoreConfiguration: ScoreNetwork.Configuration {
    var configuration = ScoreNetwork.Configuration()
    configuration.imageSize = pixels(64)
    configuration.attentionSizes = [pixels(16)]
    configuration.width = channels(size == .small ? 32 : 64)
    configuration.blocks = size == .small ? 1 : 4
    return configuration
  }

  /// The network with its initial parameters as a score.
  func score(_ sde: VPSDE) throws -> NetworkScore<ScoreNetwork> {
    let network = ScoreNetwork(scoreConfiguration)
    return NetworkScore(network, sde: sde, parameters: try Parameters(network.parameters, seed: 1))
  }
}

extension Benchmark {
  static let diffusionCases = [scoreStep, sampleStep, mirrorDPSStep]

  /// The time at which samplers and solvers are timed.
  private static let time = 0.5

  private static let scoreStep = Benchmark(
    "score_step", steps: 5, peers: bothLayouts("score_step"), settings: [.size, .constraint],
    summary: "a training step of the score network: loss, gradients, clipping, Adam, average"
  ) { settings in
    let batch = settings.batch(settings.size == .small ? 16 : 4)
    let trainer = try DiffusionTrainer(
      "score_step",
      DiffusionSettings(
        network: settings.scoreConfiguration, batchSize: batch,
        optimizer: OptimizerSettings(learningRate: 2e-4, clipNorm: 1, averageDecay: 0.9999)),
      images: settings.images(count: batch), seed: 1)
    var state = trainer.initialState
    return PreparedBenchmark {
      let report = try trainer.takeStep(&state)
      guard report.isFinite else { throw BenchmarkError.notFinite(name: "score_step") }
    }
  }

  private static let sampleStep = Benchmark(
    "sample_step", steps: 10, peers: bothLayouts("sample_step"), settings: [.size],
    summary: "a reverse step by Euler and Maruyama, [16, 1, 64, 64]"
  ) { settings in
    let sde = VPSDE()
    let sampler = EulerMaruyama(score: try settings.score(sde), sde: sde)
    let streams = SampleStreams(seed: 1, first: 0, count: settings.batch(16))
    let start = try streams.start(imageShape: [1, settings.pixels(64), settings.pixels(64)])
    let x = Tensor.placeholder("x", shape: start.shape)
    let schedule = Tensor.placeholder("schedule", shape: [2])
    let keys = Tensor.placeholder("keys", shape: [start.shape[0], 4], dtype: .int32)
    let (next, mean) = try sampler.step(
      x, time: schedule.element(0), beta: schedule.element(1),
      z: .normal(keys: keys, shape: x.shape))
    let program = try Program(inputs: [x, schedule, keys], outputs: [next, mean])
    let numbers = Tensor([Float(time), Float(sde.beta(time))], shape: [2])
    var step = 0
    return PreparedBenchmark {
      step += 1
      _ = try program.run([start, numbers, streams.keys(step: step)])
    }
  }

  private static let mirrorDPSStep = Benchmark(
    "mirror_dps_step", steps: 10, peers: bothLayouts("mirror_dps_step"),
    settings: [.size, .constraint],
    summary: "a step of mirror DPS, back through inverse map and score network; batch 4"
  ) { settings in
    let sde = VPSDE()
    let networks = settings.mirrorNetworks
    let measured = FirstColumns(count: 8)
    let solver = DiffusionPosteriorSampling(
      score: try settings.score(sde), sde: sde, forwardOperator: measured, measurementNoise: 0.1,
      guidanceScale: 0.1,
      mirrorMap: networks.map(try Parameters(networks.parameters, seed: 1)))
    let images = try settings.images(count: settings.batch(4))
    let measurement = try measured.measure(images)
    try evaluate([measurement])
    let streams = SampleStreams(seed: 1, first: 0, count: images.shape[0])
    let start = try streams.start(imageShape: Array(images.shape.dimensions.dropFirst()))
    let x = Tensor.placeholder("x", shape: start.shape)
    let schedule = Tensor.placeholder("schedule", shape: [4])
    let keys = Tensor.placeholder("keys", shape: [start.shape[0], 4], dtype: .int32)
    let next = try solver.step(
      x, time: schedule.element(0), cleanWeight: schedule.element(1),
      noisyWeight: schedule.element(2),
      noise: Tensor.normal(keys: keys, shape: x.shape) * schedule.element(3),
      measurement: measurement)
    let program = try Program(inputs: [x, schedule, keys], outputs: [next])
    let ancestral = sde.ancestralSteps()[Int(time * Double(sde.stepCount - 1))]
    let numbers = Tensor(
      [time, ancestral.cleanWeight, ancestral.noisyWeight, ancestral.noiseLevel].map { Float($0) },
      shape: [4])
    var step = 0
    return PreparedBenchmark {
      step += 1
      _ = try program.run([start, numbers, streams.keys(step: step)])
    }
  }
}
