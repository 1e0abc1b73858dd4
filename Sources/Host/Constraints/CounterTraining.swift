import Engine
import Foundation

/// Trains a ``CountingNetwork`` on images of a ``GalaxiesDataset``, new ones at every step.
public struct CounterTraining: Sendable {
  public struct Settings: Sendable, Codable, Equatable {
    /// Rows and columns of an image.
    public var size = 64
    /// The numbers of objects to tell apart.
    public var fewest = 6
    public var most = 10
    public var steps = 4000
    public var batchSize = 16
    public var learningRate = 1e-3
    public var seed: UInt64 = 0

    public init() {}
  }

  /// How well a network counts images it has not seen.
  public struct Accuracy: Sendable, Codable {
    /// Mean |prediction − count|.
    public let meanError: Double
    /// Part of the images whose rounded prediction is right.
    public let correct: Double
    public let images: Int
  }

  public let settings: Settings
  public let network: CountingNetwork
  private let dataset: GalaxiesDataset

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a setting out of range.
  public init(_ settings: Settings) throws(EngineError) {
    guard settings.fewest <= settings.most else {
      throw .invalidArgument(
        op: "counter", argument: "fewest", expected: "at most \(settings.most)",
        got: "\(settings.fewest)")
    }
    self.settings = settings
    dataset = try GalaxiesDataset(size: settings.size, objects: settings.fewest...settings.most)
    network = try CountingNetwork(imageShape: dataset.imageShape)
  }

  /// Trains from the newest checkpoint in `directory`, or from the start, and gives the averaged weights.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` where the directory is of a training with other settings;
  ///   ``RunError/interrupted(_:)`` after saving, when a stop was asked for.
  public func run(in directory: URL, progress: any ProgressReporter) throws -> Parameters {
    let file = directory.appendingPathComponent("settings.json")
    if FileManager.default.fileExists(atPath: file.path) {
      guard try SafeFile.read(Settings.self, from: file) == settings else {
        throw EngineError.file(
          path: directory.path,
          reason: "holds a training with other settings: remove it, or choose another output")
      }
    } else {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      try SafeFile.write(settings, to: file)
    }
    return try TrainingLoop(directory: directory, progress: progress).run(task()).state.average
  }

  /// Trains, or goes on training, and writes the network to a file; checkpoints lie beside it meanwhile.
  ///
  /// - Throws: what ``run(in:progress:)`` does, and ``EngineError/file(path:reason:)``.
  public func write(to path: String, progress: any ProgressReporter) throws {
    let checkpoints = URL(fileURLWithPath: path + ".training")
    let parameters = try run(in: checkpoints, progress: progress)
    try network.write(parameters, to: path)
    try? FileManager.default.removeItem(at: checkpoints)
    let accuracy = try accuracy(of: parameters)
    progress.note(
      String(
        format: "%@: mean error %.3f, %.1f %% of %d new images counted right", path,
        accuracy.meanError, 100 * accuracy.correct, accuracy.images))
  }

  /// Measures on images of another seed.
  public func accuracy(of parameters: Parameters, images count: Int = 256) throws -> Accuracy {
    let seed = ~settings.seed
    let images = try dataset.generate(0..<count, seed: seed)
    let predictions = try mapInBatches(images) { try network($0, parameters) }.doubles()
    let counts = try dataset.counts(0..<count, seed: seed).doubles()
    let errors = zip(predictions, counts).map { abs($0 - $1) }
    return Accuracy(
      meanError: Summary(errors).mean,
      correct: Double(errors.filter { $0 < 0.5 }.count) / Double(count), images: count)
  }

  /// The training as a task for a ``TrainingLoop``: mean squared error of the count.
  func task() throws -> TrainingTask {
    var initial = try Parameters(network.specs, seed: settings.seed)
    // Starts at the mean count, so that no step is spent on finding it.
    let mean = Double(settings.fewest + settings.most) / 2
    if let bias = initial.names.firstIndex(of: "density.bias") {
      initial.tensors[bias] = .full(mean * 16 / Double(settings.size * settings.size), shape: [1])
    }
    let state = TrainingState(initial)
    let x = Tensor.placeholder(
      "images", shape: Shape([settings.batchSize] + dataset.imageShape.dimensions))
    let counts = Tensor.placeholder("counts", shape: [settings.batchSize])
    let step = try TrainingStep(
      state,
      settings: OptimizerSettings(
        learningRate: settings.learningRate, warmupSteps: min(100, settings.steps / 10),
        clipNorm: 10, averageDecay: 0.998),
      inputs: [x, counts]
    ) { parameters in
      let error = try network(x, parameters) - counts
      return (try error.square().mean(), [try error.abs().mean()])
    }
    return TrainingTask(
      name: "counter", state: state, partNames: ["error"], budget: .steps(settings.steps)
    ) { state in
      let range = state.step * settings.batchSize..<(state.step + 1) * settings.batchSize
      let counts = dataset.counts(range, seed: settings.seed)
      return try step(&state, [dataset.generate(range, seed: settings.seed), counts])
    }
  }
}
