import Engine
import Foundation
import Host
import LuaBridge
import TestSupport
import Testing

@Suite("Noise models")
struct NoiseTests {
  private let covariance: Tensor = {
    let rows: [Double] = [2, 0.5, 0.1, 0.5, 1, 0.3, 0.1, 0.3, 0.7]
    return Tensor(rows, shape: [3, 3])
  }()

  private func models() throws -> [any NoiseModel] {
    [
      GaussianNoise(deviation: 0.3),
      try GaussianNoise(deviations: Tensor([0.1, 0.2, 0.9] as [Double], shape: [3])),
      LaplaceNoise(scale: 0.4), PoissonNoise(peak: 20, background: 3),
      try CorrelatedNoise(covariance: covariance),
    ]
  }

  @Test("Likelihoods are the textbook's")
  func likelihoods() throws {
    let a = Tensor([1.0, 2, 0.5], shape: [1, 3])
    let y = Tensor([1.2, 1.7, 0.6], shape: [1, 3])
    let r = [0.2, -0.3, 0.1]
    func value(_ model: any NoiseModel) throws -> Double {
      try model.negativeLogLikelihood(y, given: a).item()
    }
    let squares = r.reduce(0) { $0 + $1 * $1 }
    let gaussian = squares / (2 * 0.09) + 3 * log(0.3) + 1.5 * log(2 * Double.pi)
    #expect(try abs(value(GaussianNoise(deviation: 0.3)) - gaussian) < 1e-12)
    let laplace = 0.6 / 0.4 + 3 * log(0.8)
    #expect(try abs(value(LaplaceNoise(scale: 0.4)) - laplace) < 1e-12)
    // Solved by hand: C⁻¹ by cofactors.
    let c = try covariance.doubles()
    let det =
      c[0] * (c[4] * c[8] - c[5] * c[7]) - c[1] * (c[3] * c[8] - c[5] * c[6])
      + c[2] * (c[3] * c[7] - c[4] * c[6])
    let cofactors = [
      c[4] * c[8] - c[5] * c[7], c[2] * c[7] - c[1] * c[8], c[1] * c[5] - c[2] * c[4],
      c[5] * c[6] - c[3] * c[8], c[0] * c[8] - c[2] * c[6], c[2] * c[3] - c[0] * c[5],
      c[3] * c[7] - c[4] * c[6], c[1] * c[6] - c[0] * c[7], c[0] * c[4] - c[1] * c[3],
    ]
    var form = 0.0
    for i in 0..<3 { for j in 0..<3 { form += r[i] * cofactors[3 * i + j] / det * r[j] } }
    let correlated = 0.5 * (form + log(det) + 3 * log(2 * Double.pi))
    #expect(try abs(value(CorrelatedNoise(covariance: covariance)) - correlated) < 1e-7)
    let counts = Tensor([3.0, 0, 7], shape: [1, 3])
    let poisson = PoissonNoise(peak: 1, background: 2)
    var expected = 0.0
    for (count, rate) in [(3.0, 3.0), (0.0, 4.0), (7.0, 2.5)] {
      expected += rate - count * log(rate) + lgamma(count + 1)
    }
    #expect(try abs(poisson.negativeLogLikelihood(counts, given: a).item() - expected) < 1e-10)
  }

