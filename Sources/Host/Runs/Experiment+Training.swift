import Engine
import Foundation

/// The three networks of an experiment.
extension Experiment {
  struct TrainedMap {
    let stage: Stage
    let map: NAMM
    let seconds: Double
    let steps: Int
    let history: [LossRecord]
  }

  struct TrainedModel {
    let stage: Stage
    let score: any ScoreModel
    let seconds: Double
    let steps: Int
    let history: [LossRecord]
  }

  /// What a training stage keeps besides the network.
  private struct TrainingRecord: Codable {
    var seconds: Double
    var steps: Int
    var history: [LossRecord]
  }

  /// Trains unless it was done, and gives the averaged parameters.
  private func trained(
    _ stage: Stage, model: Parameters, task: () throws -> TrainingTask
  ) throws -> (Parameters, TrainingRecord) {
    let file = stage.path("network.safetensors")
    if let record = try stage.finished(TrainingRecord.self) {
      progress.note("\(stage.name): done before, \(record.steps) steps in \(Int(record.seconds)) s")
      return (try model.replacing(with: Safetensors.read(file).tensors, from: file), record)
    }
    try stage.prepare()
    var loop = TrainingLoop(directory: stage.directory, progress: progress)
    loop.onRecord = { log($0, of: stage) }
    let result = try loop.run(task())
    let record = TrainingRecord(
      seconds: result.seconds, steps: result.state.step, history: result.history)
    try Safetensors.write(
      result.state.average.dictionary, metadata: ["stage": stage.name], to: file)
    try stage.finish(record)
    return (result.state.average, record)
  }

  /// Adds a line to `metrics.jsonl`. Training goes on where that fails.
  private func log(_ record: LossRecord, of stage: Stage) {
    struct Line: Encodable {
      let stage: String
      let record: LossRecord
    }
    do {
      try run.appendMetrics(Line(stage: stage.name, record: record))
    } catch {
      progress.warn(error.message)
    }
  }

  func trainMirrorMap(_ data: Data) throws -> TrainedMap {
    let networks = settings.namm.networks
    let stage = Stage(
      "namm", in: run, ingredients: written("namm") + [try constraintIdentity()],
      after: [data.stage])
    let model = try Parameters(networks.parameters, seed: settings.seed)
    let (parameters, record): (Parameters, TrainingRecord)
    do {
      (parameters, record) = try trained(stage, model: model) {
        try NAMMTrainer(
          settings.namm, images: data.train, constraint: constraint, seed: settings.seed
        ).task(budget: .steps(settings.nammSteps))
      }
    } catch RunError.diverged(_, let step, let part) where part == nil || part == "constraint" {
      // The other parts are finite: what is left is the constraint.
      throw ConstraintError.diverged(source: constraint.source, step: step)
    }
    return TrainedMap(
      stage: stage, map: networks.map(parameters), seconds: record.seconds, steps: record.steps,
      history: record.history)
  }

  func trainMirrorModel(_ data: Data, _ namm: TrainedMap) throws -> TrainedModel {
    let model = settings.mirrorModel
    let stage = Stage("mdm", in: run, ingredients: written("mdm"), after: [data.stage, namm.stage])
    return try trainModel(stage, model, size: data.train.shape[2], budget: .steps(model.steps ?? 0))
    {
      try namm.map.forward(all: data.train)
    }
  }

  func trainPlainModel(_ data: Data, budget seconds: Double, after stages: [Stage]) throws
    -> TrainedModel
  {
    let model = settings.plainModel
    let stage = Stage(
      "dm", in: run, ingredients: written("mdm", "dm"),
      after: [data.stage] + (model.steps == nil ? stages : []))
    let budget: TrainingBudget = model.steps.map { .steps($0) } ?? .seconds(seconds)
    return try trainModel(stage, model, size: data.train.shape[2], budget: budget) { data.train }
  }

  private func trainModel(
    _ stage: Stage, _ model: ExperimentSettings.Model, size: Int, budget: TrainingBudget,
    images: () throws -> Tensor
  ) throws -> TrainedModel {
    var training = model.settings
    training.network.imageSize = size
    let initial = try Parameters(ScoreNetwork(training.network).parameters, seed: settings.seed)
    let (parameters, record) = try trained(stage, model: initial) {
      try DiffusionTrainer(stage.name, training, images: images(), seed: settings.seed).task(
        budget: budget)
    }
    return TrainedModel(
      stage: stage, score: DiffusionTrainer.score(training, parameters), seconds: record.seconds,
      steps: record.steps, history: record.history)
  }
}
