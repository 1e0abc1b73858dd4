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

/// One step of training, planned once: loss and gradients, then Adam, projection and average.
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

  /// The update of neighbouring parameters.
  private struct Update {
    let parameters: Range<Int>
    let program: Program
  }

  /// Gradients, loss, their norm, and the loss's parts.
  private let backward: Program
  private let updates: [Update]
  private let settings: OptimizerSettings
  private let count: Int

  // Parameters are updated so many bytes at a time, so that old and new state lie side by side for those alone.
  private static let updateByteCount = 4 << 20

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
    let (total, parts) = try loss(parameters)
    let gradients = try gradient(of: total, withRespectTo: parameters.tensors)
    backward = try Program(
      inputs: parameters.tensors + inputs,
      outputs: gradients + [total, try globalNorm(gradients)] + parts)
    updates = try TrainingStep.ranges(of: state.parameters.tensors).map { range in
      Update(
        parameters: range,
        program: try TrainingStep.update(
          state.parameters.names[range].map(nonNegative.contains),
          state.parameters.tensors[range], settings))
    }
    self.settings = settings
    count = parameters.names.count
  }

  private static func ranges(of tensors: [Tensor]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (index, tensor) in tensors.enumerated() {
      bytes += tensor.count * tensor.dtype.size
      guard bytes >= updateByteCount || index == tensors.count - 1 else { continue }
      ranges.append(start..<(index + 1))
      (start, bytes) = (index + 1, 0)
    }
    return ranges
  }

  /// New parameters, moments and averages from old ones, their gradients, the gradients' global norm, and
  /// what the schedule gives for the step.
  private static func update(
    _ areNonNegative: [Bool], _ model: ArraySlice<Tensor>, _ settings: OptimizerSettings
  ) throws -> Program {
    func placeholders(_ name: String) -> [Tensor] {
      model.map { .placeholder(name, shape: $0.shape, dtype: $0.dtype) }
    }
    let inputs = ["parameter", "first moment", "second moment", "average", "gradient"]
      .map(placeholders)
    let norm = Tensor.placeholder("norm", shape: [], dtype: model.first?.dtype ?? .float32)
    let schedule = Tensor.placeholder("schedule", shape: [4])
    func scheduled(_ index: Int) throws(EngineError) -> Tensor {
      try schedule.sliced(axis: 0, from: index, to: index + 1).squeezed(axis: 0)
    }
    var gradients = inputs[4]
    if let limit = settings.clipNorm {
      gradients = try clipped(gradients, toGlobalNorm: limit, norm: norm)
    }
    var updated: [[Tensor]] = [[], [], [], []]
    for (index, isNonNegative) in areNonNegative.enumerated() {
      var (parameter, m, v) = try settings.adam.update(
        inputs[0][index], gradient: gradients[index], m: inputs[1][index], v: inputs[2][index],
        learningRate: scheduled(0), first: scheduled(1), second: scheduled(2))
      if isNonNegative { parameter = try parameter.maximum(0) }
      let decay = try scheduled(3)
      let mean = try inputs[3][index] * decay + parameter * (1 - decay)
      for (slot, tensor) in [parameter, m, v, mean].enumerated() { updated[slot].append(tensor) }
    }
    return try Program(
      inputs: inputs.flatMap { $0 } + [norm, schedule], outputs: updated.flatMap { $0 })
  }

  /// Takes a step. Where loss or gradient are not finite the state stays as it is, step count included.
  public func callAsFunction(_ state: inout TrainingState, _ inputs: [Tensor]) throws(EngineError)
    -> Report
  {
    var results = try backward.run(state.parameters.tensors + inputs)
    var numbers: [Double] = []
    for tensor in results[count...] { numbers.append(try tensor.item()) }
    let report = Report(loss: numbers[0], gradientNorm: numbers[1], parts: Array(numbers[2...]))
    guard report.isFinite else { return report }
    let corrections = settings.adam.corrections(step: state.step + 1)
    let schedule = Tensor(
      [
        Float(settings.learningRate(atStep: state.step)), Float(corrections.first),
        Float(corrections.second), Float(settings.averageDecay(atStep: state.step)),
      ], shape: [4])
    let norm = results[count + 1]
    results.removeLast(results.count - count)
    for update in updates {
      let range = update.parameters
      let updated = try update.program.run(
        Array(
          state.parameters.tensors[range] + state.firstMoment.tensors[range]
            + state.secondMoment.tensors[range] + state.average.tensors[range] + results[range])
          + [norm, schedule])
      func part(_ slot: Int) -> ArraySlice<Tensor> {
        updated[(slot * range.count)..<((slot + 1) * range.count)]
      }
      state.parameters.tensors.replaceSubrange(range, with: part(0))
      state.firstMoment.tensors.replaceSubrange(range, with: part(1))
      state.secondMoment.tensors.replaceSubrange(range, with: part(2))
      state.average.tensors.replaceSubrange(range, with: part(3))
    }
    state.step += 1
    return report
  }
}
