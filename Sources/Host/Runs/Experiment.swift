import Engine
import Foundation
import LuaBridge

/// A whole experiment: data, mirror map, mirror diffusion model and its baseline, samples, inverse problems,
/// numbers and a report. Every part is a ``Stage``: what is done is kept, what is half done goes on.
public struct Experiment {
  let recipe: Recipe
  let settings: ExperimentSettings
  let constraint: any Constraint
  let forwardOperator: (any ForwardOperator)?
  let run: RunDirectory
  let progress: any ProgressReporter

  /// Reads the recipe and opens its run directory.
  ///
  /// - Parameters:
  ///   - output: where the run is kept instead of where the recipe says.
  ///   - seed: instead of the recipe's.
  /// - Throws: what is wrong with the recipe or its plugins; nothing has been written then.
  public init(recipe path: String, output: String? = nil, seed: UInt64? = nil, registry: PluginRegistry,
    progress: any ProgressReporter) throws
  {
    recipe = try registry.recipe(file: path)
    var settings = try ExperimentSettings(recipe)
    if let output { settings.output = output }
    if let seed { settings.seed = seed }
    self.settings = settings
    guard let constraint = try recipe.constraint() else {
      throw RunError.recipe(field: "constraint", expected: "a constraint", got: "nothing")
    }
    self.constraint = constraint
    forwardOperator = try recipe.forwardOperator()
    self.progress = progress
    run = try RunDirectory(URL(fileURLWithPath: settings.output))
  }

  /// Where the run is kept.
  public var directory: URL { run.url }

  /// Runs every stage that is not done.
  ///
  /// - Returns: the numbers, as in `metrics.json`.
  /// - Throws: ``RunError/interrupted(_:)`` when a stop was asked for, and what goes wrong; in either case
  ///   the same call goes on from where it was.
  public func callAsFunction() throws -> ExperimentMetrics {
    try recordOrigin()
    let data = try makeData()
    let namm = try trainMirrorMap(data)
    let mdm = try trainMirrorModel(data, namm)
    let dm = try trainPlainModel(data, budget: namm.seconds + mdm.seconds, after: [namm.stage, mdm.stage])
    let samples = try sample(data, namm, mdm, dm)
    let solutions = try solve(data, namm, mdm, dm)
    return try evaluate(data, namm, mdm, dm, samples, solutions)
  }

  // MARK: What the run is

  /// Keeps what is needed to repeat the run: the recipe, the plugins' sources with their hashes, the seed.
  private func recordOrigin() throws {
    struct Origin: Codable {
      var recipe: String
      var recipeHash: String
      var seed: UInt64
      var threads: Int
      var sources: [String: String]
    }
    var sources: [String: String] = [:]
    for (label, definition) in definitions {
      let bytes = try SafeFile.bytes(of: URL(fileURLWithPath: definition.file))
      sources[definition.file] = SHA256.hexDigest(of: bytes)
      try run.write(String(decoding: bytes, as: UTF8.self), as: "\(label).lua")
    }
    try run.write(
      Origin(
        recipe: recipe.file, recipeHash: sources[recipe.file] ?? "", seed: settings.seed,
        threads: Threads.count, sources: sources), as: "run.json")
  }

  private var definitions: [(label: String, definition: LuaDefinition)] {
    var result = [("recipe", recipe.definition)]
    if let lua = constraint as? LuaConstraint { result.append(("constraint", lua.definition)) }
    if let lua = forwardOperator as? LuaForwardOperator { result.append(("operator", lua.definition)) }
    return result
  }

  /// What the recipe says under a name, as text for fingerprints.
  private func written(_ names: String...) -> [String] {
    names.map { "\($0)=\(recipe.values[$0].canonical)" } + ["seed=\(settings.seed)"]
  }

  /// Everything that decides what a constraint or an operator computes: its source and its parameters.
  private func identity(_ definition: LuaDefinition, _ parameters: LuaTable) throws -> String {
    let source = try SafeFile.bytes(of: URL(fileURLWithPath: definition.file))
    return "\(definition.name) \(SHA256.hexDigest(of: source)) \(parameters.canonical)"
  }

  private func constraintIdentity() throws -> String {
    guard let lua = constraint as? LuaConstraint else { return written("constraint")[0] }
    return try identity(lua.definition, lua.parameters)
  }

  private func operatorIdentity() throws -> String {
    guard let lua = forwardOperator as? LuaForwardOperator else { return written("operator")[0] }
    return try identity(lua.definition, lua.parameters)
  }

  // MARK: Data

  struct Data {
    let stage: Stage
    let train: Tensor
    let test: Tensor
    /// Constraint distances of the training images.
    let distances: Summary
  }

