import Engine
import Host
import TestSupport
import Testing

/// Diffusion posterior sampling against the authors' implementation.
@Suite struct GoldenSolverTests {
  /// The score of N(mean, deviation²) with a mean for each pixel.
  struct GaussianImageScore: ScoreModel {
    let mean: Tensor
    let deviation: Double
    let sde: VPSDE

    func score(_ x: Tensor, time t: Tensor) throws -> Tensor {
      let (scale, level) = try sde.marginal(t)
      let variance = try scale.square() * (deviation * deviation) + level.square()
      return try -((x - scale * mean) / variance)
    }
  }

  /// f(v) = softplus(v) + 0.1 v shifted by one column.
  struct ToyMirrorMap: MirrorMap {
    func forward(_ x: Tensor) throws -> Tensor { x }
    func inverse(_ y: Tensor) throws -> Tensor { try y.softplus() + y.rolled(by: 1, axis: 3) * 0.1 }
  }

  private func solver(_ golden: Golden, mean: String, _ kind: String) throws
    -> DiffusionPosteriorSampling
  {
    let sde = try VPSDE(golden)
    // Written as |sum(x)-5|.
    let digits = try golden.text("constraint").split { !"0123456789.".contains($0) }
    let total = try #require(digits.last.flatMap { Double($0) })
    let isGuided = kind == "guided"
    return DiffusionPosteriorSampling(
      score: GaussianImageScore(
        mean: try golden.image(mean), deviation: try golden.setting("s0"), sde: sde), sde: sde,
      forwardOperator: FirstColumns(count: Int(try golden.setting("mask_columns"))),
      measurementNoise: try golden.setting("sigma"), guidanceScale: try golden.setting("scale"),
      mirrorMap: kind == "mirror" ? ToyMirrorMap() : IdentityMirrorMap(),
      constraint: isGuided ? TotalBrightness(total: total) : nil,
      constraintWeight: isGuided ? try golden.setting("constraint_weight") : 0, steps: sde.stepCount
    )
  }

  /// The measurement, the same for every image of a batch.
  private func measurement(_ golden: Golden, _ key: String, count: Int) throws -> Tensor {
    let y = try golden.image(key)
    return try y.broadcast(to: Shape([count] + y.shape.dimensions.dropFirst()))
  }

  private static let stepFiles = Golden.names("dps").filter { !$0.hasPrefix("dps_full") }

  @Test(.enabled(if: !stepFiles.isEmpty, "no steps are at hand"), arguments: stepFiles)
  func coefficients(_ name: String) throws {
    let golden = try Golden.open(name)
    let steps = try VPSDE(golden).ancestralSteps()
    func check(_ values: [Double], _ key: String) throws {
      let expected = try golden["params/\(key)"]
      #expect(try largestError(Tensor(values, shape: [values.count]), expected) < 5e-4, "\(key)")
    }
    try check(steps.map(\.cleanWeight), "posterior_mean_coef1")
    try check(steps.map(\.noisyWeight), "posterior_mean_coef2")
    let sde = try VPSDE(golden)
    try check(sde.timeGrid(count: sde.stepCount), "timesteps")
    let indices = try golden["params/index"].doubles()
    #expect(indices == (0..<sde.stepCount).map { Double(sde.stepCount - 1 - $0) })
    let variances = try golden["params/model_log_variance"].exp().sqrt()
    let levels = steps.map(\.noiseLevel)
    #expect(try relativeError(Tensor(levels, shape: [levels.count]), variances) < 1e-4)
  }

  @Test(.enabled(if: !stepFiles.isEmpty, "no steps are at hand"), arguments: stepFiles)
  func steps(_ name: String) throws {
    let golden = try Golden.open(name)
    var checked = 0
    for kind in ["dps", "mirror", "guided"] {
      let solver = try solver(golden, mean: "common/mu0", kind)
      let ancestral = solver.sde.ancestralSteps()
      for number in 0..<solver.steps where golden.tensors["\(kind)/step\(number)/x"] != nil {
        let prefix = "\(kind)/step\(number)"
        let x = try golden.image("\(prefix)/x")
        let index = Int(try golden.number("\(prefix)/index"))
        let t = solver.sde.timeGrid(count: solver.steps)[number]
        #expect(abs(try golden["\(prefix)/t"].doubles()[0] - t) < 1e-6)
        #expect(index == solver.steps - 1 - number)
        let weights = ancestral[index]
        let next = try solver.step(
          x, time: .scalar(t), cleanWeight: .scalar(weights.cleanWeight),
          noisyWeight: .scalar(weights.noisyWeight),
          noise: golden.image("\(prefix)/z") * weights.noiseLevel,
          measurement: measurement(golden, "common/y", count: x.shape[0]))
        // Near the end the stored coefficients are off by cancellation in float32.
        let tolerance = index > 9 ? 1e-5 : 5e-4
        let error = try relativeError(next, golden.image("\(prefix)/x_next"))
        #expect(error < tolerance, "\(prefix): \(error)")
        checked += 1
      }
    }
    #expect(checked > 0)
  }

  @Test(.enabled(if: !stepFiles.isEmpty, "no steps are at hand"), arguments: stepFiles)
  func dataFit(_ name: String) throws {
    let golden = try Golden.open(name)
    let x = try golden.image("data_fit/x")
    let y = try measurement(golden, "common/y", count: x.shape[0])
    for (kind, value, slope) in [
      ("dps", "loss", "grad"),
      ("guided", "loss_constraint_guided_per_image", "grad_constraint_guided"),
    ] {
      let misfit = try solver(golden, mean: "common/mu0", kind).misfit(x, measurement: y)
      #expect(try relativeError(misfit, golden["data_fit/\(value)"]) < 1e-5, "\(kind)")
      let gradients = try gradient(of: misfit.sum(), withRespectTo: [x])
      #expect(try relativeError(gradients[0], golden.image("data_fit/\(slope)")) < 1e-5, "\(kind)")
    }
  }

  private static let runFiles = Golden.names("dps_full")

  @Test(.enabled(if: !runFiles.isEmpty, "no whole runs are at hand"), arguments: runFiles)
  func wholeRuns(_ name: String) throws {
    let golden = try Golden.open(name)
    for kind in ["dps", "mirror", "guided"] where golden.tensors["\(kind)/output"] != nil {
      let solver = try solver(golden, mean: "mu0", kind)
      var x = try golden.image("prior")
      let input = Tensor.placeholder("x", shape: x.shape)
      let noise = Tensor.placeholder("noise", shape: x.shape)
      let numbers = (0..<3).map { Tensor.placeholder("\($0)", shape: []) }
      let program = try Program(
        inputs: [input, noise] + numbers,
        outputs: [
          solver.step(
            input, time: numbers[0], cleanWeight: numbers[1], noisyWeight: numbers[2], noise: noise,
            measurement: measurement(golden, "y", count: x.shape[0]))
        ])
      let ancestral = solver.sde.ancestralSteps()
      for (index, t) in solver.sde.timeGrid(count: solver.steps).enumerated() {
        let weights = ancestral[solver.steps - 1 - index]
        let z =
          try golden["z"].sliced(axis: 0, from: index, to: index + 1).squeezed(axis: 0)
          .permuted([0, 3, 1, 2]) * weights.noiseLevel
        x = try program.run([
          x, z, .scalar(t), .scalar(weights.cleanWeight), .scalar(weights.noisyWeight),
        ])[0]
      }
      let error = try relativeError(x, golden.image("\(kind)/output"))
      #expect(error < 2e-3, "\(kind): \(error)")
    }
  }
}
