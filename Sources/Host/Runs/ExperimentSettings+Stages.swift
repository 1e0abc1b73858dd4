import Engine
import Foundation

// What a recipe says of the stages before and after training a mirror map and its diffusion model.

extension ExperimentSettings {
  /// The network of the constraint `count`, which is trained before anything else unless its file is there.
  public struct Counter: Sendable {
    /// The file, as the constraint names it.
    public var weights: String
    public var settings: CounterTraining.Settings

    init(_ input: SettingsReader, seed: UInt64) throws {
      var reader = input
      settings = CounterTraining.Settings()
      settings.seed = seed
      weights = try reader.text(
        "weights", default: "counter.safetensors", values: "a path",
        "the network's file, as the constraint `count` names it; trained only where it is missing")
      settings.size = try reader.integer(
        "size", default: settings.size, in: GalaxiesDataset.sizes,
        "rows and columns of an image, a multiple of 4")
      guard settings.size % 4 == 0 else {
        throw RunError.recipe(
          field: reader.field("size"), expected: "a multiple of 4", got: "\(settings.size)")
      }
      let counts = GalaxiesDataset.counts
      settings.fewest = try reader.integer(
        "fewest", default: settings.fewest, in: counts, "the smallest number of objects")
      settings.most = try reader.integer(
        "most", default: max(settings.most, settings.fewest),
        in: settings.fewest...counts.upperBound, "the largest number of objects")
      settings.steps = try reader.integer(
        "steps", default: settings.steps, in: 1...100_000_000, "training steps")
      settings.batchSize = try reader.integer(
        "batch", default: settings.batchSize, in: 1...65536, "images in a step")
      settings.learningRate = try reader.number(
        "learning_rate", default: settings.learningRate, in: 0...1, "rate of Adam")
      try reader.finish()
    }

    /// Trains the network, or goes on doing so.
    ///
    /// - Throws: what ``CounterTraining`` does.
    func makeIfMissing(progress: any ProgressReporter) throws {
      guard !FileManager.default.fileExists(atPath: weights) else { return }
      try CounterTraining(settings).write(to: weights, progress: progress)
    }
  }

  /// How samples are drawn.
  public struct Sampling: Sendable {
    public var count: Int
    public var method: SamplingMethod
    public var steps: Int

    init(_ input: SettingsReader) throws {
      var reader = input
      count = try reader.integer(
        "count", default: 64, in: 2...1_000_000, "samples of each model")
      (method, steps) = try Self.method(&reader)
      try reader.finish()
    }

    static func method(_ reader: inout SettingsReader) throws -> (SamplingMethod, Int) {
      let method: SamplingMethod = try reader.choice(
        "solver", default: .eulerMaruyama, "how they are drawn: see docs/method.md")
      return (
        method,
        try reader.integer(
          "steps", default: method.defaultSteps, in: 2...100_000,
          "steps of the sampler; \(method.otherDefaults)")
      )
    }
  }

  /// How the inverse map is trained further on samples of the mirror diffusion model (Feng et al. 2025,
  /// section 3.4).
  public struct Finetuning: Sendable {
    public var steps: Int
    /// Samples to train on; the paper's number is 12,800.
    public var sampleCount: Int
    /// How they are drawn.
    public var method: SamplingMethod
    public var sampleSteps: Int
    public var settings: NAMMSettings

    init(_ input: SettingsReader, like namm: NAMMSettings, _ preset: ScaledPreset?) throws {
      var reader = input
      settings = namm
      sampleCount = try reader.integer(
        "samples", default: 12_800, in: 2...10_000_000, "samples of `mdm` to learn from")
      method = try reader.choice(
        "solver", default: .stochasticDPMSolver, "how they are drawn: see docs/method.md")
      sampleSteps = try reader.integer(
        "sample_steps", default: method.defaultSteps, in: 2...100_000,
        "steps of the sampler; \(method.otherDefaults)")
      settings.optimizer.learningRate = try reader.number(
        "learning_rate", default: namm.optimizer.learningRate, in: 0...1, "rate of Adam")
      settings.loss.constraintWeight = try reader.number(
        "constraint_weight", default: namm.loss.constraintWeight, in: 0...1e6,
        "λ: weight of the constraint distance")
      settings.maximumInverseNoise = try reader.number(
        "inverse_noise", default: namm.maximumInverseNoise, in: 0...100,
        "σ_max of the noise on mirror images")
      settings.hasFixedInverseNoise = try reader.bool(
        "fixed_inverse_noise", default: namm.hasFixedInverseNoise,
        "always σ_max, instead of a level drawn between 0 and it")
      settings.batchSize = try reader.integer(
        "batch", default: namm.batchSize, in: 1...65536, "images in a step")
      let epochs = preset?.steps(\.finetune, batch: settings.batchSize)
      steps = try reader.integer(
        "steps", default: epochs ?? 1000, in: 1...100_000_000, "training steps")
      guard settings.batchSize <= sampleCount else {
        throw RunError.recipe(
          field: reader.field("samples"), expected: "\(settings.batchSize) or more, a batch",
          got: "\(sampleCount)")
      }
      try reader.finish()
    }
  }