  @Test("Samples have the mean and covariance of the model")
  func moments() throws {
    let count = 20_000
    let a = try Tensor([1.0, 2, 0.5], shape: [1, 3]).broadcast(to: [count, 3])
    let expected: [[Double]] = [
      [0.09, 0.09, 0.09], [0.01, 0.04, 0.81], [0.32, 0.32, 0.32],
      [23.0 / 400, 43.0 / 400, 13.0 / 400], [2, 1, 0.7],
    ]
    for (model, variances) in zip(try models(), expected) {
      let y = try model.sample(a, seed: 4, first: 0).doubles()
      for element in 0..<3 {
        let summary = Summary(stride(from: element, to: y.count, by: 3).map { y[$0] })
        let mean = [1.0, 2, 0.5][element] + (model is PoissonNoise ? 3.0 / 20 : 0)
        let deviation = variances[element].squareRoot()
        #expect(
          abs(summary.mean - mean) < 5 * deviation / Double(count).squareRoot(), "\(model.name)")
        #expect(abs(summary.standardDeviation / deviation - 1) < 0.05, "\(model.name)")
      }
    }
    let y = try CorrelatedNoise(covariance: covariance).sample(a, seed: 4, first: 0).doubles()
    var product = 0.0
    for row in 0..<count { product += (y[3 * row] - 1) * (y[3 * row + 1] - 2) }
    #expect(abs(product / Double(count) - 0.5) < 0.06)
  }

  @Test("Large Poisson means are drawn as exactly as small ones")
  func poisson() throws {
    let count = 4000
    for mean in [0.2, 5, 9.99, 10, 40, 1000] {
      let a = Tensor.full(mean, shape: [count, 1], dtype: .float64)
      let summary = try Summary(PoissonNoise(peak: 1).sample(a, seed: 1, first: 0))
      #expect(abs(summary.mean - mean) < 5 * (mean / Double(count)).squareRoot(), "\(mean)")
      #expect(abs(summary.standardDeviation / mean.squareRoot() - 1) < 0.07, "\(mean)")
    }
  }

  @Test("A row has the same noise in any batch, and another at another seed")
  func rows() throws {
    let a = Tensor.full(2, shape: [4, 3], dtype: .float64)
    for model in try models() {
      let all = try model.sample(a, seed: 9, first: 0).doubles()
      let last = try model.sample(a.sliced(axis: 0, from: 3, to: 4), seed: 9, first: 3).doubles()
      #expect(Array(all[9...]) == last, "\(model.name)")
      #expect(try model.sample(a, seed: 10, first: 0).doubles() != all)
    }
  }

  @Test(
    "Gradients of the deviance are those of finite differences; the misfit's is 0 at a perfect fit")
  func gradients() throws {
    let y = Tensor([1.2, 1.7, 0.6, 0.1, 3, 2], shape: [2, 3])
    let a = Tensor([1.0, 2, 0.5, 0.4, 2.5, 1.5], shape: [2, 3])
    for model in try models() {
      let problem = try GradientCheck.problem(
        in: { try model.deviance(y, given: $0[0]) }, at: [a], order: 1)
      #expect(problem == nil, "\(model.name): \(problem ?? "")")
      let fit = try gradient(of: model.misfit(a, given: a).sum(), withRespectTo: [a])[0].doubles()
      #expect(fit.allSatisfy { $0.isFinite }, "\(model.name)")
    }
    let norm = try ((y - a) * (1 / 0.3)).norm([1]).doubles()
    let misfit = try GaussianNoise(deviation: 0.3).misfit(y, given: a).doubles()
    #expect(zip(norm, misfit).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test("Scripts name them, and mistakes are explained")
  func scripts() throws {
    func noise(_ text: String) throws -> (any NoiseModel)? {
      let source =
        "return mg.operator { name = 'o', noise = \(text), forward = function(x) return x end }"
      return try withPluginFiles(["o.lua": source]) {
        try standardRegistry().forwardOperator(named: "\($0)/o.lua").noise
      }
    }
    #expect(try noise("mg.noise.gaussian { sigma = 0.1 }")?.name == "gaussian")
    #expect(try noise("function(p) return mg.noise.poisson { peak = 100 } end")?.name == "poisson")
    #expect(try noise("mg.noise.laplace { scale = 1 }")?.name == "laplace")
    #expect(
      try noise("mg.noise.correlated { covariance = mg.tensor { { 2, 1 }, { 1, 2 } } }")?.name
        == "correlated")
    #expect(try noise("nil") == nil)
    for (text, message) in [
      ("mg.noise.gaussian { sigma = 0 }", "noise.gaussian: 'sigma' must be above 0, got 0"),
      (
        "mg.noise.gaussian { sgima = 1 }",
        "noise.gaussian: unknown field 'sgima'; did you mean 'sigma'?"
      ),
      ("mg.noise.gaussian {}", "noise.gaussian: needs 'sigma'"),
      ("mg.noise.gausian { sigma = 1 }", "mg.noise has no function 'gausian'"),
      ("0.1", "mg.operator: 'noise' must be a noise or a function, got number"),
    ] {
      let error = #expect(throws: LuaError.self) { try noise(text) }
      #expect(error?.text == message)
    }
  }

  /// A score that pulls nowhere: what remains of a step is the pull of the measurement.
  private struct NoScore: ScoreModel {
    func score(_ x: Tensor, time: Tensor) throws -> Tensor { .zeros(x.shape, dtype: x.dtype) }
  }

  @Test("Solvers descend the misfit of the operator's noise")
  func guidance() throws {
    let y = Tensor.full(0.5, shape: [2, 1, 4, 2])
    let x = try Tensor.normal(keys: RandomKey(seed: 3).tensor, shape: [2, 1, 4, 4]).abs() + 0.1
    for noise in [
      GaussianNoise(deviation: 0.3), LaplaceNoise(scale: 0.4),
      PoissonNoise(peak: 20, background: 3),
    ] as [any NoiseModel] {
      let forward = FirstColumns(count: 2)
      let solver = DiffusionPosteriorSampling(
        score: NoScore(), sde: VPSDE(), forwardOperator: forward, noise: noise, guidanceScale: 1)
      let misfit = try solver.misfit(x, measurement: y).doubles()
      let likelihood = try noise.deviance(y, given: forward.measure(x)).doubles()
      #expect(zip(misfit, likelihood).allSatisfy { abs($0 * $0 - $1) < 1e-4 * max($1, 1) })
    }
    let plain = DiffusionPosteriorSampling(
      score: NoScore(), sde: VPSDE(), forwardOperator: FirstColumns(count: 2),
      measurementNoise: 0.3, guidanceScale: 1)
    let norm = try ((y - FirstColumns(count: 2).measure(x)) * (1 / 0.3)).reshaped(to: [2, -1]).norm(
      [1])
    let difference = try (plain.misfit(x, measurement: y) - norm).abs().max().item()
    #expect(difference < 1e-5)
  }
}
