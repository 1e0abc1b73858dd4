import Engine

/// Everything that decides how a variational autoencoder is trained.
public struct VAESettings: Sendable {
  public var network: VAENetwork.Configuration
  /// Weight of the codes' divergence from the standard normal: the variance of the decoder's noise.
  public var divergenceWeight: Double
  public var batchSize: Int
  public var optimizer: OptimizerSettings

  public init(
    network: VAENetwork.Configuration, divergenceWeight: Double = 0.01, batchSize: Int = 32,
    optimizer: OptimizerSettings = OptimizerSettings(
      learningRate: 1e-3, clipNorm: 100, averageDecay: 0.999)
  ) {
    self.network = network
    self.divergenceWeight = divergenceWeight
    self.batchSize = batchSize
    self.optimizer = optimizer
  }
}

/// Trains a variational autoencoder: on data for a plain one (VAE), on their mirror images for a mirror one
/// (MVAE).
public struct VAETrainer {
  /// The parts of the loss a step reports, in order.
  public static let partNames = ["reconstruction", "divergence"]

  /// What it is called in logs: `vae` or `mvae`.
  public let name: String
  private let step: TrainingStep
  private let batches: Batches
  private let seed: UInt64
  /// The state before training.
  public let initialState: TrainingState

  /// - Parameter images: Float32 `[count, C, H, W]` in the space the model lives in.
  public init(_ name: String, _ settings: VAESettings, images: Tensor, seed: UInt64) throws {
    self.name = name
    self.seed = seed
    let network = VAENetwork(settings.network)
    batches = try Batches(images, size: settings.batchSize, seed: seed)
    initialState = TrainingState(try Parameters(network.parameters, seed: seed))
    let x = Tensor.placeholder(
      "images", shape: Shape([settings.batchSize] + images.shape.dimensions.dropFirst()))
    let key = Tensor.placeholder("key", shape: [1, 4], dtype: .int32)
    step = try TrainingStep(initialState, settings: settings.optimizer, inputs: [x, key]) {
      parameters in
      let z = try Tensor.normal(
        keys: key.streams(movedBy: 1), shape: [settings.batchSize, settings.network.latent])
      let loss = try evidenceLoss(
        x, z: z, network: network, weight: settings.divergenceWeight, LayerContext(parameters))
      return (loss.total, [loss.reconstruction, loss.divergence])
    }
  }

  /// The training of this model as a task for a ``TrainingLoop``.
  public func task(budget: TrainingBudget) -> TrainingTask {
    TrainingTask(
      name: name, state: initialState, partNames: VAETrainer.partNames, budget: budget,
      takeStep: takeStep)
  }

  /// Takes the step that the state's count says.
  public func takeStep(_ state: inout TrainingState) throws -> TrainingStep.Report {
    let key = RandomKey(seed: seed, for: .training, step: UInt32(state.step))
    return try step(&state, [batches.batch(step: state.step), key.tensor])
  }
}
