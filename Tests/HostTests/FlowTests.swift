import Engine
import Foundation
import TestSupport
import Testing

@testable import Host

/// Samplers, solvers and densities on Gaussian data, where the answer is known.
@Suite struct FlowTests {
  private let sde = VPSDE()

  /// Four dimensions, on the plane x₀ + 2x₁ - x₂ = 1.5.
  private var plane: GaussianReference {
    GaussianReference(
      onPlane: [1, 2, -1, 0], offset: 1.5, center: [0.5, 0.2, 0.1, -0.3], deviation: 0.6)
  }

  private func marginal(_ t: Double) -> (alpha: Double, sigma: Double) {
    (sde.signalScale(t), sde.noiseLevel(t))
  }

  private func noise(_ count: Int, seed: UInt64) throws -> Tensor {
    try SampleStreams(seed: seed, first: 0, count: count).start(imageShape: [1, 1, 4])
  }

  private func worst(_ a: [[Double]], _ b: [[Double]]) -> Double {
    zip(a.joined(), b.joined()).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test func theReferenceKnowsItself() {
    let (values, vectors) = symmetricEigen([[2, 1, 0], [1, 3, 0.5], [0, 0.5, 1]])
    let back = GaussianReference(
      mean: [0, 0, 0], covariance: [[2, 1, 0], [1, 3, 0.5], [0, 0.5, 1]])
    #expect(worst(back.covariance, [[2, 1, 0], [1, 3, 0.5], [0, 0.5, 1]]) < 1e-12)
    #expect(abs(values.reduce(0, +) - 6) < 1e-12 && abs(dot(vectors[0], vectors[1])) < 1e-12)
    // All of its data lie on the plane: mean and covariance both say so.
    #expect(abs(dot([1, 2, -1, 0], plane.mean) - 1.5) < 1e-12)
    #expect(plane.covariance.map { abs(dot($0, [1, 2, -1, 0])) }.max() ?? 1 < 1e-12)
    // One number measured: the textbook's formula.
    let line = GaussianReference(mean: [1], covariance: [[4]])
    let known = line.posterior(rows: [[2]], measurement: [3], noise: 1)
    #expect(abs(known.mean[0] - (1 + 4 * 2 * (3 - 2) / 17.0)) < 1e-12)
    #expect(abs(known.covariance[0][0] - 4 / 17.0) < 1e-12)
  }

  @Test func timeAndSignalToNoiseAreInverse() {
    for t in [1e-3, 0.01, 0.2, 0.5, 0.9, 1] {
      #expect(abs(sde.time(halfLogSignalToNoise: sde.halfLogSignalToNoise(t)) - t) < 1e-12)
    }
    let constant = VPSDE(betaMin: 3, betaMax: 3)
    #expect(
      abs(constant.time(halfLogSignalToNoise: constant.halfLogSignalToNoise(0.4)) - 0.4) < 1e-12)
  }

  /// Largest error of the flow's end against the exact map.
  private func heunError(steps: Int) throws -> Double {
    let x = try noise(8, seed: 3)
    let flow = ProbabilityFlow(score: plane.score(sde), sde: sde, steps: steps)
    let exact = try rows(x).map {
      plane.transported($0, from: marginal(1), to: marginal(sde.earliestTime))
    }
    return worst(try rows(flow.transported(x)), exact)
  }

  private func solverError(steps: Int) throws -> Double {
    let x = try noise(8, seed: 3)
    let solver = DPMSolver(score: plane.score(sde), sde: sde, steps: steps)
    let last = marginal(sde.earliestTime)
    let exact = try rows(x).map {
      plane.denoised(
        plane.transported($0, from: marginal(1), to: last), alpha: last.alpha, sigma: last.sigma)
    }
    return worst(try rows(solver.denoised(x)), exact)
  }

  @Test func heunIsOfSecondOrder() throws {
    let (coarse, fine) = (try heunError(steps: 21), try heunError(steps: 81))
    // Steps of a quarter of the length: 16 times for order 2, 4 for order 1, 64 for order 3.
    let ratio = coarse / fine
    #expect(ratio > 10 && ratio < 26, "\(coarse) to \(fine)")
    #expect(fine < 4e-3)
  }

  @Test func dpmSolverIsOfSecondOrder() throws {
    let (coarse, fine) = (try solverError(steps: 26), try solverError(steps: 101))
    let ratio = coarse / fine
    #expect(ratio > 10 && ratio < 26, "\(coarse) to \(fine)")
    #expect(fine < 2e-3)
  }

