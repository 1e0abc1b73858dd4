import Engine

/// Trains the inverse map of a mirror map on samples of a mirror diffusion model, the forward map fixed
/// (Feng et al. 2025, eq. 7): the inverse learns what it will be given.
///
/// The objective is that of ``NAMMTrainer`` with y = x̃ + σz for samples x̃ instead of g(x) + σz.
public struct FinetuneTrainer {
  private let step: TrainingStep
  private let images: Batches
  private let samples: Batches
  private let seed: UInt64
  /// The state before training: of the inverse map alone.
  public let initialState: TrainingState

  /// - Parameters:
  ///   - start: the mirror map's parameters, as ``NAMMNetworks/parameters`` names them.
  ///   - images: Float32 `[count, C, H, W]`.
  ///   - mirrorSamples: samples in mirror space, Float32 `[count, C, H, W]`.
  public init(
    _ settings: NAMMSettings, start: Parameters, images: Tensor, mirrorSamples: Tensor,
    constraint: any Constraint, seed: UInt64
  ) throws {
    let networks = settings.networks
    self.images = try Batches(images, size: settings.batchSize, seed: seed)
    samples = try Batches(mirrorSamples, size: settings.batchSize, seed: seed &+ 1)
    self.seed = seed
    let parts = networks.split(start)
    initialState = TrainingState(parts.inverse)
    let shape = Shape([settings.batchSize] + images.shape.dimensions.dropFirst())
    let x = Tensor.placeholder("images", shape: shape)
    let mirrored = Tensor.placeholder("mirror samples", shape: shape)
    let key = Tensor.placeholder("key", shape: [1, 4], dtype: .int32)
    step = try TrainingStep(
      initialState, settings: settings.optimizer, inputs: [x, mirrored, key]
    ) { inverse in
      let terms = try settings.loss(
        x, inverseNoise: settings.inverseNoise(key), z: settings.noise(key, shape: x.shape),
        map: networks.map(
          forward: parts.forward, inverse: inverse, dropoutKey: key.streams(movedBy: 1000)),
        strongConvexity: networks.forward.strongConvexity, constraint: constraint,
        mirrorSamples: mirrored)
      return (terms.total, [terms.cycle, terms.constraint, terms.regularizer])
    }
  }

  /// The training as a task for a ``TrainingLoop``.
  public func task(budget: TrainingBudget) -> TrainingTask {
    TrainingTask(
      name: "finetune", state: initialState, partNames: NAMMTrainer.partNames, budget: budget,
      takeStep: takeStep)
  }

  /// Takes the step that the state's count says.
  public func takeStep(_ state: inout TrainingState) throws -> TrainingStep.Report {
    let key = RandomKey(seed: seed, for: .training, step: UInt32(state.step))
    return try step(
      &state, [images.batch(step: state.step), samples.batch(step: state.step), key.tensor])
  }
}