  /// Images kept back from training, to see when it no longer helps.
  public struct Validating: Sendable {
    /// How many of the training images.
    public var count: Int
    /// Training steps between two looks.
    public var interval: Int
    /// Looks in a row without a new lowest loss that end training; `nil` where the recipe asks for none.
    public var patience: Int?

    init(_ input: SettingsReader) throws {
      var reader = input
      count = try reader.integer(
        "count", default: 64, in: 1...1_000_000, "how many of the training images are kept back")
      interval = try reader.integer(
        "every", default: 100, in: 1...10_000_000, "training steps between two looks at their loss")
      let patience = try reader.integer(
        "patience", default: 0, in: 0...1_000_000,
        "looks in a row without a new lowest loss that end training; 0: none do")
      self.patience = patience > 0 ? patience : nil
      try reader.finish()
    }
  }

  /// Variational autoencoders beside the diffusion models: one in mirror space, one plain.
  public struct Autoencoder: Sendable {
    public var settings: VAESettings
    public var steps: Int

    init(_ input: SettingsReader) throws {
      var reader = input
      var network = VAENetwork.Configuration()
      network.features = try reader.integer(
        "width", default: 32, in: 1...1024, "channels of the first level")
      network.levels = try reader.integer(
        "levels", default: 3, in: 1...8, "how often rows and columns are halved")
      network.latent = try reader.integer(
        "latent", default: 64, in: 1...65536, "numbers an image becomes")
      settings = VAESettings(
        network: network,
        divergenceWeight: try reader.number(
          "kl_weight", default: 0.01, in: 0...1e6, "weight of the divergence from the prior"))
      settings.batchSize = try reader.integer(
        "batch", default: 32, in: 1...65536, "images in a step")
      settings.optimizer.learningRate = try reader.number(
        "learning_rate", default: 1e-3, in: 0...1, "rate of Adam")
      settings.optimizer.averageDecay = try reader.number(
        "average_decay", default: 0.999, in: 0...0.999999,
        "decay of the running average of the parameters")
      settings.optimizer.clipNorm = try reader.number(
        "clip", default: 100, in: 1e-9...1e9, "largest norm of a gradient")
      steps = try reader.integer("steps", default: 1000, in: 1...100_000_000, "training steps")
      try reader.finish()
    }
  }

  /// The inverse problem and its three solvers. Defaults of the scales are the paper's (appendix C).
  public struct Solving: Sendable {
    /// Truths to recover, taken from the test images; all rows where a measurement is given.
    public var count: Int
    /// Posterior samples of each measurement.
    public var samplesEach: Int
    public var steps: Int
    /// A `.npy` file with measurements to solve instead of simulated ones, relative to the recipe.
    public var measurement: String?
    /// σ_y of the measurements.
    public var measurementNoise: Double
    /// ζ of DPS.
    public var plainScale: Double
    /// ζ of CG-DPS.
    public var guidedScale: Double
    /// w of CG-DPS.
    public var constraintWeight: Double
    /// ζ of mirror DPS.
    public var mirrorScale: Double
    /// Largest root mean square of a guidance step, for all three.
    public var guidanceLimit: Double

    init(_ input: SettingsReader) throws {
      var reader = input
      count = try reader.integer(
        "count", default: 4, in: 1...100_000,
        "test images to measure and recover; of a `measurement` all are solved")
      samplesEach = try reader.integer(
        "samples_per_measurement", default: 1, in: 1...100_000,
        "posterior samples of each measurement")
      steps = try reader.integer(
        "steps", default: 1000, in: 2...100_000, "steps of the reverse SDE")
      measurement = try reader.optionalText(
        "measurement", default: "simulated ones", values: "a `.npy` file beside the recipe",
        "measurements of your own: `[N, …]` of what the operator gives, or one without the N")
      measurementNoise = try reader.number(
        "measurement_noise", default: 0.1, in: 1e-9...1e9,
        "σ_y: standard deviation of the noise, in units of the measurement; not with an operator that "
          + "states its own")
      plainScale = try reader.number(
        "dps_scale", default: 0.1, in: 0...1e6, "ζ of DPS: length of a guidance step")
      guidedScale = try reader.number(
        "cg_dps_scale", default: 0.1, in: 0...1e6, "ζ of CG-DPS")
      constraintWeight = try reader.number(
        "cg_dps_weight", default: 1, in: 0...1e9,
        "w of CG-DPS: weight of the constraint distance beside the measurement's misfit")
      mirrorScale = try reader.number(
        "mirror_dps_scale", default: 0.1, in: 0...1e6, "ζ of mirror DPS")
      guidanceLimit = try reader.number(
        "guidance_limit", default: 0.1, in: 1e-9...1e9,
        "largest root mean square of a guidance step, of all three")
      try reader.finish()
    }
  }
}
