import Engine
import Foundation
import Host
import TestSupport
import Testing

/// h(x, t) = a x + b sin(999 t / 100) + c x shifted by one column: what the reference runs use.
struct ToyNoiseNetwork: NoiseNetwork {
  let parameters = ["a", "b", "c"].map { ParameterSpec($0, [1], .constant(0)) }

  func callAsFunction(_ x: Tensor, time t: Tensor, _ context: LayerContext) throws(EngineError)
    -> Tensor
  {
    let weights = context.parameters
    let wave = try (t * 9.99).sin().reshaped(to: [t.shape[0], 1, 1, 1])
    return try x * weights["a"] + wave * weights["b"] + x.rolled(by: 1, axis: 3) * weights["c"]
  }

  static func parameters(_ golden: Golden, _ prefix: String) throws -> Parameters {
    Parameters(
      names: ["a", "b", "c"], tensors: try ["a", "b", "c"].map { try golden[prefix + $0] })
  }
}

extension VPSDE {
  init(_ golden: Golden) throws {
    self.init(
      betaMin: try golden.setting("beta_min"), betaMax: try golden.setting("beta_max"),
      stepCount: Int(try golden.setting("N")), earliestTime: try golden.setting("eps"))
  }
}

/// The diffusion, its loss, its sampler and its optimiser against the authors' implementation.
@Suite struct GoldenDiffusionTests {
  @Test(arguments: Golden.names("sde")) func marginals(_ name: String) throws {
    let golden = try Golden.open(name)
    let sde = try VPSDE(golden)
    let t = try golden["marginal/t"]
    let (scale, level) = try sde.marginal(t)
    #expect(try relativeError(scale.reshaped(to: [-1]), golden["marginal/mean_coef"]) < 1e-5)
    #expect(try relativeError(level.reshaped(to: [-1]), golden["marginal/std"]) < 1e-5)
    let times = try t.doubles()
    func same(_ values: [Double], _ key: String) throws -> Bool {
      try relativeError(Tensor(values, shape: [values.count]), golden[key]) < 1e-5
    }
    #expect(try same(times.map { -0.5 * sde.beta($0) }, "marginal/drift_coef"))
    #expect(try same(times.map { sde.beta($0).squareRoot() }, "marginal/diffusion"))
    #expect(try same(times.map(sde.signalScale), "marginal/mean_coef"))
  }

  @Test(arguments: Golden.names("sde")) func denoisingScoreMatching(_ name: String) throws {
    let golden = try Golden.open(name)
    let sde = try VPSDE(golden)
    let weights = try ToyNoiseNetwork.parameters(golden, "dsm/net/")
    let loss = try denoisingScoreMatchingLoss(
      golden.image("dsm/data"), time: golden["dsm/t"], z: golden.image("dsm/z"), sde: sde
    ) { (noisy, t) throws(EngineError) in
      try ToyNoiseNetwork()(noisy, time: t, LayerContext(weights))
    }
    #expect(try relativeError(loss.reshaped(to: [1]), golden["dsm/loss"]) < 1e-5)
    let slopes = try gradient(of: loss, withRespectTo: weights.tensors)
    for (name, slope) in zip(weights.names, slopes) {
      #expect(try relativeError(slope, golden["dsm/grad/\(name)"]) < 1e-5, "\(name)")
    }
  }

  @Test(arguments: Golden.names("sde")) func scoreMatchingVariants(_ name: String) throws {
    let golden = try Golden.open(name)
    let sde = try VPSDE(golden)
    let context = LayerContext(try ToyNoiseNetwork.parameters(golden, "dsm/net/"))
    let (x, t, z) = (
      try golden.image("dsm/data"), try golden["dsm/t"], try golden.image("dsm/z")
    )
    var checked = 0
    for (time, likelihood) in [(ScoreMatchingWeights.Time.uniform, 0), (.likelihood, 1)] {
      for (pixels, mean) in [(ScoreMatchingWeights.Pixels.halfSum, 0), (.mean, 1)] {
        let key = "dsm/loss_lw\(likelihood)_rm\(mean)"
        guard let expected = golden.tensors[key] else { continue }
        let loss = try denoisingScoreMatchingLoss(
          x, time: t, z: z, sde: sde, weights: ScoreMatchingWeights(time: time, pixels: pixels)
        ) { (noisy, t) throws(EngineError) in
          try ToyNoiseNetwork()(noisy, time: t, context)
        }
        #expect(try relativeError(loss.reshaped(to: [1]), expected) < 1e-5, "\(key)")
        checked += 1
      }
    }
    #expect(checked > 0)
    let (scale, level) = try sde.marginal(t)
    #expect(try relativeError(scale * x + level * z, golden.image("dsm/x_t")) < 1e-5)
    let output = try ToyNoiseNetwork()(golden.image("dsm/x_t"), time: t, context)
    #expect(try relativeError(output, golden.image("dsm/model_output")) < 1e-5)
  }