  /// Every stochastic step carries the marginal at its start into that at its end, whatever its length, where
  /// x̂₀ is known: α x₀ + σ z stays that.
  @Test func stochasticStepsKeepTheMarginals() {
    let solver = DPMSolver(score: plane.score(sde), sde: sde, steps: 5, isStochastic: true)
    for (start, end) in zip(solver.points, solver.points.dropFirst()) {
      let step = DPMSolver.Step(from: start, to: end, isStochastic: true)
      #expect(abs(step.kept * start.signalScale + step.moved - end.signalScale) < 1e-12)
      let variance = pow(step.kept * start.noiseLevel, 2) + pow(step.added, 2)
      #expect(abs(variance - pow(end.noiseLevel, 2)) < 1e-12)
      let flow = DPMSolver.Step(from: start, to: end, isStochastic: false)
      #expect(flow.added == 0 && abs(flow.kept * start.noiseLevel - end.noiseLevel) < 1e-12)
    }
  }

  /// The variance of samples of N(0.4, 0.5²) by few steps is wrong, and comes right as steps get shorter.
  @Test func theStochasticSolverConverges() throws {
    func error(steps: Int) throws -> Double {
      let solver = DPMSolver(
        score: GaussianScore(mean: 0.4, deviation: 0.5, sde: sde), sde: sde, steps: steps,
        isStochastic: true)
      let samples = try solver.sample(count: 64, imageShape: [1, 32, 32], seed: 8)
      let summary = Summary(try samples.doubles())
      return abs(summary.standardDeviation - 0.5) / 0.5 + abs(summary.mean - 0.4)
    }
    // 65,536 independent pixels: the standard errors are 0.003 and 0.002, three of each are 0.015.
    let (coarse, fine) = (try error(steps: 6), try error(steps: 40))
    #expect(coarse > 0.03, "\(coarse)")
    #expect(fine < 0.015, "\(fine)")
  }

  /// Mean and covariance of samples against the data's; the same noise for every sampler.
  private func momentError(_ sampler: any Sampler, _ reference: GaussianReference, count: Int)
    throws
    -> Double
  {
    let samples = try sampler.sample(count: count, imageShape: [1, 1, 4], seed: 6)
    let (mean, covariance) = moments(try rows(samples))
    return max(worst([mean], [reference.mean]), worst(covariance, reference.covariance))
  }

  @Test func fiftyStepsAreAsGoodAsAThousandOfEulerMaruyama() throws {
    let score = plane.score(sde)
    let thousand = EulerMaruyama(score: score, sde: sde, steps: 1000)
    let fifty = DPMSolver(score: score, sde: sde, steps: 50)
    let (slow, fast) = (
      try momentError(thousand, plane, count: 8192), try momentError(fifty, plane, count: 8192)
    )
    // With 8,192 samples of deviation 0.6 the standard error of a mean is 0.007, of a variance 0.006;
    // the sampling error is common to all entries, so the largest of twenty may be three of these.
    #expect(slow < 0.025, "\(slow)")
    #expect(fast < 0.025, "\(fast)")
    #expect(try solverError(steps: 50) < 0.01)
  }

