import Engine
import Foundation
import LuaBridge

/// The three networks of an experiment.
extension Experiment {
  struct TrainedMap {
    let stage: Stage
    let parameters: Parameters
    let map: NAMM
    let seconds: Double
    let steps: Int
    let history: [LossRecord]
    let validation: [LossRecord]
  }

  struct TrainedModel {
    let stage: Stage
    let score: any ScoreModel
    let seconds: Double
    let steps: Int
    let history: [LossRecord]
    let validation: [LossRecord]
  }

  /// What a training stage keeps besides the network.
  struct TrainingRecord: Codable {
    var seconds: Double
    var steps: Int
    var history: [LossRecord]
    /// Missing in runs from before there was validation.
    var validation: [LossRecord]?
  }

  /// Trains unless it was done, and gives the averaged parameters.
  func trained(
    _ stage: Stage, model: Parameters, settings: [String: String], task: () throws -> TrainingTask
  ) throws -> (Parameters, TrainingRecord) {
    let file = stage.path("network.safetensors")
    if let record = try stage.finished(TrainingRecord.self)?.checked(in: stage) {
      progress.note("\(stage.name): done before, \(record.steps) steps in \(Int(record.seconds)) s")
      return (try model.replacing(with: Safetensors.read(file).tensors, from: file), record)
    }
    try begin(stage, settings, deed: "trained")
    var loop = TrainingLoop(directory: stage.directory, progress: progress)
    loop.onRecord = { log($0, of: stage) }
    let result = try loop.run(task())
    let record = TrainingRecord(
      seconds: result.seconds, steps: result.state.step, history: result.history,
      validation: result.validation)
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
    let rule = try constraintIdentity()
    let stage = Stage(
      "namm", in: run,
      ingredients: try written("namm") + trainingIngredients() + activationIngredients + [rule],
      after: [data.stage])
    let listed = stageSettings(
      ["namm"] + trainingTables, after: [data.stage], and: ["constraint": rule])
    let model = try Parameters(networks.parameters, seed: settings.seed)
    let (parameters, record): (Parameters, TrainingRecord)
    do {
      (parameters, record) = try trained(stage, model: model, settings: listed) {
        let images = try split(data.train, data)
        let trainer = try NAMMTrainer(
          settings.namm, images: images.training, constraint: constraint, seed: settings.seed)
        return try validated(
          trainer.task(budget: .steps(settings.nammSteps)), on: images.validation,
          by: trainer.validationLoss)
      }
    } catch RunError.diverged(_, let step, let part) where part == nil || part == "constraint" {
      // The other parts are finite: what is left is the constraint.
      throw ConstraintError.diverged(source: constraint.source, step: step)
    }
    return TrainedMap(
      stage: stage, parameters: parameters, map: networks.map(parameters), seconds: record.seconds,
      steps: record.steps, history: record.history, validation: record.validation ?? [])
  }

  /// What decides about every training besides its own table, for fingerprints; nothing of what the recipe
  /// does not name, as in older runs.
  func trainingIngredients() throws -> [String] {
    try trainingTables.filter { !recipe.values[$0].isNil }.flatMap { try written($0) }
  }

  /// What a recipe may say of every training.
  var trainingTables: [String] { ["validation", "preset", "scale"] }

  /// A task that looks at the images kept back, if there are any.
  private func validated(
    _ task: TrainingTask, on images: Tensor?,
    by loss: (Tensor) throws -> (Parameters) throws -> Double
  ) throws -> TrainingTask {
    guard let images, let validating = settings.validating else { return task }
    var task = task
    task.validation = Validation(
      interval: validating.interval, patience: validating.patience, loss: try loss(images))
    return task
  }

