import Engine
import Foundation

/// Samples a diffusion model by its probability-flow ODE (Song et al. 2021, eq. 13) and Heun's method.
///
/// In the variables x/α and σ/α the flow of every diffusion is the same (Karras et al. 2022, eq. 4):
///
///     d(x/α) / d(σ/α) = ε(x, t),      ε = -σ s(x, t)
///
/// Steps lie in σ/α as there (eq. 5, ρ = 7), and the last estimate of x₀ is the result. The only random
/// numbers are those of the start, and each step evaluates the score twice.
public struct ProbabilityFlow: Sampler {
  public let score: any ScoreModel
  public let sde: VPSDE
  /// Points in time, the first at 1 and the last at ``VPSDE/earliestTime``.
  public let steps: Int

  /// - Precondition: `steps` is 2 or more.
  public init(score: any ScoreModel, sde: VPSDE, steps: Int = 50) {
    precondition(steps >= 2, "a flow needs two points in time")
    self.score = score
    self.sde = sde
    self.steps = steps
  }

  /// Carries states of time 1 to ``VPSDE/earliestTime``.
  ///
  /// - Parameters:
  ///   - x: Float32 `[N, C, H, W]`.
  ///   - onStep: told the number of steps done, 1 to `steps - 1`.
  /// - Returns: the shape of `x`.
  public func transported(_ x: Tensor, onStep: (Int) throws -> Void = { _ in }) throws -> Tensor {
    let flow = sde.flow(steps: steps)
    let state = Tensor.placeholder("x", shape: x.shape)
    let schedule = Tensor.placeholder("schedule", shape: [FlowStep.scheduleCount])
    let step = try FlowStep.Terms(schedule)
    let first = try score.noise(state, step.start)
    let guess = try state * step.kept + first * step.moved
    let second = try score.noise(guess, step.end)
    let program = try Program(
      inputs: [state, schedule],
      outputs: [state * step.kept + (first + second) * step.moved * 0.5])
    var x = x
    for (index, step) in flow.enumerated() {
      x = try program.run([x, step.schedule])[0]
      try onStep(index + 1)
    }
    return x
  }

  public func sample(
    count: Int, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let streams = SampleStreams(seed: seed, first: first, count: count)
    let x = try transported(streams.start(imageShape: imageShape), onStep: onStep)
    let clean = try score.cleanEstimate(x, sde: sde, time: sde.earliestTime)
    try evaluate([clean])
    try onStep(steps)
    return clean
  }
}

/// A step of the flow between two times: x ← (α₂/α₁) x + α₂ (σ₂/α₂ - σ₁/α₁) ε.
struct FlowStep {
  /// A time with what belongs to it.
  struct Moment {
    let time: Double
    let signalScale: Double
    let noiseLevel: Double
    /// σ/α
    var ratio: Double { noiseLevel / signalScale }
  }

  let start: Moment
  let end: Moment
  var kept: Double { end.signalScale / start.signalScale }
  var moved: Double { end.noiseLevel - start.noiseLevel * kept }

  static let scheduleCount = 6

  /// The numbers of a program's input.
  var schedule: Tensor {
    let numbers = [start.time, start.noiseLevel, end.time, end.noiseLevel, kept, moved]
    return Tensor(numbers.map { Float($0) }, shape: [FlowStep.scheduleCount])
  }

  /// The numbers as a program reads them.
  struct Terms {
    let start: (time: Tensor, noiseLevel: Tensor)
    let end: (time: Tensor, noiseLevel: Tensor)
    let kept: Tensor
    let moved: Tensor

    init(_ schedule: Tensor) throws(EngineError) {
      start = (try schedule.element(0), try schedule.element(1))
      end = (try schedule.element(2), try schedule.element(3))
      (kept, moved) = (try schedule.element(4), try schedule.element(5))
    }
  }
}

extension ScoreModel {
  /// ε = -σ s: the noise the score sees in `x`.
  func noise(_ x: Tensor, _ moment: (time: Tensor, noiseLevel: Tensor)) throws -> Tensor {
    try -(score(x, at: moment.time) * moment.noiseLevel)
  }

  /// The score's estimate of x₀: (x + σ² s) / α.
  func cleanEstimate(_ x: Tensor, sde: VPSDE, time t: Double) throws -> Tensor {
    let level = sde.noiseLevel(t)
    return try (x + score(x, at: .scalar(t)) * (level * level)) * (1 / sde.signalScale(t))
  }
}

extension VPSDE {
  /// λ(t) = log(α / σ): half the logarithm of the signal-to-noise ratio.
  public func halfLogSignalToNoise(_ t: Double) -> Double {
    log(signalScale(t)) - log(noiseLevel(t))
  }

  /// The time at which ``halfLogSignalToNoise(_:)`` has a value.
  public func time(halfLogSignalToNoise value: Double) -> Double {
    // exp(-2λ) = exp(2B) - 1 with B = ∫β/2, which is quadratic in t.
    let exponent = 0.5 * log1p(exp(-2 * value))
    let slope = 0.5 * betaMin
    return 2 * exponent
      / (slope + (slope * slope + (betaMax - betaMin) * exponent).squareRoot())
  }

  func moment(_ t: Double) -> FlowStep.Moment {
    FlowStep.Moment(time: t, signalScale: signalScale(t), noiseLevel: noiseLevel(t))
  }

  /// The flow's steps from time 1 to the earliest, between `steps` points.
  func flow(steps: Int) -> [FlowStep] {
    let rho = 7.0
    let (first, last) = (moment(1), moment(earliestTime))
    let (high, low) = (pow(first.ratio, 1 / rho), pow(last.ratio, 1 / rho))
    let inner = (1..<max(steps - 1, 1)).map { index in
      let ratio = pow(high + (low - high) * Double(index) / Double(steps - 1), rho)
      return moment(time(halfLogSignalToNoise: -log(ratio)))
    }
    let moments = [first] + inner + [last]
    return zip(moments, moments.dropFirst()).map { FlowStep(start: $0, end: $1) }
  }
}
