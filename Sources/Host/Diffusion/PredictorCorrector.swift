import Engine

/// Samples a diffusion model by predictor and corrector in turn (Song et al. 2021, algorithms 3 and 5).
///
/// Before each step of ``EulerMaruyama`` the state is moved by Langevin steps at the same time:
///
///     x ← x + ε s(x, t) + √(2ε) z,      ε = 2 α (r ‖z‖ / ‖s‖)²,      α = 1 - β(t) / N
///
/// N is the number of steps of the discrete process, ``VPSDE/stepCount``.
///
/// The norms are of each image alone; the authors take their means over the batch.
public struct PredictorCorrector: Sampler {
  public let score: any ScoreModel
  public let sde: VPSDE
  public let steps: Int
  /// r: the ratio of a Langevin step's drift to its noise.
  public let signalToNoise: Double
  /// Langevin steps before each step of the predictor.
  public let corrections: Int

  public init(
    score: any ScoreModel, sde: VPSDE, steps: Int = 1000, signalToNoise: Double = 0.16,
    corrections: Int = 1
  ) {
    self.score = score
    self.sde = sde
    self.steps = steps
    self.signalToNoise = signalToNoise
    self.corrections = corrections
  }

  /// One Langevin step for a batch.
  ///
  /// - Parameters:
  ///   - x: `[N, C, H, W]`.
  ///   - t: time of `x`, scalar tensor.
  ///   - beta: β(t), scalar tensor.
  ///   - z: standard normal, shape of `x`.
  public func corrected(_ x: Tensor, time t: Tensor, beta: Tensor, z: Tensor) throws -> Tensor {
    func squaredNorm(_ v: Tensor) throws(EngineError) -> Tensor {
      try v.square().sum([1, 2, 3], keepDims: true)
    }
    let slope = try score.score(x, at: t)
    let size = signalToNoise * signalToNoise * 2
    // Where the score is 0 the noise alone would be infinite.
    let ratio = try squaredNorm(z) / squaredNorm(slope).maximum(1e-20)
    let step = try (1 - beta * (1 / Double(sde.stepCount))) * ratio * size
    return try x + step * slope + (step * 2).sqrt() * z
  }

  public func sample(
    count: Int, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let streams = SampleStreams(seed: seed, first: first, count: count)
    let predictor = EulerMaruyama(score: score, sde: sde, steps: steps)
    let state = Tensor.placeholder("x", shape: Shape([count] + imageShape))
    let schedule = Tensor.placeholder("schedule", shape: [2])
    let keys = Tensor.placeholder("keys", shape: [count, 4], dtype: .int32)
    let z = try Tensor.normal(keys: keys, shape: state.shape)
    let (t, beta) = (try schedule.element(0), try schedule.element(1))
    let correct = try Program(
      inputs: [state, schedule, keys], outputs: [corrected(state, time: t, beta: beta, z: z)])
    let (next, mean) = try predictor.step(state, time: t, beta: beta, z: z)
    let predict = try Program(inputs: [state, schedule, keys], outputs: [next, mean])
    var x = try streams.start(imageShape: imageShape)
    var clean = x
    for (index, t) in sde.timeGrid(count: steps).enumerated() {
      let numbers = Tensor([Float(t), Float(sde.beta(t))], shape: [2])
      let noises = index * (corrections + 1) + 1
      for number in 0..<corrections {
        x = try correct.run([x, numbers, streams.keys(step: noises + number)])[0]
      }
      let results = try predict.run([x, numbers, streams.keys(step: noises + corrections)])
      (x, clean) = (results[0], results[1])
      try onStep(index + 1)
    }
    return clean
  }
}
