import Engine
import Foundation

/// The numbers of an experiment and its report.
extension Experiment {
  func evaluate(
    _ data: Data, _ namm: TrainedMap, _ finetuned: TrainedMap?, _ mdm: TrainedModel,
    _ dm: TrainedModel, _ samples: Samples,
    _ autoencoders: AutoencoderSamples?, _ solutions: Solutions?
  ) throws -> ExperimentMetrics {
    let (mirrorSamples, mirrorDistances) = try finiteImages(samples.mdm, "mdm")
    let (plainSamples, plainDistances) = try finiteImages(samples.dm, "dm")
    let (mirror, plain) = (Summary(mirrorDistances), Summary(plainDistances))
    let discrepancy = try MMD(lengthScales: [MMD.medianLengthScale(data.test)])
    func subsets(_ samples: Tensor) throws -> ExperimentMetrics.Spread {
      let size = max(2, min(samples.shape[0], data.test.shape[0]) / 2)
      return spread(
        try discrepancy.squared(
          samples, data.test, subsetsOf: size, count: 20, seed: settings.seed))
    }
    func spread(_ summary: Summary) -> ExperimentMetrics.Spread {
      .init(mean: summary.mean, std: summary.standardDeviation)
    }
    func measured(_ images: Tensor, _ label: String) throws -> ExperimentMetrics.Generator {
      let (kept, distances) = try finiteImages(images, label)
      return .init(
        constraintDistance: spread(Summary(distances)),
        mmd: try discrepancy.squared(kept, data.test),
        diverged: images.shape[0] - distances.count)
    }
    let metrics = ExperimentMetrics(
      constraintDistance: .init(
        data: spread(data.distances), dm: spread(plain), mdm: spread(mirror)),
      constraintMetrics: try furtherMetrics(data.train, mirror: mirrorSamples, plain: plainSamples),
      mmd: .init(
        dm: try discrepancy.squared(plainSamples, data.test),
        mdm: try discrepancy.squared(mirrorSamples, data.test),
        dmSubsets: try subsets(plainSamples), mdmSubsets: try subsets(mirrorSamples)),
      energyDistance: .init(
        dm: try EnergyDistance.between(plainSamples, data.test),
        mdm: try EnergyDistance.between(mirrorSamples, data.test)),
      vae: try autoencoders.map { try measured($0.vae, "vae") },
      mvae: try autoencoders.map { try measured($0.mvae, "mvae") },
      inverse: try solutions.map { solutions in
        ExperimentMetrics.Inverse(
          dps: try score(solutions.dps, solutions), cgDPS: try score(solutions.cgDPS, solutions),
          mirrorDPS: try score(solutions.mirrorDPS, solutions))
      },
      seconds: .init(
        namm: namm.seconds, mdm: mdm.seconds, finetune: finetuned?.seconds, dm: dm.seconds,
        sample: samples.seconds, solve: solutions?.seconds),
      steps: .init(namm: namm.steps, mdm: mdm.steps, finetune: finetuned?.steps, dm: dm.steps),
      diverged: .init(
        dm: samples.dm.shape[0] - plainDistances.count,
        mdm: samples.mdm.shape[0] - mirrorDistances.count),
      improvement: plain.mean > 0 ? 1 - mirror.mean / plain.mean : 0, seed: settings.seed)
    try run.write(metrics, as: "metrics.json")
    for text in comparisonWarnings(metrics) { progress.warn(text) }
    let report = ExperimentReport(
      settings: settings, recipe: recipe, constraint: constraint,
      forwardOperator: forwardOperator, warnings: warnings.warnings,
      noise: forwardOperator.flatMap { settings.solving?.noise(of: $0) }, metrics: metrics,
      data: data, namm: namm, finetuned: finetuned, mdm: mdm, dm: dm,
      mirrorSamples: mirrorSamples, plainSamples: plainSamples, mirrorDistances: mirrorDistances,
      plainDistances: plainDistances, solutions: solutions)
    try report.content().write(to: run.file("report.html").path)
    return metrics
  }