  /// Trains the inverse map on samples of the mirror diffusion model, where the recipe says so.
  ///
  /// - Returns: `nil` where it does not.
  func finetuneMirrorMap(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel) throws
    -> TrainedMap?
  {
    guard let finetuning = settings.finetuning else { return nil }
    let networks = settings.namm.networks
    let rule = try constraintIdentity()
    let stage = Stage(
      "finetune", in: run, ingredients: try written("finetune") + [rule],
      after: [namm.stage, mdm.stage])
    let listed = stageSettings(
      ["finetune"], after: [namm.stage, mdm.stage], and: ["constraint": rule])
    let start = networks.split(namm.parameters)
    let (inverse, record) = try trained(stage, model: start.inverse, settings: listed) {
      let samples = try mirrorSamples(finetuning, mdm, data, in: stage)
      return try FinetuneTrainer(
        finetuning.settings, start: namm.parameters, images: split(data.train, data).training,
        mirrorSamples: samples, constraint: constraint, seed: settings.seed
      ).task(budget: .steps(finetuning.steps))
    }
    return TrainedMap(
      stage: stage, parameters: networks.joined(forward: start.forward, inverse: inverse),
      map: networks.map(forward: start.forward, inverse: inverse), seconds: record.seconds,
      steps: record.steps, history: record.history, validation: [])
  }

  /// The samples that finetuning learns from: drawn once, and kept until it is done.
  private func mirrorSamples(
    _ finetuning: ExperimentSettings.Finetuning, _ mdm: TrainedModel, _ data: Data, in stage: Stage
  ) throws -> Tensor {
    let file = stage.path("samples.npy")
    if FileManager.default.fileExists(atPath: file) {
      return try SavedImages.read(file, like: data.train)
    }
    let sampler = finetuning.method.sampler(
      score: mdm.score, sde: settings.mirrorModel.settings.sde, steps: finetuning.sampleSteps)
    // Other samples than those that are looked at in the end.
    let samples = try samples(
      "sampling for finetune", sampler, count: finetuning.sampleCount, data,
      seed: settings.seed &+ 0x66_696E_6574)
    let finite = try samples.rows(samples.finiteRows())
    if finite.shape[0] < samples.shape[0] {
      progress.warn(
        "finetune: \(samples.shape[0] - finite.shape[0]) of \(samples.shape[0]) samples diverged")
    }
    guard finite.shape[0] >= finetuning.settings.batchSize else {
      throw RunError.samplesDiverged(
        model: "mdm", count: samples.shape[0] - finite.shape[0], total: samples.shape[0])
    }
    try NPY.write(finite, to: file)
    return finite
  }

  func trainMirrorModel(_ data: Data, _ namm: TrainedMap) throws -> TrainedModel {
    let model = settings.mirrorModel
    let before = [data.stage, namm.stage]
    let stage = Stage(
      "mdm", in: run, ingredients: try written("mdm") + trainingIngredients(), after: before)
    let listed = stageSettings(["mdm"] + trainingTables, after: before)
    return try trainModel(stage, model, listed, data, budget: .steps(model.steps ?? 0)) {
      try namm.map.forward(all: data.train)
    }
  }

  func trainPlainModel(_ data: Data, budget seconds: Double, after stages: [Stage]) throws
    -> TrainedModel
  {
    let model = settings.plainModel
    let before = [data.stage] + (model.steps == nil ? stages : [])
    let stage = Stage(
      "dm", in: run, ingredients: try written("mdm", "dm") + trainingIngredients(), after: before)
    let listed = stageSettings(["mdm", "dm"] + trainingTables, after: before)
    let budget: TrainingBudget = model.steps.map { .steps($0) } ?? .seconds(seconds)
    return try trainModel(stage, model, listed, data, budget: budget) { data.train }
  }

  private func trainModel(
    _ stage: Stage, _ model: ExperimentSettings.Model, _ listed: [String: String], _ data: Data,
    budget: TrainingBudget, images: () throws -> Tensor
  ) throws -> TrainedModel {
    var training = model.settings
    training.network.imageSize = data.train.shape[2]
    let initial = try Parameters(ScoreNetwork(training.network).parameters, seed: settings.seed)
    let (parameters, record) = try trained(stage, model: initial, settings: listed) {
      let images = try split(images(), data)
      let trainer = try DiffusionTrainer(
        stage.name, training, images: images.training, seed: settings.seed)
      return try validated(
        trainer.task(budget: budget), on: images.validation, by: trainer.validationLoss)
    }
    return TrainedModel(
      stage: stage, score: DiffusionTrainer.score(training, parameters), seconds: record.seconds,
      steps: record.steps, history: record.history, validation: record.validation ?? [])
  }
}
