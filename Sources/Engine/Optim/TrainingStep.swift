/// What training changes: parameters, Adam's moments, the running average, and how many steps were taken.
public struct TrainingState: Sendable {
  public var parameters: Parameters
  public var firstMoment: Parameters
  public var secondMoment: Parameters
  /// Exponential moving average of the parameters: what is used after training.
  public var average: Parameters
  public var step: Int

  /// The state before the first step.
  public init(_ parameters: Parameters) {
    self.parameters = parameters
    firstMoment = parameters.zeros()
    secondMoment = parameters.zeros()
    average = parameters
    step = 0
  }

  /// Its parts under the names a checkpoint gives them.
  public var groups: [String: [String: Tensor]] {
    [
      "parameters": parameters.dictionary, "first_moment": firstMoment.dictionary,
      "second_moment": secondMoment.dictionary, "average": average.dictionary,
    ]
  }

  /// Takes the parts of a checkpoint.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` when they do not fit this network.
  public mutating func restore(_ groups: [String: [String: Tensor]], step: Int, from path: String)
    throws(EngineError)
  {
    func group(_ name: String, _ model: Parameters) throws(EngineError) -> Parameters {
      guard let saved = groups[name] else {
        throw .file(path: path, reason: "lacks the group '\(name)'")
      }
      return try model.replacing(with: saved, from: "\(path)/\(name)")
    }
    let restored = (
      try group("parameters", parameters), try group("first_moment", firstMoment),
      try group("second_moment", secondMoment), try group("average", average)
    )
    (parameters, firstMoment, secondMoment, average) = restored
    self.step = step
  }
}

/// How parameters follow their gradients.
public struct OptimizerSettings: Sendable {
  public var adam: Adam
  public var learningRate: Double
  /// Steps over which the rate rises linearly from 0; step `k` (from 0) has `k / warmup` of it.
  public var warmupSteps: Int
  /// Largest global norm of a gradient; `nil` leaves gradients alone.
  public var clipNorm: Double?
  /// Decay of the running average. Early steps use less, `(1 + k) / (10 + k)`, so that short runs do
  /// not average in their start.
  public var averageDecay: Double

  public init(
    adam: Adam = Adam(), learningRate: Double, warmupSteps: Int = 0, clipNorm: Double? = nil,
    averageDecay: Double
  ) {
    self.adam = adam
    self.learningRate = learningRate
    self.warmupSteps = warmupSteps
    self.clipNorm = clipNorm
    self.averageDecay = averageDecay
  }

  /// The rate at step `k`, counted from 0.
  public func learningRate(atStep k: Int) -> Double {
    warmupSteps > 0 ? learningRate * min(Double(k) / Double(warmupSteps), 1) : learningRate
  }

  /// The average's decay at step `k`, counted from 0.
  public func averageDecay(atStep k: Int) -> Double {
    min(averageDecay, Double(1 + k) / Double(10 + k))
  }
}

/// One step of training, planned once: loss, gradients, Adam, projection and average in a single program.
public final class TrainingStep: Sendable {
  /// What one step reports.
  public struct Report: Sendable {
    public let loss: Double
    /// Global norm of the gradient before clipping.
    public let gradientNorm: Double
    /// The parts of the loss that were asked for.
    public let parts: [Double]
    /// Whether loss and gradient were finite; if not, the state was left as it was.
    public var isFinite: Bool { loss.isFinite && gradientNorm.isFinite }
  }

  private let program: Program
  private let settings: OptimizerSettings
  private let count: Int

  /// Plans the step.
  ///
  /// - Parameters:
  ///   - state: gives names, shapes and dtypes.
  ///   - nonNegative: names of parameters that are projected to be ≥ 0 after every step.
  ///   - inputs: placeholders of what changes from step to step.
  ///   - loss: from parameters the scalar to minimise and parts of it to report.
  public init(
    _ state: TrainingState, settings: OptimizerSettings, nonNegative: Set<String> = [],
    inputs: [Tensor], loss: (Parameters) throws -> (total: Tensor, parts: [Tensor])
  ) throws {
    let parameters = state.parameters.placeholders(prefix: "parameter ")
    let first = state.parameters.placeholders(prefix: "first moment ")
    let second = state.parameters.placeholders(prefix: "second moment ")
    let average = state.parameters.placeholders(prefix: "average ")
    let schedule = Tensor.placeholder("schedule", shape: [4])
    func scheduled(_ index: Int) throws(EngineError) -> Tensor {
      try schedule.sliced(axis: 0, from: index, to: index + 1).squeezed(axis: 0)
    }
    let (total, parts) = try loss(parameters)
    var gradients = try gradient(of: total, withRespectTo: parameters.tensors)
    let norm = try globalNorm(gradients)
    if let limit = settings.clipNorm {
      gradients = try clipped(gradients, toGlobalNorm: limit, norm: norm)
    }
    var updated: [[Tensor]] = [[], [], [], []]
    for (index, name) in parameters.names.enumerated() {
      var (parameter, m, v) = try settings.adam.update(
        parameters.tensors[index], gradient: gradients[index], m: first.tensors[index],
        v: second.tensors[index], learningRate: scheduled(0), first: scheduled(1),
        second: scheduled(2))
      if nonNegative.contains(name) { parameter = try parameter.maximum(0) }
      let decay = try scheduled(3)
      let mean = try average.tensors[index] * decay + parameter * (1 - decay)
      for (slot, tensor) in [parameter, m, v, mean].enumerated() { updated[slot].append(tensor) }
    }
    program = try Program(
      inputs: parameters.tensors + first.tensors + second.tensors + average.tensors + [schedule]
        + inputs,
      outputs: updated.flatMap { $0 } + [total, norm] + parts)
    self.settings = settings
    count = parameters.names.count
  }

  /// Bytes of working memory of a step.
  public var scratchByteCount: Int { program.scratchByteCount }

  /// Takes a step. Where loss or gradient are not finite the state stays as it is, step count included.
  public func callAsFunction(_ state: inout TrainingState, _ inputs: [Tensor]) throws(EngineError)
    -> Report
  {
    let corrections = settings.adam.corrections(step: state.step + 1)
    let schedule = Tensor(
      [
        Float(settings.learningRate(atStep: state.step)), Float(corrections.first),
        Float(corrections.second), Float(settings.averageDecay(atStep: state.step)),
      ], shape: [4])
    let results = try program.run(
      state.parameters.tensors + state.firstMoment.tensors + state.secondMoment.tensors
        + state.average.tensors + [schedule] + inputs)
    func part(_ slot: Int) -> [Tensor] { Array(results[(slot * count)..<((slot + 1) * count)]) }
    var numbers: [Double] = []
    for tensor in results[(4 * count)...] { numbers.append(try tensor.item()) }
    let report = Report(loss: numbers[0], gradientNorm: numbers[1], parts: Array(numbers[2...]))
    if report.isFinite {
      state.parameters.tensors = part(0)
      state.firstMoment.tensors = part(1)
      state.secondMoment.tensors = part(2)
      state.average.tensors = part(3)
      state.step += 1
    }
    return report
  }
}
