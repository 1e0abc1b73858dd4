import Engine

/// Everything that decides how a mirror map is trained.
public struct NAMMSettings: Sendable {
  public var networks: NAMMNetworks
  public var loss: NAMMLoss
  /// σ_max: the inverse map is trained on y = g(x) + σz with σ uniform in [0, σ_max].
  public var maximumInverseNoise: Double
  /// Whether σ is σ_max for every image instead.
  public var hasFixedInverseNoise: Bool
  public var batchSize: Int
  public var optimizer: OptimizerSettings

  public init(
    networks: NAMMNetworks, loss: NAMMLoss = NAMMLoss(), maximumInverseNoise: Double = 0.1,
    hasFixedInverseNoise: Bool = false, batchSize: Int = 16,
    optimizer: OptimizerSettings = OptimizerSettings(
      adam: Adam(beta1: 0.5), learningRate: 2e-4, averageDecay: 0.999)
  ) {
    self.networks = networks
    self.loss = loss
    self.maximumInverseNoise = maximumInverseNoise
    self.hasFixedInverseNoise = hasFixedInverseNoise
    self.batchSize = batchSize
    self.optimizer = optimizer
  }

  /// σ of each image of a batch, `[batchSize]`.
  func inverseNoise(_ key: Tensor) throws(EngineError) -> Tensor {
    if hasFixedInverseNoise { return .full(maximumInverseNoise, shape: [batchSize]) }
    return try .uniform(keys: key.streams(movedBy: 1), shape: [batchSize]) * maximumInverseNoise
  }

  /// z of a batch.
  func noise(_ key: Tensor, shape: Shape) throws(EngineError) -> Tensor {
    try .normal(keys: key.streams(movedBy: 2), shape: shape)
  }
}

/// Trains the two networks of a mirror map on images that obey a constraint.
public struct NAMMTrainer {
  /// The parts of the loss a step reports, in order.
  public static let partNames = ["cycle", "constraint", "regularizer"]

  private let step: TrainingStep
  private let batches: Batches
  private let seed: UInt64
  private let settings: NAMMSettings
  private let constraint: any Constraint
  /// The state before training.
  public let initialState: TrainingState

  /// Plans training.
  ///
  /// The constraint is called here, once: what it builds is part of the plan.
  ///
  /// - Parameters:
  ///   - images: Float32 `[count, C, H, W]`.
  ///   - constraint: the rule they obey.
  public init(_ settings: NAMMSettings, images: Tensor, constraint: any Constraint, seed: UInt64)
    throws
  {
    let networks = settings.networks
    self.settings = settings
    self.constraint = constraint
    batches = try Batches(images, size: settings.batchSize, seed: seed)
    self.seed = seed
    initialState = TrainingState(try Parameters(networks.parameters, seed: seed))
    let x = Tensor.placeholder(
      "images", shape: Shape([settings.batchSize] + images.shape.dimensions.dropFirst()))
    let key = Tensor.placeholder("key", shape: [1, 4], dtype: .int32)
    step = try TrainingStep(
      initialState, settings: settings.optimizer,
      nonNegative: Set(networks.parameters.filter(\.isNonNegative).map(\.name)), inputs: [x, key]
    ) { parameters in
      let terms = try settings.loss(
        x, inverseNoise: settings.inverseNoise(key), z: settings.noise(key, shape: x.shape),
        map: networks.map(parameters, dropoutKey: key.streams(movedBy: 1000)),
        strongConvexity: networks.forward.strongConvexity, constraint: constraint)
      return (terms.total, [terms.cycle, terms.constraint, terms.regularizer])
    }
  }

  /// The training of this mirror map as a task for a ``TrainingLoop``.
  public func task(budget: TrainingBudget) -> TrainingTask {
    TrainingTask(
      name: "namm", state: initialState, partNames: NAMMTrainer.partNames, budget: budget,
      takeStep: takeStep)
  }

  /// The objective on other images, all of them at once and without dropout.
  ///
  /// - Parameter images: Float32 `[count, C, H, W]`.
  /// - Returns: from parameters to the loss; σ and z are always the same.
  public func validationLoss(_ images: Tensor) throws -> (Parameters) throws -> Double {
    var settings = settings
    settings.batchSize = images.shape[0]
    let parameters = initialState.parameters.placeholders(prefix: "parameter ")
    let key = RandomKey(seed: seed, for: .validation).tensor
    let terms = try settings.loss(
      images, inverseNoise: settings.inverseNoise(key),
      z: settings.noise(key, shape: images.shape), map: settings.networks.map(parameters),
      strongConvexity: settings.networks.forward.strongConvexity, constraint: constraint)
    let program = try Program(inputs: parameters.tensors, outputs: [terms.total])
    return { try program.run($0.tensors)[0].item() }
  }

  /// Takes the step that the state's count says.
  public func takeStep(_ state: inout TrainingState) throws -> TrainingStep.Report {
    let key = RandomKey(seed: seed, for: .training, step: UInt32(state.step))
    return try step(&state, [batches.batch(step: state.step), key.tensor])
  }
}

extension MirrorMap {
  /// g of many images, computed in batches: `[count, C, H, W]` → the same shape.
  public func forward(all images: Tensor, batchSize: Int = 64) throws -> Tensor {
    try mapInBatches(images, batchSize: batchSize) { try forward($0) }
  }

  /// f of many mirror images, computed in batches: `[count, C, H, W]` → the same shape.
  public func inverse(all images: Tensor, batchSize: Int = 64) throws -> Tensor {
    try mapInBatches(images, batchSize: batchSize) { try inverse($0) }
  }
}

/// Applies an image-by-image function to many images, a batch at a time, planned once a batch size.
///
/// - Parameter transform: from `[n, C, H, W]` to `[n, …]`.
public func mapInBatches(
  _ images: Tensor, batchSize: Int = 64, _ transform: (Tensor) throws -> Tensor
) throws -> Tensor {
  let count = images.shape[0]
  var programs: [Int: Program] = [:]
  var parts: [Tensor] = []
  for start in stride(from: 0, to: count, by: batchSize) {
    let batch = try images.sliced(axis: 0, from: start, to: min(start + batchSize, count))
    let size = batch.shape[0]
    if programs[size] == nil {
      let x = Tensor.placeholder("images", shape: batch.shape, dtype: batch.dtype)
      programs[size] = try Program(inputs: [x], outputs: [transform(x)])
    }
    if let result = try programs[size]?.run([batch]) { parts += result }
  }
  let result = try Tensor.concatenated(parts, axis: 0)
  try evaluate([result])
  return Tensor(storage: try result.storage(), shape: result.shape, dtype: result.dtype)
}