  private func makeData() throws -> Data {
    let source = settings.data
    let folder = (recipe.file as NSString).deletingLastPathComponent
    let place = folder.isEmpty ? "." : folder
    let stage = Stage(
      "data", in: run, ingredients: written("data") + [try source.source.contentHash(relativeTo: place)])
    if try stage.finished(Bool.self) != true {
      try stage.prepare()
      progress.note("data: making \(source.count) images to train on and \(source.testCount) to test with")
      let images = try source.source.images(
        count: source.count, testCount: source.testCount, seed: settings.seed, relativeTo: place)
      try NPY.write(images.train, to: stage.path("train.npy"))
      try NPY.write(images.test, to: stage.path("test.npy"))
      try stage.finish(true)
    }
    let (train, test) = (try NPY.read(stage.path("train.npy")), try NPY.read(stage.path("test.npy")))
    try checkSizes(train)
    let distances = try ConstraintCheck.check(
      constraint, on: train, noise: settings.namm.maximumInverseNoise, seed: settings.seed)
    progress.note(
      "data: \(train.shape), constraint '\(constraint.name)' distance "
        + "min \(short(distances.minimum)), mean \(short(distances.mean)), max \(short(distances.maximum))")
    return Data(stage: stage, train: train, test: test, distances: distances)
  }

  private func checkSizes(_ images: Tensor) throws {
    let levels = settings.mirrorModel.settings.network.multipliers.count
    let divisor = max(4, 1 << (levels - 1))
    guard images.shape[1] == 1 else {
      throw RunError.recipe(field: "data", expected: "images of one channel", got: "\(images.shape)")
    }
    guard images.shape[2] == images.shape[3], images.shape[2] % divisor == 0 else {
      throw RunError.recipe(
        field: "data", expected: "square images with sides divisible by \(divisor)", got: "\(images.shape)")
    }
  }

  // MARK: Training

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
    try Safetensors.write(result.state.average.dictionary, metadata: ["stage": stage.name], to: file)
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

  private func trainMirrorMap(_ data: Data) throws -> TrainedMap {
    let networks = settings.namm.networks
    let stage = Stage(
      "namm", in: run, ingredients: written("namm") + [try constraintIdentity()], after: [data.stage])
    let model = try Parameters(networks.parameters, seed: settings.seed)
    let (parameters, record) = try trained(stage, model: model) {
      try NAMMTrainer(settings.namm, images: data.train, constraint: constraint, seed: settings.seed)
        .task(budget: .steps(settings.nammSteps))
    }
    return TrainedMap(
      stage: stage, map: networks.map(parameters), seconds: record.seconds, steps: record.steps,
      history: record.history)
  }

  private func trainMirrorModel(_ data: Data, _ namm: TrainedMap) throws -> TrainedModel {
    let model = settings.mirrorModel
    let stage = Stage("mdm", in: run, ingredients: written("mdm"), after: [data.stage, namm.stage])
    return try trainModel(stage, model, size: data.train.shape[2], budget: .steps(model.steps ?? 0)) {
      try namm.map.forward(all: data.train)
    }
  }

