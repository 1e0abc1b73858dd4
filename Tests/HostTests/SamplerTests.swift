import Engine
import Foundation
import LuaBridge
import Testing

@testable import Host

/// Samplers and solvers where the answer is known.
@Suite struct SamplerTests {
  private let sde = VPSDE()

  @Test func eulerMaruyamaReproducesAGaussian() throws {
    let score = GaussianScore(mean: 0.7, deviation: 0.2, sde: sde)
    let samples = try EulerMaruyama(score: score, sde: sde, steps: 400)
      .sample(count: 64, imageShape: [1, 8, 8], seed: 1)
    let values = try samples.doubles()
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    // 4,096 numbers: the mean's standard error is 0.003; the step size leaves 2 % of the deviation.
    #expect(abs(mean - 0.7) < 0.015)
    #expect(abs(variance.squareRoot() - 0.2) < 0.012)
  }

  /// Langevin steps keep the distribution and undo what the predictor's steps leave: also when these are few.
  @Test func predictorAndCorrectorReproduceAGaussian() throws {
    let score = GaussianScore(mean: 0.7, deviation: 0.2, sde: sde)
    let samples = try PredictorCorrector(score: score, sde: sde, steps: 200)
      .sample(count: 32, imageShape: [1, 16, 16], seed: 1)
    let summary = Summary(try samples.doubles())
    // 8,192 numbers: the mean's standard error is 0.002.
    #expect(abs(summary.mean - 0.7) < 0.015, "\(summary.mean)")
    #expect(abs(summary.standardDeviation - 0.2) < 0.02, "\(summary.standardDeviation)")
  }

  private struct Shifted: MirrorMap {
    func forward(_ x: Tensor) throws -> Tensor { try x - 1 }
    func inverse(_ y: Tensor) throws -> Tensor { try y + 1 }
  }

  private func solver(map: any MirrorMap, mean: Double, scale: Double = 0.05)
    -> DiffusionPosteriorSampling
  {
    DiffusionPosteriorSampling(
      score: GaussianScore(mean: mean, deviation: 0.3, sde: sde), sde: sde,
      forwardOperator: FirstColumns(count: 2),
      measurementNoise: 0.1, guidanceScale: scale, mirrorMap: map, steps: 200)
  }

  /// Diffusion posterior sampling of N(mean, 0.3²) written out pixel by pixel, without a mirror map.
  private func handwritten(
    mean: Double, scale: Double, measurement: Double, count: Int, seed: UInt64
  ) throws -> [Double] {
    let (steps, pixels, observed) = (200, 16, [0, 1, 4, 5, 8, 9, 12, 13])
    let streams = SampleStreams(seed: seed, first: 0, count: count)
    let ancestral = sde.ancestralSteps(count: steps)
    var x = try streams.start(imageShape: [1, 4, 4]).doubles()
    for (index, t) in sde.timeGrid(count: steps).enumerated() {
      let step = ancestral[steps - 1 - index]
      let z = try Tensor.normal(keys: streams.keys(step: index + 1), shape: [count, pixels])
        .doubles()
      let (alpha, sigma) = (sde.signalScale(t), sde.noiseLevel(t))
      let variance = alpha * alpha * 0.09 + sigma * sigma
      for first in stride(from: 0, to: x.count, by: pixels) {
        let clean = (0..<pixels).map {
          (x[first + $0] - sigma * sigma * (x[first + $0] - alpha * mean) / variance) / alpha
        }
        // J = ‖y - A x̂₀‖ / 0.1, and x̂₀ rises by α 0.3² / variance with x.
        let misfit = observed.reduce(0) { $0 + pow(measurement - clean[$1], 2) }.squareRoot()
        for pixel in 0..<pixels {
          let slope =
            observed.contains(pixel) && misfit > 0
            ? (clean[pixel] - measurement) / (0.1 * misfit) * alpha * 0.09 / variance : 0
          x[first + pixel] =
            step.cleanWeight * clean[pixel] + step.noisyWeight * x[first + pixel]
            + step.noiseLevel * z[first + pixel] - scale * slope
        }
      }
    }
    return x
  }

  @Test func samplingWithoutAMapOrThroughAShiftIsPlainSampling() throws {
    let y = Tensor.full(0.9, shape: [3, 1, 4, 2])
    let expected = try handwritten(mean: 0.5, scale: 0.05, measurement: 0.9, count: 3, seed: 2)
    let plain = try solver(map: IdentityMirrorMap(), mean: 0.5).sample(
      measurement: y, imageShape: [1, 4, 4], seed: 2)
    #expect(try worstDifference(plain.doubles(), expected) < 1e-3)
    let mirrored = try solver(map: Shifted(), mean: -0.5).sample(
      measurement: y, imageShape: [1, 4, 4], seed: 2)
    // The shift of the data is α(1) = 0.007 in the starting noise, which both runs share.
    #expect(try worstDifference(mirrored.doubles(), expected) < 5e-3)
    // The measurement is what moves it.
    let free = try handwritten(mean: 0.5, scale: 0, measurement: 0.9, count: 3, seed: 2)
    #expect(worstDifference(free, expected) > 0.1)
  }