  @Test(arguments: Golden.names("sde")) func discreteProcess(_ name: String) throws {
    let golden = try Golden.open(name)
    let sde = try VPSDE(golden)
    let betas = sde.discreteBetas
    var product = 1.0
    let cumulative = betas.map { beta in
      product *= 1 - beta
      return product
    }
    for (key, values) in [
      ("betas", betas), ("alphas", betas.map { 1 - $0 }), ("alphas_cumprod", cumulative),
    ] {
      let error = try relativeError(
        Tensor(values, shape: [values.count]), golden["discrete/\(key)"])
      #expect(error < 1e-5, "\(key): \(error)")
    }
    let x = try golden.image("ddpm_discretize/x")
    let steps = try golden["ddpm_discretize/t"].doubles().map(sde.discreteStep)
    let shift = Tensor(steps.map { $0.kept - 1 }, shape: [steps.count, 1, 1, 1])
    let expected = try golden.image("ddpm_discretize/f")
    #expect(try relativeError(x.cast(to: .float64) * shift, expected) < 1e-5)
    let noise = Tensor(steps.map(\.noise), shape: [steps.count])
    #expect(try relativeError(noise, golden["ddpm_discretize/G"]) < 1e-5)
  }

  @Test(arguments: Golden.names("sde")) func samplerSteps(_ name: String) throws {
    let golden = try Golden.open(name)
    let sde = try VPSDE(golden)
    let parameters = try ToyNoiseNetwork.parameters(golden, "dsm/net/")
    let score = NetworkScore(ToyNoiseNetwork(), sde: sde, parameters: parameters)
    let sampler = EulerMaruyama(score: score, sde: sde, steps: sde.stepCount)
    let numbers = golden.numbers(between: "em", and: "/x")
    #expect(!numbers.isEmpty)
    for number in numbers {
      let x = try golden.image("em\(number)/x")
      let t = try golden["em\(number)/t"]
      #expect(
        try relativeError(score.score(x, time: t), golden.image("em\(number)/score")) < 1e-5)
      let time = try t.sliced(axis: 0, from: 0, to: 1).squeezed(axis: 0)
      let (next, mean) = try sampler.step(
        x, time: time, beta: .scalar(sde.beta(time.item())), z: golden.image("em\(number)/z"))
      #expect(try relativeError(mean, golden.image("em\(number)/x_mean")) < 1e-5, "step \(number)")
      #expect(try relativeError(next, golden.image("em\(number)/x_next")) < 1e-5, "step \(number)")
    }
  }

  @Test(arguments: Golden.names("sampler_em")) func wholeSampler(_ name: String) throws {
    let golden = try Golden.open(name)
    let sde = try VPSDE(golden)
    let times = sde.timeGrid(count: sde.stepCount)
    #expect(try relativeError(Tensor(times, shape: [times.count]), golden["timesteps"]) < 1e-5)
    let parameters = try ToyNoiseNetwork.parameters(golden, "net/")
    let sampler = EulerMaruyama(
      score: NetworkScore(ToyNoiseNetwork(), sde: sde, parameters: parameters), sde: sde,
      steps: sde.stepCount)
    var x = try golden.image("prior")
    var mean = x
    for (index, t) in times.enumerated() {
      let z = try golden["z"].sliced(axis: 0, from: index, to: index + 1).squeezed(axis: 0)
      (x, mean) = try sampler.step(
        x, time: .scalar(t), beta: .scalar(sde.beta(t)), z: z.permuted([0, 3, 1, 2]))
      try evaluate([x, mean])
    }
    #expect(try relativeError(mean, golden.image("final_mean")) < 1e-5)
    #expect(try relativeError(x, golden.image("final_noisy")) < 1e-5)
  }

  @Test(arguments: Golden.names("score_optimizer")) func optimiser(_ name: String) throws {
    let golden = try Golden.open(name)
    func parameters(_ prefix: String) throws -> Parameters {
      let group = golden.group("\(prefix)/")
      let names = group.keys.sorted()
      return Parameters(names: names, tensors: names.compactMap { group[$0] })
    }
    var state = TrainingState(try parameters("params0"))
    let given = state.parameters.placeholders(prefix: "gradient ")
    let step = try TrainingStep(
      state,
      settings: OptimizerSettings(
        adam: Adam(
          beta1: try golden.setting("b1"), beta2: try golden.setting("b2"),
          epsilon: try golden.setting("eps")), learningRate: try golden.setting("lr"),
        warmupSteps: Int(try golden.setting("warmup")), clipNorm: try golden.setting("grad_clip"),
        averageDecay: 0.999), inputs: given.tensors
    ) { parameters in
      var total = Tensor.scalar(0)
      for (p, g) in zip(parameters.tensors, given.tensors) { total = try total + (p * g).sum() }
      return (total, [])
    }
    var number = 0
    while golden.tensors.keys.contains(where: { $0.hasPrefix("grad\(number)/") }) {
      #expect(try step(&state, parameters("grad\(number)").tensors).isFinite)
      let expected = try parameters("params\(number + 1)")
      for (a, e) in zip(state.parameters.tensors, expected.tensors) {
        #expect(try relativeError(a, e) < 1e-5, "step \(number)")
      }
      number += 1
    }
    #expect(number > 0)
  }
}