  /// What makes the comparison of both diffusion models less than fair.
  private func comparisonWarnings(_ metrics: ExperimentMetrics) -> [String] {
    var texts: [String] = []
    let (ours, theirs) = (metrics.mirrorSeconds, metrics.seconds.dm)
    if !metrics.isOfEqualTime {
      texts.append(
        String(
          format:
            "dm trained for %.0f s, the mirror map and mdm for %.0f s: not a comparison at equal time",
          theirs, ours))
    }
    // Of the same network and batch, a step takes as long, unless the machine is busy with something else.
    let (mirror, plain) = (settings.mirrorModel.settings, settings.plainModel.settings)
    let isAlike = mirror.network == plain.network && mirror.batchSize == plain.batchSize
    let (mdmStep, dmStep) = (
      metrics.seconds.mdm / Double(max(metrics.steps.mdm, 1)),
      theirs / Double(max(metrics.steps.dm, 1))
    )
    if settings.plainModel.steps == nil, isAlike, min(mdmStep, dmStep) > 0,
      max(mdmStep, dmStep) / min(mdmStep, dmStep) > 1.5
    {
      texts.append(
        String(
          format:
            "a step of dm took %.0f ms, one of mdm %.0f ms: the machine was busy with something else, "
            + "and equal time was not equal work; dm.steps trains by steps", dmStep * 1e3,
          mdmStep * 1e3))
    }
    return texts
  }

  /// The constraint's further numbers, of data and samples; `nil` where it has none.
  private func furtherMetrics(_ data: Tensor, mirror: Tensor, plain: Tensor) throws
    -> [String: ExperimentMetrics.Further]?
  {
    var result: [String: ExperimentMetrics.Further] = [:]
    func add(
      _ images: Tensor,
      _ place: WritableKeyPath<ExperimentMetrics.Further, ExperimentMetrics.Spread?>
    ) throws {
      for (name, values) in try constraint.metrics(all: images) {
        let summary = Summary(values)
        result[name, default: .init()][keyPath: place] =
          summary.count > 0 ? .init(mean: summary.mean, std: summary.standardDeviation) : nil
      }
    }
    try add(data, \.data)
    try add(mirror, \.mdm)
    try add(plain, \.dm)
    return result.isEmpty ? nil : result
  }

  /// The images that did not diverge, and their constraint distances.
  func finiteImages(_ images: Tensor, _ label: String) throws -> (Tensor, [Double]) {
    let (distances, good) = try constraint.finiteDistances(all: images)
    if good.count == distances.count { return (images, distances) }
    progress.warn(
      "\(label): \(distances.count - good.count) of \(distances.count) samples diverged")
    guard good.count >= 2 else {
      throw RunError.samplesDiverged(
        model: label, count: distances.count - good.count, total: distances.count)
    }
    return (try images.rows(good), good.map { distances[$0] })
  }

  /// The means over one solver's images; those that diverged are left out.
  func score(_ images: Tensor, _ solutions: Solutions) throws -> ExperimentMetrics.Solver {
    guard let forwardOperator else {
      throw RunError.recipe(field: "operator", expected: "one", got: "nothing")
    }
    let (distances, good) = try constraint.finiteDistances(all: images)
    func mean(_ values: [Double]) -> Double? {
      let finite = good.map { values[$0] }.filter(\.isFinite)
      return finite.isEmpty ? nil : finite.reduce(0, +) / Double(finite.count)
    }
    let each = solutions.samplesEach
    let errors = try ImageError.measurement(
      solutions.measurement.repeatedRows(each), images: images
    ) { try forwardOperator.measure($0) }
    var result = ExperimentMetrics.Solver(
      constraintDistance: mean(distances), measurementError: mean(errors),
      diverged: distances.count - good.count)
    let further = try constraint.metrics(all: images).compactMap { name, values in
      mean(values).map { (name, $0) }
    }
    if !further.isEmpty {
      result.constraintMetrics = Dictionary(further) { first, _ in first }
    }
    guard let truth = solutions.truth else { return result }
    let repeated = try truth.repeatedRows(each)
    result.psnr = mean(try ImageError.peakSignalToNoise(images, truth: repeated))
    if min(truth.shape[2], truth.shape[3]) > 2 * StructuralSimilarity.radius {
      result.ssim = mean(try StructuralSimilarity.mean(images, truth: repeated))
    }
    // An ensemble with a diverged member says nothing.
    if each >= 2, good.count == distances.count {
      let scores = try EnsembleScore.scores(images, truth: truth, each: each)
      func average(_ part: (EnsembleScore) -> Double) -> Double {
        scores.reduce(0) { $0 + part($1) } / Double(scores.count)
      }
      result.crps = average(\.crps)
      // Variances and squared errors are averaged, not their roots.
      result.spread = average { $0.spread * $0.spread }.squareRoot()
      result.skill = average { $0.skill * $0.skill }.squareRoot()
    }
    return result
  }
}