  @Test func observedColumnsFollowTheMeasurementAndOthersThePrior() throws {
    let y = Tensor.full(1.2, shape: [16, 1, 4, 2])
    let x = try solver(map: IdentityMirrorMap(), mean: 0.5).sample(
      measurement: y, imageShape: [1, 4, 4], seed: 5)
    func mean(_ from: Int, _ to: Int) throws -> Double {
      try x.sliced(axis: 3, from: from, to: to).mean().item()
    }
    #expect(try abs(mean(0, 2) - 1.2) < 0.1)
    #expect(try abs(mean(2, 4) - 0.5) < 0.12)
  }

  @Test func manySamplesOfAMeasurementAreThoseOfItsRepetition() throws {
    let y = Tensor([0.2, 0.9] as [Float], shape: [2, 1, 1, 1])
    let wide = try y.broadcast(to: [2, 1, 4, 2])
    let solver = solver(map: IdentityMirrorMap(), mean: 0.5)
    let each = try solver.sample(
      measurement: wide, samplesEach: 3, first: 6, imageShape: [1, 4, 4], seed: 2)
    #expect(each.shape == [6, 1, 4, 4])
    let second = try solver.sample(
      measurement: wide.sliced(axis: 0, from: 1, to: 2), first: 10, imageShape: [1, 4, 4], seed: 2)
    let (all, one) = (try each.doubles(), try second.doubles())
    for (a, b) in zip(all[64..<80], one) { #expect(abs(a - b) < 1e-5) }
    // Samples of one measurement differ.
    #expect(all[0..<16] != all[16..<32])
    #expect(throws: EngineError.self) {
      try solver.sample(measurement: wide, samplesEach: 0, imageShape: [1, 4, 4], seed: 2)
    }
  }

  /// J of two measurements is the root of the sum of their squares, by hand.
  @Test func measurementsTakenTogetherAddTheirSquares() throws {
    let x = try Tensor.normal(keys: RandomKey(seed: 4).tensor, shape: [3, 1, 4, 4])
    let parts: [(forwardOperator: any ForwardOperator, noise: Double)] = [
      (FirstColumns(count: 1), 0.1), (FirstColumns(count: 3), 0.5),
    ]
    let joint = try JointMeasurement(parts)
    let ys = [Tensor.full(0.3, shape: [3, 1, 4, 1]), Tensor.full(-0.2, shape: [3, 1, 4, 3])]
    func solver(_ forwardOperator: any ForwardOperator, _ noise: Double)
      -> DiffusionPosteriorSampling
    {
      DiffusionPosteriorSampling(
        score: GaussianScore(mean: 0, deviation: 1, sde: sde), sde: sde,
        forwardOperator: forwardOperator, measurementNoise: noise, guidanceScale: 0.1)
    }
    let together = try solver(joint, 1).misfit(x, measurement: joint.joined(ys)).doubles()
    let alone = try zip(parts, ys).map { part, y in
      try solver(part.forwardOperator, part.noise).misfit(x, measurement: y).doubles()
    }
    for row in 0..<3 {
      let expected = (alone[0][row] * alone[0][row] + alone[1][row] * alone[1][row]).squareRoot()
      #expect(abs(together[row] - expected) < 1e-4 * expected)
    }
    #expect(throws: EngineError.self) { try JointMeasurement([]) }
    #expect(throws: EngineError.self) { try JointMeasurement([(FirstColumns(), 0)]) }
    #expect(throws: EngineError.self) { try joint.joined([ys[0]]) }
  }

  @Test func imagesOfABatchAreSolvedIndependently() throws {
    let y = try Tensor.normal(keys: RandomKey(seed: 3).tensor, shape: [3, 1, 4, 2])
    let all = try solver(map: IdentityMirrorMap(), mean: 0).sample(
      measurement: y, imageShape: [1, 4, 4], seed: 5)
    let first = try solver(map: IdentityMirrorMap(), mean: 0).sample(
      measurement: y.sliced(axis: 0, from: 0, to: 1), imageShape: [1, 4, 4], seed: 5)
    for (a, b) in zip(try first.doubles(), try all.doubles()) { #expect(abs(a - b) < 1e-5) }
  }
}

/// Constraints written twice.
@Suite struct ConstraintTwinTests {
  private let home = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  @Test(arguments: ["burgers", "total_brightness"])
  func swiftAndLuaAgreeInValueAndGradient(_ name: String) throws {
    setenv("MOONGLASS_HOME", home, 1)
    let registry = PluginRegistry.standard(print: { _ in })
    let x = try Tensor.normal(keys: RandomKey(seed: 11).tensor, shape: [4, 1, 16, 12]).cast(
      to: .float64)
    let swift = try registry.constraint(.string("swift:\(name)"))
    let lua = try registry.constraint(.string("lua:\(name)"))
    #expect(swift is Burgers || swift is TotalBrightness)
    #expect(lua is LuaConstraint)
    func compare(_ a: Tensor, _ b: Tensor) throws {
      let (a, b) = (try a.doubles(), try b.doubles())
      let scale = a.map(abs).max() ?? 1
      for (a, b) in zip(a, b) { #expect(abs(a - b) <= 1e-6 * scale) }
    }
    try compare(swift.distances(x), lua.distances(x))
    try compare(
      gradient(of: swift.distances(x).sum(), withRespectTo: [x])[0],
      gradient(of: lua.distances(x).sum(), withRespectTo: [x])[0])
  }
}
