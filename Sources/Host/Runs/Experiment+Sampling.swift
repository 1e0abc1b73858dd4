import Engine
import Foundation

/// The samples of trained models.
extension Experiment {
  struct Samples {
    let stage: Stage
    let mdm: Tensor
    let dm: Tensor
    let seconds: Double
  }

  func sample(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel)
    throws -> Samples
  {
    let stage = Stage(
      "samples", in: run, ingredients: try written("sample"),
      after: [namm.stage, mdm.stage, dm.stage])
    if let seconds = try stage.finished(Double.self) {
      func read(_ name: String) throws -> Tensor {
        try SavedImages.read(
          stage.path("\(name).npy"), count: settings.sampling.count, like: data.train)
      }
      return Samples(
        stage: stage, mdm: try read("mdm"), dm: try read("dm"),
        seconds: try TrainingRecord.checked(seconds: seconds, in: stage))
    }
    try begin(stage, stageSettings(["sample"], after: [namm.stage, mdm.stage, dm.stage]))
    let start = DispatchTime.now()
    let mirrored = try samples("sampling mdm", mdm, data)
    let images = try namm.map.inverse(all: mirrored)
    let plain = try samples("sampling dm", dm, data)
    let seconds = start.elapsed
    try NPY.write(mirrored, to: stage.path("mdm_mirror.npy"))
    try NPY.write(images, to: stage.path("mdm.npy"))
    try NPY.write(plain, to: stage.path("dm.npy"))
    try stage.finish(seconds)
    return Samples(stage: stage, mdm: images, dm: plain, seconds: seconds)
  }

  private func samples(_ label: String, _ model: TrainedModel, _ data: Data) throws -> Tensor {
    let sampling = settings.sampling
    let sampler = sampling.method.sampler(
      score: model.score, sde: settings.mirrorModel.settings.sde, steps: sampling.steps)
    return try samples(label, sampler, count: sampling.count, data, seed: settings.seed)
  }

  /// Samples number `0..<count`, batch by batch.
  func samples(
    _ label: String, _ sampler: any Sampler, count: Int, _ data: Data, seed: UInt64
  ) throws -> Tensor {
    let imageShape = Array(data.train.shape.dimensions.dropFirst())
    let start = DispatchTime.now()
    let batches = batches(of: count)
    let parts = try batches.enumerated().map { number, batch in
      try sampler.sample(
        count: batch.count, first: batch.lowerBound, imageShape: imageShape, seed: seed
      ) {
        let done = number * sampler.steps + $0
        try report(label, step: done, of: batches.count * sampler.steps, since: start)
      }
    }
    progress.finish(label)
    return try joined(parts)
  }

  /// Samples computed together: what memory holds for networks of the paper's size.
  func batches(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: 64).map { $0..<min($0 + 64, count) }
  }

  /// One tensor of its own out of the batches.
  func joined(_ parts: [Tensor]) throws -> Tensor {
    let all = try Tensor.concatenated(parts, axis: 0)
    return Tensor(storage: try all.storage(), shape: all.shape, dtype: all.dtype)
  }

  func report(_ label: String, step: Int, of total: Int, since start: DispatchTime) throws {
    try Interrupt.check(label)
    progress.step(
      ProgressUpdate(
        stage: label, step: step, total: total, secondsPerStep: start.elapsed / Double(step),
        values: []))
  }
}
