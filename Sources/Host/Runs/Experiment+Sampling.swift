import Engine
import Foundation

/// What trained models are asked for: samples, and solutions of the inverse problem.
extension Experiment {
  struct Samples {
    let mdm: Tensor
    let dm: Tensor
    let seconds: Double
  }

  func sample(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel)
    throws -> Samples
  {
    let stage = Stage(
      "samples", in: run, ingredients: written("sample"),
      after: [namm.stage, mdm.stage, dm.stage])
    if let seconds = try stage.finished(Double.self) {
      return Samples(
        mdm: try NPY.read(stage.path("mdm.npy")), dm: try NPY.read(stage.path("dm.npy")),
        seconds: seconds)
    }
    try stage.prepare()
    let start = DispatchTime.now()
    let mirrored = try samples("sampling mdm", mdm, data)
    let images = try namm.map.inverse(all: mirrored)
    let plain = try samples("sampling dm", dm, data)
    let seconds = start.elapsed
    try NPY.write(mirrored, to: stage.path("mdm_mirror.npy"))
    try NPY.write(images, to: stage.path("mdm.npy"))
    try NPY.write(plain, to: stage.path("dm.npy"))
    try stage.finish(seconds)
    return Samples(mdm: images, dm: plain, seconds: seconds)
  }

  private func samples(_ label: String, _ model: TrainedModel, _ data: Data) throws -> Tensor {
    let sampling = settings.sampling
    let sampler = EulerMaruyama(
      score: model.score, sde: settings.mirrorModel.settings.sde, steps: sampling.steps)
    let imageShape = Array(data.train.shape.dimensions.dropFirst())
    let start = DispatchTime.now()
    let batches = batches(of: sampling.count)
    let parts = try batches.enumerated().map { number, batch in
      try sampler.sample(
        count: batch.count, first: batch.lowerBound, imageShape: imageShape, seed: settings.seed
      ) {
        let done = number * sampling.steps + $0
        try report(label, step: done, of: batches.count * sampling.steps, since: start)
      }
    }
    progress.finish(label)
    return try joined(parts)
  }

  /// Samples computed together: what memory holds for networks of the paper's size.
  private func batches(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: 64).map { $0..<min($0 + 64, count) }
  }

  /// One tensor of its own out of the batches.
  private func joined(_ parts: [Tensor]) throws -> Tensor {
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

  struct Solutions {
    let truth: Tensor
    let measurement: Tensor
    let dps: Tensor
    let cgDPS: Tensor
    let mirrorDPS: Tensor
    let seconds: Double
  }

  func solve(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel)
    throws -> Solutions?
  {
    guard let solving = settings.solving, let forwardOperator else { return nil }
    let stage = Stage(
      "solutions", in: run,
      ingredients: written("solve") + [try operatorIdentity(), try constraintIdentity()],
      after: [data.stage, namm.stage, mdm.stage, dm.stage])
    if let seconds = try stage.finished(Double.self) {
      func read(_ name: String) throws -> Tensor { try NPY.read(stage.path("\(name).npy")) }
      return Solutions(
        truth: try read("truth"), measurement: try read("measurement"), dps: try read("dps"),
        cgDPS: try read("cg_dps"), mirrorDPS: try read("mirror_dps"), seconds: seconds)
    }
    try stage.prepare()
    let count = min(solving.count, data.test.shape[0])
    let truth = try data.test.sliced(axis: 0, from: 0, to: count)
    let clean = try forwardOperator.measure(truth)
    let noise = solving.noise(of: forwardOperator)
    let measurement = try noise.sample(clean, seed: settings.seed, first: 0)
    let start = DispatchTime.now()
    let sde = settings.mirrorModel.settings.sde
    func solver(
      _ score: any ScoreModel, _ scale: Double, map: any MirrorMap = IdentityMirrorMap(),
      weight: Double = 0
    )
      -> DiffusionPosteriorSampling
    {
      DiffusionPosteriorSampling(
        score: score, sde: sde, forwardOperator: forwardOperator,
        noise: noise, guidanceScale: scale, mirrorMap: map, constraint: constraint,
        constraintWeight: weight,
        guidanceLimit: solving.guidanceLimit, steps: solving.steps)
    }
    let solvers = [
      ("dps", solver(dm.score, solving.plainScale)),
      ("cg_dps", solver(dm.score, solving.guidedScale, weight: solving.constraintWeight)),
      ("mirror_dps", solver(mdm.score, solving.mirrorScale, map: namm.map)),
    ]
    var results: [Tensor] = []
    for (name, solver) in solvers {
      let begin = DispatchTime.now()
      let label = "solving by \(name)"
      let batches = batches(of: count)
      let parts = try batches.enumerated().map { number, batch in
        try solver.sample(
          measurement: measurement.sliced(axis: 0, from: batch.lowerBound, to: batch.upperBound),
          first: batch.lowerBound, imageShape: Array(truth.shape.dimensions.dropFirst()),
          seed: settings.seed
        ) {
          let done = number * solving.steps + $0
          try report(label, step: done, of: batches.count * solving.steps, since: begin)
        }
      }
      results.append(try joined(parts))
      progress.finish(label)
    }
    let seconds = start.elapsed
    let all = [("truth", truth), ("measurement", measurement)] + zip(solvers.map(\.0), results)
    for (name, tensor) in all { try NPY.write(tensor, to: stage.path("\(name).npy")) }
    try stage.finish(seconds)
    return Solutions(
      truth: truth, measurement: measurement, dps: results[0], cgDPS: results[1],
      mirrorDPS: results[2],
      seconds: seconds)
  }
}
