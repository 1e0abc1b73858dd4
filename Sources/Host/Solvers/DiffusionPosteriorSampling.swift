import Engine

/// Diffusion posterior sampling (Chung et al. 2023), in mirror space too (Feng et al. 2025, section 3.5).
///
///     x̂₀ = (x_t + σ_t² s(x_t, t)) / α_t
///     J  = ‖(y - A(f(x̂₀))) / σ_y‖₂ + w ℓ(f(x̂₀))
///     x' = c₀ x̂₀ + c₁ x_t + σ' z - ζ ∇J
///
/// With the identity as mirror map f it is DPS, with a constraint ℓ CG-DPS, with a learned map mirror DPS.
/// J is a norm, not half its square: the authors' choice; of noise that is not normal it is the root of the
/// deviance, ``NoiseModel/misfit(_:given:)``. Every image has its own J.
public struct DiffusionPosteriorSampling: Sendable {
  public let score: any ScoreModel
  public let sde: VPSDE
  public let forwardOperator: any ForwardOperator
  /// How a measurement differs from A(x): what the misfit is measured by.
  public let noise: any NoiseModel
  /// ζ
  public let guidanceScale: Double
  public let mirrorMap: any MirrorMap
  public let constraint: (any Constraint)?
  /// w
  public let constraintWeight: Double
  /// Largest root mean square, over the pixels of an image, that a guidance step ζ∇J may have; longer ones
  /// are shortened, and one that is not finite is left out. Not in the papers: early estimates x̂₀ can lie
  /// so far out that a stiff constraint's gradient overflows. `nil`: no limit.
  public let guidanceLimit: Double?
  public let steps: Int

  public init(
    score: any ScoreModel, sde: VPSDE, forwardOperator: any ForwardOperator, noise: any NoiseModel,
    guidanceScale: Double, mirrorMap: any MirrorMap = IdentityMirrorMap(),
    constraint: (any Constraint)? = nil, constraintWeight: Double = 0, guidanceLimit: Double? = nil,
    steps: Int = 1000
  ) {
    self.score = score
    self.sde = sde
    self.forwardOperator = forwardOperator
    self.noise = noise
    self.guidanceScale = guidanceScale
    self.mirrorMap = mirrorMap
    self.constraint = constraint
    self.constraintWeight = constraintWeight
    self.guidanceLimit = guidanceLimit
    self.steps = steps
  }

  /// One for measurements with independent normal noise of standard deviation σ_y, `measurementNoise`.
  public init(
    score: any ScoreModel, sde: VPSDE, forwardOperator: any ForwardOperator,
    measurementNoise: Double, guidanceScale: Double,
    mirrorMap: any MirrorMap = IdentityMirrorMap(), constraint: (any Constraint)? = nil,
    constraintWeight: Double = 0, guidanceLimit: Double? = nil, steps: Int = 1000
  ) {
    self.init(
      score: score, sde: sde, forwardOperator: forwardOperator,
      noise: GaussianNoise(deviation: measurementNoise), guidanceScale: guidanceScale,
      mirrorMap: mirrorMap, constraint: constraint, constraintWeight: constraintWeight,
      guidanceLimit: guidanceLimit, steps: steps)
  }

  /// J of every image, `[N]`.
  ///
  /// - Parameters:
  ///   - clean: x̂₀ `[N, C, H, W]`, in the space of the score.
  ///   - measurement: y `[N, …]`.
  public func misfit(_ clean: Tensor, measurement: Tensor) throws -> Tensor {
    let image = try mirrorMap.inverse(clean)
    let predicted = try forwardOperator.measure(image)
    guard predicted.shape == measurement.shape else {
      throw EngineError.shapeMismatch(
        op: "measurement of '\(forwardOperator.name)'", lhs: measurement.shape, rhs: predicted.shape
      )
    }
    var total = try noise.misfit(measurement, given: predicted)
    if let constraint, constraintWeight != 0 {
      total = try total + constraint.distances(image) * constraintWeight
    }
    return total
  }