  // Predictor and corrector is for images: its step lengths are ratios of norms, which in four dimensions
  // vary with the state so much that its samples are biased.
  @Test(arguments: [SamplingMethod.eulerMaruyama, .heun, .dpmSolver, .stochasticDPMSolver])
  func samplersReproduceThePlane(_ method: SamplingMethod) throws {
    let sampler = method.sampler(score: plane.score(sde), sde: sde, steps: method.defaultSteps)
    #expect(try momentError(sampler, plane, count: 4096) < 0.04)
    let samples = try sampler.sample(count: 64, imageShape: [1, 1, 4], seed: 1)
    // The plane is met as well as the last noise level, σ = 0.01, allows.
    for x in try rows(samples) { #expect(abs(dot([1, 2, -1, 0], x) - 1.5) < 0.02) }
  }

  @Test(arguments: SamplingMethod.allCases) func aSampleIsTheSameAloneAndInABatch(
    _ method: SamplingMethod
  ) throws {
    let sampler = method.sampler(score: plane.score(sde), sde: sde, steps: 8)
    var done: [Int] = []
    let batch = try sampler.sample(count: 4, first: 3, imageShape: [1, 1, 4], seed: 9) {
      done.append($0)
    }
    #expect(done == Array(1...sampler.steps))
    let alone = try sampler.sample(count: 1, first: 5, imageShape: [1, 1, 4], seed: 9) { _ in }
    // Few steps end far out, and rounding with them.
    let size = try alone.abs().max().item()
    #expect(try worst([rows(batch)[2]], rows(alone)) < 1e-4 * max(size, 1))
    let other = try sampler.sample(count: 1, first: 5, imageShape: [1, 1, 4], seed: 10) { _ in }
    #expect(try worst(rows(other), rows(alone)) > 1e-2)
  }

  /// The score of the exact posterior is the score of Gaussian data: sampling it is sampling the posterior.
  @Test func samplesOfThePosteriorHaveItsMoments() throws {
    let a: [[Double]] = [[1, 0, 0, 0.5], [0, 1, 1, 0]]
    let posterior = plane.posterior(rows: a, measurement: [0.9, 0.4], noise: 0.2)
    let sampler = DPMSolver(score: posterior.score(sde), sde: sde, steps: 50)
    #expect(try momentError(sampler, posterior, count: 4096) < 0.03)
    // It still lies on the plane.
    #expect(abs(dot([1, 2, -1, 0], posterior.mean) - 1.5) < 1e-12)
  }

  private struct Matrix: ForwardOperator {
    let name = "matrix"
    let rows: Tensor
    func measure(_ x: Tensor) throws -> Tensor {
      try x.reshaped(to: [x.shape[0], rows.shape[1]]).matmul(rows.transposed())
    }
  }

  /// DPS replaces p(y | x_t) by p(y | x̂₀), and its step length by ζ: its mean is near the posterior's, its
  /// spread is not. ζ here makes the two means agree to a quarter of the posterior's shift from the prior;
  /// a solver that ignored the measurement would be off by all of it.
  @Test func diffusionPosteriorSamplingIsNearThePosteriorsMean() throws {
    let a: [[Double]] = [[1, 0, 0, 0.5], [0, 1, 1, 0]]
    let y = [1.6, 1.2]
    let posterior = plane.posterior(rows: a, measurement: y, noise: 0.2)
    let solver = DiffusionPosteriorSampling(
      score: plane.score(sde), sde: sde,
      forwardOperator: Matrix(rows: Tensor(a.joined().map { Float($0) }, shape: [2, 4])),
      measurementNoise: 0.2, guidanceScale: 0.02, steps: 400)
    let measurement = Tensor(y.map { Float($0) }, shape: [1, 2])
    let samples = try solver.sample(
      measurement: measurement, samplesEach: 512, imageShape: [1, 1, 4], seed: 4)
    let (mean, _) = moments(try rows(samples))
    let shift = zip(posterior.mean, plane.mean).map { abs($0 - $1) }.max() ?? 0
    let error = zip(posterior.mean, mean).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error < 0.25 * shift, "\(error) of \(shift)")
  }

  @Test func likelihoodIsTheAnalyticDensity() throws {
    let data = GaussianReference(
      mean: [0.3, -0.2, 0.1, 0.6],
      covariance: [[0.5, 0.2, 0, 0], [0.2, 0.4, 0, 0.1], [0, 0, 0.2, 0], [0, 0.1, 0, 0.9]])
    let x = try noise(6, seed: 8)
    let last = marginal(sde.earliestTime)
    let exact = try rows(x).map {
      data.logDensity($0, signalScale: last.alpha, noiseLevel: last.sigma)
    }
    let likelihood = Likelihood(score: data.score(sde), sde: sde, steps: 400, trace: .exact)
    let found = try likelihood.logDensity(x, seed: 1)
    // The density at time 1 is taken to be standard normal; it is N(αm, α²Σ + σ²) with α = 0.007.
    for (a, e) in zip(found, exact) { #expect(abs(a - e) < 0.02, "\(a), not \(e)") }
    let bits = try likelihood.bitsPerDimension(x, seed: 1)
    for (a, e) in zip(bits, found) { #expect(abs(a + e / (4 * log(2))) < 1e-12) }
  }

  @Test func theTraceEstimateIsUnbiasedAndExactWherePixelsAreAlike() throws {
    let isotropic = GaussianScore(mean: 0.2, deviation: 0.5, sde: sde)
    let x = try noise(3, seed: 2)
    // vᵀ(cI)v = c d for any signs v.
    let one = try Likelihood(score: isotropic, sde: sde, steps: 20).logDensity(x, seed: 1)
    let all = try Likelihood(score: isotropic, sde: sde, steps: 20, trace: .exact)
      .logDensity(x, seed: 1)
    for (a, b) in zip(one, all) { #expect(abs(a - b) < 1e-3) }
    // Elsewhere signs matter, and their mean over many is the trace.
    let exact = try Likelihood(score: plane.score(sde), sde: sde, steps: 10, trace: .exact)
      .logDensity(x, seed: 1)[0]
    let repeated = try x.sliced(axis: 0, from: 0, to: 1).broadcast(to: [512, 1, 1, 4])
    let estimates = try Likelihood(score: plane.score(sde), sde: sde, steps: 10)
      .logDensity(repeated, seed: 1)
    let summary = Summary(estimates)
    #expect(summary.standardDeviation > 0.01)
    #expect(abs(summary.mean - exact) < 5 * summary.standardDeviation / 512.0.squareRoot() + 1e-3)
  }
}
