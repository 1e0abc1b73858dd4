import Engine

/// Samples a diffusion model by Euler and Maruyama's method on the reverse SDE (Song et al. 2021, eq. 6).
///
///     x ← x - (-½ β x - β s(x, t)) Δt + √(β Δt) z,      Δt = 1 / steps
///
/// The result is the last step's mean, without its noise.
public struct EulerMaruyama: Sampler {
  public let score: any ScoreModel
  public let sde: VPSDE
  public let steps: Int

  public init(score: any ScoreModel, sde: VPSDE, steps: Int = 1000) {
    self.score = score
    self.sde = sde
    self.steps = steps
  }

  /// One step for a batch.
  ///
  /// - Parameters:
  ///   - x: `[N, C, H, W]`.
  ///   - t: time of `x`, scalar tensor.
  ///   - beta: β(t), scalar tensor.
  ///   - z: standard normal, shape of `x`.
  /// - Returns: the next state and its mean.
  public func step(_ x: Tensor, time t: Tensor, beta: Tensor, z: Tensor) throws -> (
    next: Tensor, mean: Tensor
  ) {
    let dt = 1 / Double(steps)
    let score = try score.score(x, at: t)
    let mean = try x + (x * 0.5 + score) * (beta * dt)
    return (try mean + z * (beta * dt).sqrt(), mean)
  }

  public func sample(
    count: Int, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let streams = SampleStreams(seed: seed, first: first, count: count)
    let state = Tensor.placeholder("x", shape: Shape([count] + imageShape))
    let schedule = Tensor.placeholder("schedule", shape: [2])
    let keys = Tensor.placeholder("keys", shape: [count, 4], dtype: .int32)
    let (next, mean) = try step(
      state, time: schedule.element(0), beta: schedule.element(1),
      z: .normal(keys: keys, shape: state.shape))
    let program = try Program(inputs: [state, schedule, keys], outputs: [next, mean])
    var x = try streams.start(imageShape: imageShape)
    var clean = x
    for (index, t) in sde.timeGrid(count: steps).enumerated() {
      let numbers = Tensor([Float(t), Float(sde.beta(t))], shape: [2])
      let results = try program.run([x, numbers, streams.keys(step: index + 1)])
      (x, clean) = (results[0], results[1])
      try onStep(index + 1)
    }
    return clean
  }
}
