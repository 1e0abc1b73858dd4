import Engine
import Foundation

/// Samples a diffusion model by DPM-Solver++(2M) (Lu et al. 2022, algorithm 2).
///
/// The flow's linear part is solved exactly in λ = log(α/σ), the estimate of x₀ extrapolated linearly from
/// the last two points:
///
///     x ← (σ₂/σ₁) x - α₂ (e^{-h} - 1) D,      h = λ₂ - λ₁
///     D = x̂₀ + (x̂₀ - x̂₀′) h / 2h′,            x̂₀ = (x + σ² s) / α
///
/// Points are evenly spaced in λ, each evaluates the score once, and the last x̂₀ is the result. The only
/// random numbers are those of the start.
public struct DPMSolver: Sampler {
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

  public func sample(
    count: Int, first: Int = 0, imageShape: [Int], seed: UInt64,
    onStep: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    let streams = SampleStreams(seed: seed, first: first, count: count)
    return try denoised(streams.start(imageShape: imageShape), onStep: onStep)
  }

  /// Carries states of time 1 to ``VPSDE/earliestTime`` and gives their estimate of x₀.
  ///
  /// - Parameters:
  ///   - x: Float32 `[N, C, H, W]`.
  ///   - onStep: told the number of steps done, 1 to ``steps``.
  /// - Returns: the shape of `x`.
  public func denoised(_ x: Tensor, onStep: (Int) throws -> Void = { _ in }) throws -> Tensor {
    let state = Tensor.placeholder("x", shape: x.shape)
    let before = Tensor.placeholder("estimate before", shape: x.shape)
    let schedule = Tensor.placeholder("schedule", shape: [6])
    func number(_ index: Int) throws(EngineError) -> Tensor { try schedule.element(index) }
    let slope = try score.score(state, at: number(0))
    let clean = try state * number(1) + slope * number(2)
    let ahead = try clean + (clean - before) * number(3)
    let next = try state * number(4) + ahead * number(5)
    let program = try Program(inputs: [state, before, schedule], outputs: [clean, next])

    let points = points
    var x = x
    var estimate = Tensor.zeros(x.shape)
    for (index, point) in points.enumerated() {
      let (alpha, sigma) = (sde.signalScale(point.time), sde.noiseLevel(point.time))
      var numbers = [point.time, 1 / alpha, sigma * sigma / alpha, 0, 0, 0]
      if index + 1 < points.count {
        let target = points[index + 1]
        let h = target.lambda - point.lambda
        // The first step has nothing to extrapolate from; it is of first order.
        if index > 0 { numbers[3] = h / (2 * (point.lambda - points[index - 1].lambda)) }
        numbers[4] = sde.noiseLevel(target.time) / sigma
        numbers[5] = -sde.signalScale(target.time) * expm1(-h)
      }
      let results = try program.run([x, estimate, Tensor(numbers.map { Float($0) }, shape: [6])])
      (estimate, x) = (results[0], results[1])
      try onStep(index + 1)
    }
    return estimate
  }

  private var points: [(time: Double, lambda: Double)] {
    let (low, high) = (sde.halfLogSignalToNoise(1), sde.halfLogSignalToNoise(sde.earliestTime))
    return (0..<steps).map { index in
      let lambda = low + (high - low) * Double(index) / Double(steps - 1)
      return (sde.time(halfLogSignalToNoise: lambda), lambda)
    }
  }
}
