import Engine

/// Everything that decides how a diffusion model is trained.
public struct DiffusionSettings: Sendable {
  public var network: ScoreNetwork.Configuration
  public var sde: VPSDE
  public var batchSize: Int
  public var optimizer: OptimizerSettings

  public init(
    network: ScoreNetwork.Configuration, sde: VPSDE = VPSDE(), batchSize: Int = 32,
    optimizer: OptimizerSettings = OptimizerSettings(
      learningRate: 2e-4, warmupSteps: 5000, clipNorm: 1, averageDecay: 0.9999)
  ) {
    self.network = network
    self.sde = sde
    self.batchSize = batchSize
    self.optimizer = optimizer
  }
}

/// Trains a diffusion model by denoising score matching: on data for a plain model (DM), on their mirror
/// images for a mirror diffusion model (MDM).
public struct DiffusionTrainer {
  /// What it is called in logs: `dm` or `mdm`.
  public let name: String
  private let network: ScoreNetwork
  private let settings: DiffusionSettings
  private let step: TrainingStep
  private let batches: Batches
  private let seed: UInt64
  /// The state before training.
  public let initialState: TrainingState

  /// - Parameter images: Float32 `[count, C, H, W]` in the space the model lives in.
  public init(_ name: String, _ settings: DiffusionSettings, images: Tensor, seed: UInt64) throws {
    self.name = name
    self.settings = settings
    self.seed = seed
    let network = ScoreNetwork(settings.network)
    self.network = network
    batches = try Batches(images, size: settings.batchSize, seed: seed)
    initialState = TrainingState(try Parameters(network.parameters, seed: seed))
    let x = Tensor.placeholder(
      "images", shape: Shape([settings.batchSize] + images.shape.dimensions.dropFirst()))
    let key = Tensor.placeholder("key", shape: [1, 4], dtype: .int32)
    let sde = settings.sde
    step = try TrainingStep(initialState, settings: settings.optimizer, inputs: [x, key]) {
      parameters in
      let unit = try Tensor.uniform(keys: key.streams(movedBy: 1), shape: [settings.batchSize])
      let t = try unit * (1 - sde.earliestTime) + sde.earliestTime
      let z = try Tensor.normal(keys: key.streams(movedBy: 2), shape: x.shape)
      let context = LayerContext(parameters, dropoutKey: try key.streams(movedBy: 1000))
      let loss = try denoisingScoreMatchingLoss(x, time: t, z: z, sde: sde) {
        (noisy, t) throws(EngineError) in try network(noisy, time: t, context)
      }
      return (loss, [])
    }
  }

  /// The loss on other images, all of them at once and without dropout.
  ///
  /// - Parameter images: Float32 `[count, C, H, W]`.
  /// - Returns: from parameters to the loss; times and noise are always the same.
  public func validationLoss(_ images: Tensor) throws -> (Parameters) throws -> Double {
    let count = images.shape[0]
    let (sde, network) = (settings.sde, network)
    let parameters = initialState.parameters.placeholders(prefix: "parameter ")
    let key = RandomKey(seed: seed, for: .validation).tensor
    // Times spread evenly: fewer images say as much.
    let times = (0..<count).map { index in
      let part = (Double(index) + 0.5) / Double(count)
      return Float(sde.earliestTime + (1 - sde.earliestTime) * part)
    }
    let loss = try denoisingScoreMatchingLoss(
      images, time: Tensor(times, shape: [count]), z: .normal(keys: key, shape: images.shape),
      sde: sde
    ) { (noisy, t) throws(EngineError) in
      try network(noisy, time: t, LayerContext(parameters))
    }
    let program = try Program(inputs: parameters.tensors, outputs: [loss])
    return { try program.run($0.tensors)[0].item() }
  }

  /// The training of this model as a task for a ``TrainingLoop``.
  public func task(budget: TrainingBudget) -> TrainingTask {
    TrainingTask(name: name, state: initialState, partNames: [], budget: budget, takeStep: takeStep)
  }

  /// Takes the step that the state's count says.
  public func takeStep(_ state: inout TrainingState) throws -> TrainingStep.Report {
    let key = RandomKey(seed: seed, for: .training, step: UInt32(state.step))
    return try step(&state, [batches.batch(step: state.step), key.tensor])
  }

  /// The trained score with given parameters.
  public static func score(_ settings: DiffusionSettings, _ parameters: Parameters)
    -> any ScoreModel
  {
    NetworkScore(ScoreNetwork(settings.network), sde: settings.sde, parameters: parameters)
  }
}
