import Engine
import Foundation

/// Solutions of the inverse problem.
extension Experiment {
  struct Solutions {
    let stage: Stage
    /// What was measured; `nil` where the measurements are somebody's own.
    let truth: Tensor?
    let measurement: Tensor
    /// Samples of each measurement, one after another in the three below.
    let samplesEach: Int
    let dps: Tensor
    let cgDPS: Tensor
    let mirrorDPS: Tensor
    let seconds: Double

    var all: [(name: String, images: Tensor)] {
      [("dps", dps), ("cg_dps", cgDPS), ("mirror_dps", mirrorDPS)]
    }
  }

  func solve(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel)
    throws -> Solutions?
  {
    guard let solving = settings.solving, let forwardOperator else { return nil }
    let own = try solving.measurement.map { [try measurementHash($0)] } ?? []
    let before = [data.stage, namm.stage, mdm.stage, dm.stage]
    let (measure, rule) = (try operatorIdentity(), try constraintIdentity())
    let stage = Stage(
      "solutions", in: run, ingredients: try written("solve") + [measure, rule] + own, after: before
    )
    if let seconds = try stage.finished(Double.self) {
      let sizes = try forwardOperator.measure(data.test.sliced(axis: 0, from: 0, to: 1)).shape
      let measurement = try SavedImages.read(
        stage.path("measurement.npy"),
        count: solving.measurement == nil ? min(solving.count, data.test.shape[0]) : nil,
        sizes: Array(sizes.dimensions.dropFirst()))
      let count = measurement.shape[0]
      func read(_ name: String, _ count: Int) throws -> Tensor {
        try SavedImages.read(stage.path("\(name).npy"), count: count, like: data.train)
      }
      let all = count * solving.samplesEach
      return Solutions(
        stage: stage, truth: solving.measurement == nil ? try read("truth", count) : nil,
        measurement: measurement, samplesEach: solving.samplesEach,
        dps: try read("dps", all), cgDPS: try read("cg_dps", all),
        mirrorDPS: try read("mirror_dps", all),
        seconds: try TrainingRecord.checked(seconds: seconds, in: stage))
    }
    try begin(
      stage,
      stageSettings(
        ["solve"], after: before,
        and: ["operator": measure, "constraint": rule, "measurement": own.first ?? "simulated"]))
    let noise = solving.noise(of: forwardOperator)
    let (truth, measurement) = try problem(solving, forwardOperator, noise, data)
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
    let imageShape = Array(data.train.shape.dimensions.dropFirst())
    func solve(_ name: String, _ solver: DiffusionPosteriorSampling) throws -> Tensor {
      try posteriorSamples(
        "solving by \(name)", solver, measurement, each: solving.samplesEach,
        imageShape: imageShape)
    }
    let solutions = Solutions(
      stage: stage, truth: truth, measurement: measurement, samplesEach: solving.samplesEach,
      dps: try solve("dps", solver(dm.score, solving.plainScale)),
      cgDPS: try solve(
        "cg_dps", solver(dm.score, solving.guidedScale, weight: solving.constraintWeight)),
      mirrorDPS: try solve("mirror_dps", solver(mdm.score, solving.mirrorScale, map: namm.map)),
      seconds: start.elapsed)
    if let truth { try NPY.write(truth, to: stage.path("truth.npy")) }
    try NPY.write(measurement, to: stage.path("measurement.npy"))
    for (name, images) in solutions.all {
      try NPY.write(images, to: stage.path("\(name).npy"))
      // A row for each measurement.
      let sheet = ImageSheet(
        try Picture.pictures(of: images, first: 64),
        columns: solving.samplesEach > 1 ? min(solving.samplesEach, 16) : 8)
      try sheet.write(to: stage.path("\(name).png"))
    }
    try stage.finish(solutions.seconds)
    return solutions
  }

  /// Truths from the test images with simulated measurements, or the measurements that the recipe names.
  private func problem(
    _ solving: ExperimentSettings.Solving, _ forwardOperator: any ForwardOperator,
    _ noise: any NoiseModel, _ data: Data
  ) throws -> (truth: Tensor?, measurement: Tensor) {
    if let path = solving.measurement {
      return (nil, try ownMeasurement(path, forwardOperator, data.test))
    }
    let truth = try data.test.sliced(
      axis: 0, from: 0, to: min(solving.count, data.test.shape[0]))
    let clean = try forwardOperator.measure(truth)
    return (truth, try noise.sample(clean, seed: settings.seed, first: 0))
  }

  /// The measurements of a file: as many as it holds, each of the shape the operator gives; one alone need
  /// not have the first axis, nor images of one channel the second.
  ///
  /// - Throws: ``RunError/recipe(field:expected:got:)`` for other shapes and numbers that are not finite.
  func ownMeasurement(_ path: String, _ forwardOperator: any ForwardOperator, _ images: Tensor)
    throws -> Tensor
  {
    var measurement = try NPY.read(place(ofFile: path)).cast(to: .float32)
    let one = try forwardOperator.measure(images.sliced(axis: 0, from: 0, to: 1)).shape
    let rest = Array(one.dimensions.dropFirst())
    // Images of one channel may leave it out, as everywhere; then one alone may leave out N too.
    let sizes = Array(rest.dropFirst())
    if rest.count == 3, rest[0] == 1, measurement.rank < one.rank,
      Array(measurement.shape.dimensions.suffix(2)) == sizes, measurement.rank >= 2
    {
      measurement = try measurement.reshaped(to: [-1] + rest)
    } else if measurement.rank == one.rank - 1 {
      measurement = try measurement.expanded(axis: 0)
    }
    guard measurement.rank == one.rank, measurement.shape[0] > 0,
      Array(measurement.shape.dimensions.dropFirst()) == rest
    else {
      throw RunError.recipe(
        field: "solve.measurement",
        expected: "[N, \(rest.map(String.init).joined(separator: ", "))], what operator "
          + "'\(forwardOperator.name)' gives of N images",
        got: "\(measurement.shape) in \(path)")
    }
    guard try measurement.floats().allSatisfy(\.isFinite) else {
      throw RunError.recipe(
        field: "solve.measurement", expected: "finite numbers", got: "NaN or infinity in \(path)")
    }
    return measurement
  }

  private func measurementHash(_ path: String) throws -> String {
    SHA256.hexDigest(of: try SafeFile.bytes(of: URL(fileURLWithPath: place(ofFile: path))))
  }

  /// Where a file that the recipe names lies: beside the recipe, unless its path is absolute.
  private func place(ofFile path: String) -> String {
    if path.hasPrefix("/") { return path }
    return recipe.file.parentFolder + "/" + path
  }

  private func posteriorSamples(
    _ label: String, _ solver: DiffusionPosteriorSampling, _ measurement: Tensor, each: Int,
    imageShape: [Int]
  ) throws -> Tensor {
    let begin = DispatchTime.now()
    let repeated = try measurement.repeatedRows(each)
    let batches = batches(of: repeated.shape[0])
    let parts = try batches.enumerated().map { number, batch in
      try solver.sample(
        measurement: repeated.sliced(axis: 0, from: batch.lowerBound, to: batch.upperBound),
        first: batch.lowerBound, imageShape: imageShape, seed: settings.seed
      ) {
        let done = number * solver.steps + $0
        try report(label, step: done, of: batches.count * solver.steps, since: begin)
      }
    }
    progress.finish(label)
    return try joined(parts)
  }
}
