import Engine
import Foundation

/// Samples a diffusion model by DPM-Solver++(2M) (Lu et al. 2022, algorithm 2), or by its stochastic variant
/// there, SDE-DPM-Solver++(2M).
///
/// What is linear in the flow, or in the reverse SDE, is solved exactly in λ = log(α/σ); the estimate of x₀ is
/// extrapolated linearly from the last two points. From λ₁ to λ₂ = λ₁ + h
///
///     flow:    x ← (σ₂/σ₁) x + α₂ (1 - e^{-h}) D
///     SDE:     x ← (σ₂/σ₁) e^{-h} x + α₂ (1 - e^{-2h}) D + σ₂ √(1 - e^{-2h}) z
///     D = x̂₀ + (x̂₀ - x̂₀′) h / 2h′,            x̂₀ = (x + σ² s) / α
///
/// Points are evenly spaced in λ, each evaluates the score once, and the last x̂₀ is the result. Along the
/// flow the only random numbers are those of the start.
public struct DPMSolver: Sampler {
  public let score: any ScoreModel
  public let sde: VPSDE
  /// Points in time, the first at 1 and the last at ``VPSDE/earliestTime``.
  public let steps: Int
  /// Whether it follows the reverse SDE instead of the flow: fresh noise at every step lets errors of the
  /// score be forgotten.
  public let isStochastic: Bool

  /// - Precondition: `steps` is 2 or more.
  public init(score: any ScoreModel, sde: VPSDE, steps: Int = 50, isStochastic: Bool = false) {
    precondition(steps >= 2, "a flow needs two points in time")
    self.score = score
    self.sde = sde
    self.steps = steps
    self.isStochastic = isStochastic
  }

  public func sample(
    count: Int, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let streams = SampleStreams(seed: seed, first: first, count: count)
    let start = try streams.start(imageShape: imageShape)
    return try denoised(start, noise: isStochastic ? streams : nil, onStep: onStep)
  }

  /// Carries states of time 1 along the flow to ``VPSDE/earliestTime`` and gives their estimate of x₀.
  ///
  /// - Parameters:
  ///   - x: Float32 `[N, C, H, W]`.
  ///   - onStep: told the number of steps done, 1 to ``steps``.
  /// - Returns: the shape of `x`.
  public func denoised(_ x: Tensor, onStep: (Int) throws -> Void = { _ in }) throws -> Tensor {
    try denoised(x, noise: nil, onStep: onStep)
  }

  private func denoised(
    _ x: Tensor, noise streams: SampleStreams?, onStep: (Int) throws -> Void
  ) throws -> Tensor {
    let state = Tensor.placeholder("x", shape: x.shape)
    let before = Tensor.placeholder("estimate before", shape: x.shape)
    let schedule = Tensor.placeholder("schedule", shape: [7])
    let keys = Tensor.placeholder("keys", shape: [x.shape[0], 4], dtype: .int32)
    func number(_ index: Int) throws(EngineError) -> Tensor { try schedule.element(index) }
    let slope = try score.score(state, at: number(0))
    let clean = try state * number(1) + slope * number(2)
    let ahead = try clean + (clean - before) * number(3)
    var next = try state * number(4) + ahead * number(5)
    if streams != nil { next = try next + .normal(keys: keys, shape: x.shape) * number(6) }
    let program = try Program(
      inputs: [state, before, schedule] + (streams == nil ? [] : [keys]), outputs: [clean, next])

    let points = points
    var x = x
    var estimate = Tensor.zeros(x.shape)
    for (index, point) in points.enumerated() {
      let variance = point.noiseLevel * point.noiseLevel
      var numbers = [point.time, 1 / point.signalScale, variance / point.signalScale, 0, 0, 0, 0]
      if index + 1 < points.count {
        let target = points[index + 1]
        // The first step has nothing to extrapolate from; it is of first order.
        if index > 0 {
          numbers[3] =
            (target.lambda - point.lambda) / (2 * (point.lambda - points[index - 1].lambda))
        }
        let step = Step(from: point, to: target, isStochastic: isStochastic)
        (numbers[4], numbers[5], numbers[6]) = (step.kept, step.moved, step.added)
      }
      let results = try program.run(
        [x, estimate, Tensor(numbers.map { Float($0) }, shape: [7])]
          + (streams.map { [$0.keys(step: index + 1)] } ?? []))
      (estimate, x) = (results[0], results[1])
      try onStep(index + 1)
    }
    return estimate
  }

  /// A point of the schedule.
  struct Point {
    let time, lambda, signalScale, noiseLevel: Double
  }

  /// What a step does: x ← kept · x + moved · D + added · z.
  struct Step {
    let kept, moved, added: Double

    init(from start: Point, to end: Point, isStochastic: Bool) {
      let h = end.lambda - start.lambda
      let ratio = end.noiseLevel / start.noiseLevel
      kept = isStochastic ? ratio * exp(-h) : ratio
      moved = -end.signalScale * expm1(isStochastic ? -2 * h : -h)
      added = isStochastic ? end.noiseLevel * (-expm1(-2 * h)).squareRoot() : 0
    }
  }

  var points: [Point] {
    let (low, high) = (sde.halfLogSignalToNoise(1), sde.halfLogSignalToNoise(sde.earliestTime))
    return (0..<steps).map { index in
      let lambda = low + (high - low) * Double(index) / Double(steps - 1)
      let time = sde.time(halfLogSignalToNoise: lambda)
      return Point(
        time: time, lambda: lambda, signalScale: sde.signalScale(time),
        noiseLevel: sde.noiseLevel(time))
    }
  }
}