  private func trainPlainModel(_ data: Data, budget seconds: Double, after stages: [Stage]) throws -> TrainedModel {
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
      try DiffusionTrainer(stage.name, training, images: images(), seed: settings.seed).task(budget: budget)
    }
    return TrainedModel(
      stage: stage, score: DiffusionTrainer.score(training, parameters), seconds: record.seconds,
      steps: record.steps, history: record.history)
  }

  // MARK: Samples

  struct Samples {
    let mdm: Tensor
    let dm: Tensor
    let seconds: Double
  }

  private func sample(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel) throws -> Samples {
    let stage = Stage(
      "samples", in: run, ingredients: written("sample"),
      after: [namm.stage, mdm.stage, dm.stage])
    if let seconds = try stage.finished(Double.self) {
      return Samples(
        mdm: try NPY.read(stage.path("mdm.npy")), dm: try NPY.read(stage.path("dm.npy")), seconds: seconds)
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
    let start = DispatchTime.now()
    let result = try sampler.sample(
      count: sampling.count, imageShape: Array(data.train.shape.dimensions.dropFirst()), seed: settings.seed
    ) { try report(label, step: $0, of: sampling.steps, since: start) }
    progress.finish(label)
    return result
  }

  private func report(_ label: String, step: Int, of total: Int, since start: DispatchTime) throws {
    try Interrupt.check(label)
    progress.step(
      ProgressUpdate(
        stage: label, step: step, total: total, secondsPerStep: start.elapsed / Double(step), values: []))
  }

  // MARK: Inverse problems

  struct Solutions {
    let truth: Tensor
    let measurement: Tensor
    let dps: Tensor
    let cgDPS: Tensor
    let mirrorDPS: Tensor
    let seconds: Double
  }

  private func solve(_ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel) throws -> Solutions? {
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
    let noise = try Tensor.normal(
      keys: RandomKey(seed: settings.seed, stream: 0x6E6F6973).tensor, shape: clean.shape)
    let measurement = try clean + noise * solving.measurementNoise
    let start = DispatchTime.now()
    let sde = settings.mirrorModel.settings.sde
    func solver(_ score: any ScoreModel, _ scale: Double, map: any MirrorMap = IdentityMirrorMap(), weight: Double = 0)
      -> DiffusionPosteriorSampling
    {
      DiffusionPosteriorSampling(
        score: score, sde: sde, forwardOperator: forwardOperator, measurementNoise: solving.measurementNoise,
        guidanceScale: scale, mirrorMap: map, constraint: constraint, constraintWeight: weight,
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
      results.append(
        try solver.sample(
          measurement: measurement, imageShape: Array(truth.shape.dimensions.dropFirst()), seed: settings.seed
        ) { try report(label, step: $0, of: solving.steps, since: begin) })
      progress.finish(label)
    }
    let seconds = start.elapsed
    let all = [("truth", truth), ("measurement", measurement)] + zip(solvers.map(\.0), results)
    for (name, tensor) in all { try NPY.write(tensor, to: stage.path("\(name).npy")) }
    try stage.finish(seconds)
    return Solutions(
      truth: truth, measurement: measurement, dps: results[0], cgDPS: results[1], mirrorDPS: results[2],
      seconds: seconds)
  }

  // MARK: Numbers

  private func evaluate(
    _ data: Data, _ namm: TrainedMap, _ mdm: TrainedModel, _ dm: TrainedModel, _ samples: Samples,
    _ solutions: Solutions?
  ) throws -> ExperimentMetrics {
    let (mirrorSamples, mirrorDistances) = try finiteImages(samples.mdm, "mdm")
    let (plainSamples, plainDistances) = try finiteImages(samples.dm, "dm")
    let (mirror, plain) = (Summary(mirrorDistances), Summary(plainDistances))
    let discrepancy = try MMD(lengthScales: [MMD.medianLengthScale(data.test)])
    func spread(_ summary: Summary) -> ExperimentMetrics.Spread {
      .init(mean: summary.mean, std: summary.standardDeviation)
    }
    let metrics = ExperimentMetrics(
      constraintDistance: .init(data: spread(data.distances), dm: spread(plain), mdm: spread(mirror)),
      mmd: .init(
        dm: try discrepancy.squared(plainSamples, data.test), mdm: try discrepancy.squared(mirrorSamples, data.test)),
      inverse: try solutions.map { solutions in
        ExperimentMetrics.Inverse(
          dps: try score(solutions.dps, solutions), cgDPS: try score(solutions.cgDPS, solutions),
          mirrorDPS: try score(solutions.mirrorDPS, solutions))
      },
      seconds: .init(
        namm: namm.seconds, mdm: mdm.seconds, dm: dm.seconds, sample: samples.seconds,
        solve: solutions?.seconds),
      steps: .init(namm: namm.steps, mdm: mdm.steps, dm: dm.steps),
      diverged: .init(
        dm: samples.dm.shape[0] - plainDistances.count, mdm: samples.mdm.shape[0] - mirrorDistances.count),
      improvement: 1 - mirror.mean / plain.mean, seed: settings.seed)
    try run.write(metrics, as: "metrics.json")
    let report = ExperimentReport(
      settings: settings, constraint: constraint, metrics: metrics, data: data, namm: namm, mdm: mdm, dm: dm,
      mirrorSamples: mirrorSamples, plainSamples: plainSamples, mirrorDistances: mirrorDistances,
      plainDistances: plainDistances, solutions: solutions)
    try report.content().write(to: run.file("report.html").path)
    return metrics
  }

  /// The images whose constraint distance is finite, and these distances.
  private func finiteImages(_ images: Tensor, _ label: String) throws -> (Tensor, [Double]) {
    let distances = try constraint.distances(all: images)
    let good = distances.indices.filter { distances[$0].isFinite }
    if good.count == distances.count { return (images, distances) }
    progress.warn("\(label): \(distances.count - good.count) of \(distances.count) samples diverged")
    guard good.count >= 2 else {
      throw RunError.samplesDiverged(model: label, count: distances.count - good.count, total: distances.count)
    }
    let kept = try good.map { try images.sliced(axis: 0, from: $0, to: $0 + 1) }
    return (try .concatenated(kept, axis: 0), good.map { distances[$0] })
  }

  private func score(_ images: Tensor, _ solutions: Solutions) throws -> ExperimentMetrics.Solver {
    guard let forwardOperator else { throw RunError.recipe(field: "operator", expected: "one", got: "nothing") }
    let distances = try constraint.distances(all: images)
    let good = distances.indices.filter { distances[$0].isFinite }
    func mean(_ values: [Double]) -> Double? {
      good.isEmpty ? nil : good.reduce(0) { $0 + values[$1] } / Double(good.count)
    }
    return .init(
      constraintDistance: mean(distances),
      measurementError: mean(
        try ImageError.measurement(solutions.measurement, images: images) { try forwardOperator.measure($0) }),
      psnr: mean(try ImageError.peakSignalToNoise(images, truth: solutions.truth)),
      diverged: distances.count - good.count)
  }
}

extension DispatchTime {
  /// Seconds since this time.
  var elapsed: Double { Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) * 1e-9 }
}

/// A number for a line of progress.
func short(_ value: Double) -> String { String(format: "%.4g", value) }
