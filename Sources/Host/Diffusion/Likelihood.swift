import Engine
import Foundation

/// The log-density a diffusion model gives to images, by its probability-flow ODE (Song et al. 2021,
/// section 4.3): the flow carries an image to noise, whose density is known, and the divergence along the
/// way says how volumes change.
///
/// The density is that of ``VPSDE/earliestTime``: of data with a little noise. For a mirror diffusion model
/// it is the density in mirror space.
public struct Likelihood: Sendable {
  /// How the divergence of the flow, the trace of a Jacobian J, is had.
  public enum Trace: Sendable {
    /// The mean of vᵀJv over random signs v (Skilling 1989, Hutchinson 1990): unbiased.
    case estimated(probes: Int)
    /// One product for each pixel and channel: for tiny images.
    case exact
  }

  public let score: any ScoreModel
  public let sde: VPSDE
  /// Points in time.
  public let steps: Int
  public let trace: Trace

  /// - Precondition: `steps` is 2 or more.
  public init(
    score: any ScoreModel, sde: VPSDE, steps: Int = 100, trace: Trace = .estimated(probes: 1)
  ) {
    precondition(steps >= 2, "a flow needs two points in time")
    self.score = score
    self.sde = sde
    self.steps = steps
    self.trace = trace
  }

  /// log p of every image, in nats, for all its pixels together.
  ///
  /// - Parameters:
  ///   - images: Float32 `[N, C, H, W]`.
  ///   - first: number of the first image, which keys its random signs.
  public func logDensity(_ images: Tensor, first: Int = 0, seed: UInt64) throws -> [Double] {
    let count = images.shape[0]
    let state = Tensor.placeholder("x", shape: images.shape)
    let schedule = Tensor.placeholder("schedule", shape: [FlowStep.scheduleCount])
    let keys = Tensor.placeholder("keys", shape: [count, 4], dtype: .int32)
    let step = try FlowStep.Terms(schedule)
    let probes = try probes(images.shape, keys: keys)
    let start = try score.noise(state, step.start)
    let guess = try state * step.kept + start * step.moved
    let end = try score.noise(guess, step.end)
    let program = try Program(
      inputs: [state, schedule, keys],
      outputs: [
        state * step.kept + (start + end) * step.moved * 0.5,
        divergence(of: start, at: state, probes), divergence(of: end, at: guess, probes),
      ])

    let streams = SampleStreams(seed: seed, first: first, count: count, purpose: .probing)
    var x = images
    var total = [Double](repeating: 0, count: count)
    // From data to noise: the sampler's steps the other way round.
    for step in sde.flow(steps: steps).reversed() {
      let step = FlowStep(start: step.end, end: step.start)
      let results = try program.run([x, step.schedule, streams.keys(step: 0)])
      x = results[0]
      let width = 0.5 * (step.end.ratio - step.start.ratio)
      for (index, pair) in try zip(results[1].doubles(), results[2].doubles()).enumerated() {
        total[index] +=
          width * (step.start.signalScale * pair.0 + step.end.signalScale * pair.1)
      }
    }
    let pixels = Double(images.count / max(count, 1))
    let volume = pixels * (log(sde.signalScale(1)) - log(sde.signalScale(sde.earliestTime)))
    let squares = try x.cast(to: .float64).square().sum([1, 2, 3]).doubles()
    return zip(total, squares).map { change, square in
      change + volume - 0.5 * (square + pixels * log(2 * Double.pi))
    }
  }

  /// Bits for each pixel and channel: -log₂ p / (C H W). For images in other units than the model's, add
  /// log₂ of the units' ratio.
  public func bitsPerDimension(_ images: Tensor, first: Int = 0, seed: UInt64) throws -> [Double] {
    let pixels = Double(images.count / max(images.shape[0], 1))
    return try logDensity(images, first: first, seed: seed).map { -$0 / (pixels * log(2)) }
  }

  /// The vectors v: `[N, C, H, W]` each.
  private func probes(_ shape: Shape, keys: Tensor) throws(EngineError) -> [Tensor] {
    var result: [Tensor] = []
    switch trace {
    case .estimated(let probes):
      for number in 0..<max(probes, 1) {
        // The stream word is the sample's number: other probes take other words of the step.
        let moved =
          try keys + Tensor([0, 0, 0, Int32(clamping: number)] as [Int32], shape: [1, 4])
        let uniform = try Tensor.uniform(keys: moved, shape: shape)
        result.append(
          try .select(uniform.isLess(than: 0.5), .full(-1, shape: shape), .ones(shape)))
      }
    case .exact:
      let pixels = shape.dimensions.dropFirst().reduce(1, *)
      for pixel in 0..<pixels {
        var unit = [Float](repeating: 0, count: pixels)
        unit[pixel] = 1
        let one = Tensor(unit, shape: Shape([1] + shape.dimensions.dropFirst()))
        result.append(try one.broadcast(to: shape))
      }
    }
    return result
  }

  /// The divergence of a field for every image, `[N]`: Σ or mean of vᵀJv.
  private func divergence(of field: Tensor, at x: Tensor, _ probes: [Tensor]) throws(EngineError)
    -> Tensor
  {
    var sum = Tensor.zeros([x.shape[0]])
    for probe in probes {
      let product = try gradient(of: (field * probe).sum(), withRespectTo: [x])[0]
      sum = try sum + (product * probe).sum([1, 2, 3])
    }
    guard case .estimated = trace else { return sum }
    return try sum * (1 / Double(probes.count))
  }
}
