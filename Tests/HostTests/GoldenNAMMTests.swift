import Engine
import Host
import TestSupport
import Testing

/// The training objective and its optimiser against the authors' implementation.
@Suite struct GoldenNAMMTests {
  /// The networks of a file, and how its two sets of weights become ours.
  struct Model {
    let golden: Golden
    let networks: NAMMNetworks

    init(_ golden: Golden) throws {
      self.golden = golden
      let channels = try golden.image("input").shape[1]
      let activation = try golden.text("bwd_activation")
      networks = NAMMNetworks(
        forward: ICNN(
          channels: channels, filters: Int(try golden.setting("fwd_icnn_n_filters")),
          layers: Int(try golden.setting("fwd_icnn_n_layers")),
          strongConvexity: try golden.setting("fwd_strong_convexity")),
        inverse: ResNetGenerator(
          channels: channels, width: Int(try golden.setting("bwd_ngf")),
          blocks: Int(try golden.setting("n_res_blocks")),
          isResidual: try golden.text("bwd_residual") == "True",
          activation: try #require(ResNetGenerator.Activation(rawValue: activation))))
    }

    /// Weights or gradients stored under two prefixes, as the joint parameters.
    func parameters(_ forward: String, _ inverse: String) throws -> Parameters {
      let parts = [
        try GoldenNames.parameters(
          networks.forward.parameters, from: golden.group(forward), GoldenNames.icnn),
        try GoldenNames.parameters(
          networks.inverse.parameters, from: golden.group(inverse), GoldenNames.generator),
      ]
      return Parameters(
        names: networks.parameters.map(\.name), tensors: parts.flatMap(\.tensors))
    }

    func constraint() throws -> any Constraint {
      switch try golden.text("constraint") {
      case "flux": TotalBrightness(total: try golden.setting("total_flux"))
      case "burgers": Burgers()
      case let other: throw Golden.Missing(description: "no constraint '\(other)'")
      }
    }

    func loss() throws -> NAMMLoss {
      let isSparse = try golden.text("regularization") == "sparse_icnn"
      return NAMMLoss(
        cycleWeight: try golden.setting("cycle_weight"),
        constraintWeight: try golden.setting("constraint_weight"),
        regularizerWeight: try golden.setting("regularization_weight"),
        regularizer: isSparse ? .sparseGradient : .identity)
    }

    func terms(_ parameters: Parameters, sigma: String, z: String) throws -> NAMMLoss.Terms {
      let samples = golden.tensors["mdm_samples"] == nil ? nil : try golden.image("mdm_samples")
      return try loss()(
        golden.image("input"), inverseNoise: golden[sigma], z: golden.image(z),
        map: networks.map(parameters), strongConvexity: networks.forward.strongConvexity,
        constraint: constraint(), mirrorSamples: samples)
    }

    /// Whether the gradient of a joint parameter is exactly 0.
    static func isZero(_ name: String) -> Bool {
      name.hasPrefix("forward.")
        ? name.hasPrefix("forward.linear.") && name.hasSuffix(".bias")
        : GoldenNames.hasZeroGradient(String(name.dropFirst("inverse.".count)))
    }
  }

  @Test(arguments: Golden.names("namm_")) func objective(_ name: String) throws {
    let model = try Model(Golden.open(name))
    let golden = model.golden
    let parameters = try model.parameters("fwd_params/", "bwd_params/")
    let terms = try model.terms(parameters, sigma: "sigma", z: "z")
    for (key, value) in [
      ("total", terms.total), ("cycle", terms.cycle), ("constraint", terms.constraint),
      ("reg", terms.regularizer),
    ] {
      let expected = try golden.number("loss_\(key)")
      #expect(abs(try value.item() - expected) <= 5e-5 * abs(expected), "loss_\(key)")
    }
    for (key, image) in [
      ("x_fwd", terms.forward), ("x_fwdbwd", terms.roundTrip), ("y_bwd", terms.inverse),
      ("y_bwdfwd", terms.mirrorRoundTrip),
    ] {
      #expect(try relativeError(image, golden.image(key)) < 5e-5, "\(key)")
    }
    let sigma = try golden["sigma"].reshaped(to: [-1, 1, 1, 1])
    let y =
      try (golden.tensors["mdm_samples"] == nil ? terms.forward : golden.image("mdm_samples"))
      + sigma * golden.image("z")
    #expect(try relativeError(y, golden.image("y")) < 5e-5)
    let slopes = try gradient(of: terms.total, withRespectTo: parameters.tensors)
    let expected = try model.parameters("grad/fwd/", "grad/bwd/")
    let actual = parameters.replacing(slopes)
    #expect(try wrongGradients(actual, expected, tolerance: 2e-3, isZero: Model.isZero) == [])
  }

  /// Files with a second step hold the weights after each of two.
  static let withSteps = Golden.names("namm_").filter {
    ((try? Golden.open($0)) ?? nil)?.tensors["step2/sigma"] != nil
  }

  @Test(
    .enabled(if: !withSteps.isEmpty, "no file with optimiser steps is at hand"),
    arguments: withSteps)
  func optimiserSteps(_ name: String) throws {
    let model = try Model(Golden.open(name))
    let golden = model.golden
    var state = TrainingState(try model.parameters("fwd_params/", "bwd_params/"))
    let given = state.parameters.placeholders(prefix: "gradient ")
    // A linear loss has the gradient one wants.
    let step = try TrainingStep(
      state,
      settings: OptimizerSettings(
        adam: Adam(
          beta1: try golden.setting("adam_b1"), beta2: try golden.setting("adam_b2"),
          epsilon: try golden.setting("adam_eps")), learningRate: try golden.setting("lr"),
        averageDecay: 0.999),
      nonNegative: Set(model.networks.parameters.filter(\.isNonNegative).map(\.name)),
      inputs: given.tensors
    ) { parameters in
      var total = Tensor.scalar(0)
      for (p, g) in zip(parameters.tensors, given.tensors) { total = try total + (p * g).sum() }
      return (total, [])
    }
    for (number, gradients) in [("step1", "grad"), ("step2", "step2/grad")] {
      let slopes = try model.parameters("\(gradients)/fwd/", "\(gradients)/bwd/")
      #expect(try step(&state, slopes.tensors).isFinite)
      let expected = try model.parameters("\(number)/fwd_params/", "\(number)/bwd_params/")
      // Where the gradient is 0 but for rounding, Adam's steps have any sign.
      for (name, (a, e)) in zip(expected.names, zip(state.parameters.tensors, expected.tensors))
      where !Model.isZero(name) {
        #expect(try largestError(a, e) < 5e-7, "\(number) \(name)")
      }
    }
  }

  @Test(
    .enabled(if: !withSteps.isEmpty, "no file with optimiser steps is at hand"),
    arguments: withSteps)
  func secondStepGradients(_ name: String) throws {
    let model = try Model(Golden.open(name))
    let golden = model.golden
    let parameters = try model.parameters("step1/fwd_params/", "step1/bwd_params/")
    let terms = try model.terms(parameters, sigma: "step2/sigma", z: "step2/z")
    let expectedLoss = try golden.number("step2/loss_total")
    #expect(abs(try terms.total.item() - expectedLoss) <= 5e-5 * abs(expectedLoss))
    let slopes = try gradient(of: terms.total, withRespectTo: parameters.tensors)
    let expected = try model.parameters("step2/grad/fwd/", "step2/grad/bwd/")
    let actual = parameters.replacing(slopes)
    #expect(try wrongGradients(actual, expected, tolerance: 2e-3, isZero: Model.isZero) == [])
  }

  /// What the authors call an average mixes the weights before and after a step; ours is a true running
  /// average. Their numbers are had from ours by that rule, so the decay is the same.
  @Test(
    .enabled(if: !withSteps.isEmpty, "no file with optimiser steps is at hand"),
    arguments: withSteps)
  func theReferenceMixesTwoStepsWhereWeAverage(_ name: String) throws {
    let golden = try Golden.open(name)
    let decay = try golden.setting("ema_rate")
    var before = "fwd_params"
    for step in ["step1", "step2"] {
      let after = "\(step)/fwd_params"
      for (key, stored) in golden.group("\(step)/fwd_params_ema_") {
        let mixed =
          try golden["\(before)/\(key)/kernel"] * decay
          + golden["\(after)/\(key)/kernel"] * (1 - decay)
        #expect(try relativeError(mixed, stored) < 1e-6, "\(step) \(key)")
      }
      before = after
    }
    #expect(try golden.number("step1/loss_total") == golden.number("loss_total"))
  }
}