  /// One step for a batch.
  ///
  /// - Parameters:
  ///   - x: x_t `[N, C, H, W]`.
  ///   - t: its time, scalar tensor.
  ///   - cleanWeight: c₀, scalar tensor.
  ///   - noisyWeight: c₁, scalar tensor.
  ///   - noise: σ' z, shape of `x`.
  public func step(
    _ x: Tensor, time t: Tensor, cleanWeight: Tensor, noisyWeight: Tensor, noise: Tensor,
    measurement: Tensor
  ) throws -> Tensor {
    let times = try t.reshaped(to: [1]).broadcast(to: [x.shape[0]])
    let (scale, level) = try sde.marginal(times)
    let clean = try (x + level.square() * score.score(x, time: times)) / scale
    let slope = try gradient(
      of: misfit(clean, measurement: measurement).sum(), withRespectTo: [x])[0]
    return try clean * cleanWeight + x * noisyWeight + noise - limited(slope * guidanceScale)
  }

  /// Keeps each image's guidance step within the limit.
  private func limited(_ guidance: Tensor) throws(EngineError) -> Tensor {
    guard let guidanceLimit else { return guidance }
    let size = try guidance.square().mean([1, 2, 3], keepDims: true).sqrt()
    let shortened = try guidance * (guidanceLimit / size.maximum(guidanceLimit))
    // Only finite numbers have a difference of 0 from themselves.
    let isFinite = try (size - size).isEqual(to: 0)
    return try .select(isFinite, shortened, .zeros(guidance.shape, dtype: guidance.dtype))
  }

  /// Posterior samples, all of them in one batch.
  ///
  /// - Parameters:
  ///   - measurement: y `[N, …]`.
  ///   - samplesEach: samples of each measurement.
  ///   - first: number of the first sample, which keys its random numbers.
  ///   - imageShape: `[C, H, W]`.
  ///   - onStep: told the number of steps done.
  /// - Returns: `[N · samplesEach, C, H, W]`, those of one measurement after another, mapped back by the
  ///   mirror map.
  public func sample(
    measurement: Tensor, samplesEach: Int = 1, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let measurement = try measurement.repeatedRows(samplesEach)
    let count = measurement.shape[0]
    let streams = SampleStreams(seed: seed, first: first, count: count)
    let state = Tensor.placeholder("x", shape: Shape([count] + imageShape))
    let schedule = Tensor.placeholder("schedule", shape: [4])
    let keys = Tensor.placeholder("keys", shape: [count, 4], dtype: .int32)
    let noise = try Tensor.normal(keys: keys, shape: state.shape) * schedule.element(3)
    let program = try Program(
      inputs: [state, schedule, keys],
      outputs: [
        step(
          state, time: schedule.element(0), cleanWeight: schedule.element(1),
          noisyWeight: schedule.element(2), noise: noise, measurement: measurement)
      ])
    let ancestral = sde.ancestralSteps(count: steps)
    var x = try streams.start(imageShape: imageShape)
    for (index, t) in sde.timeGrid(count: steps).enumerated() {
      let step = ancestral[steps - 1 - index]
      let numbers = [t, step.cleanWeight, step.noisyWeight, step.noiseLevel].map { Float($0) }
      x = try program.run([x, Tensor(numbers, shape: [4]), streams.keys(step: index + 1)])[0]
      try onStep(index + 1)
    }
    return try mirrorMap.inverse(x)
  }
}

extension Tensor {
  /// Every entry of the first axis `count` times: a, a, b, b, …
  func repeatedRows(_ count: Int) throws(EngineError) -> Tensor {
    guard rank > 0, count >= 1 else {
      throw .invalidArgument(
        op: "repeatedRows", argument: "count", expected: "1 or more, of [N, …]",
        got: "\(count), of \(shape)")
    }
    let rest = Array(shape.dimensions.dropFirst())
    return try expanded(axis: 1).broadcast(to: Shape([shape[0], count] + rest))
      .reshaped(to: [shape[0] * count] + rest)
  }
}
