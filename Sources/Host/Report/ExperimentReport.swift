import Engine
import Foundation

/// Turns the results of an experiment into a page.
struct ExperimentReport {
  let settings: ExperimentSettings
  let constraint: any Constraint
  /// What measurements differ by; `nil` where nothing is measured.
  let noise: (any NoiseModel)?
  let metrics: ExperimentMetrics
  let data: Experiment.Data
  let namm: Experiment.TrainedMap
  let finetuned: Experiment.TrainedMap?
  let mdm: Experiment.TrainedModel
  let dm: Experiment.TrainedModel
  let mirrorSamples: Tensor
  let plainSamples: Tensor
  let mirrorDistances: [Double]
  let plainDistances: [Double]
  let solutions: Experiment.Solutions?

  /// Pictures shown of each set.
  private let pictureCount = 12

  func content() throws -> ReportContent {
    var sections = [overview()]
    sections.append(try sampleSection())
    if let solutions { sections.append(try inverseSection(solutions)) }
    sections.append(trainingSection())
    sections.append(settingsSection())
    return ReportContent(
      title: settings.name, subtitle: settings.summary, sections: sections,
      footer: "Seed \(settings.seed). Made by moonglass.")
  }

  private func overview() -> ReportContent.Section {
    let distances = metrics.constraintDistance
    let percent = String(format: "%.0f %%", abs(metrics.improvement) * 100)
    let highlights = Highlights([
      .init(
        percent,
        metrics.improvement >= 0 ? "lower constraint distance" : "higher constraint distance",
        note:
          "mirror diffusion model against the plain one, mean over \(mirrorDistances.count) samples"
      ),
      .init(
        Table.cell(distances.mdm.mean), "mirror diffusion (MDM)", note: "mean constraint distance"),
      .init(Table.cell(distances.dm.mean), "plain diffusion (DM)", note: "same training time"),
    ])
    func row(
      _ name: String, _ spread: ExperimentMetrics.Spread, _ mmd: Double?, _ steps: String,
      _ seconds: Double?
    )
      -> [String]
    {
      [
        name, Table.cell(spread.mean), Table.cell(spread.std), mmd.map { Table.cell($0) } ?? "–",
        steps,
        seconds.map { String(format: "%.0f", $0) } ?? "–",
      ]
    }
    func row(_ name: String, _ generator: ExperimentMetrics.Generator?) -> [[String]] {
      generator.map { [row(name, $0.constraintDistance, $0.mmd, "–", nil)] } ?? []
    }
    let table = Table(
      headers: ["", "constraint distance", "std", "MMD²", "training steps", "training s"],
      rows: [
        row("data", distances.data, nil, "–", nil),
        row("DM", distances.dm, metrics.mmd.dm, "\(metrics.steps.dm)", metrics.seconds.dm),
        row(
          "MDM", distances.mdm, metrics.mmd.mdm,
          "\(metrics.steps.namm) NAMM + \(metrics.steps.mdm)"
            + (metrics.steps.finetune.map { " + \($0) finetune" } ?? ""),
          metrics.seconds.namm + metrics.seconds.mdm + (metrics.seconds.finetune ?? 0)),
      ] + row("VAE", metrics.vae) + row("MVAE", metrics.mvae), emphasized: [2],
      caption:
        "Constraint '\(constraint.name)'. \(metrics.diverged.dm) DM and \(metrics.diverged.mdm) MDM "
        + "samples were not finite and are left out.")
    return .init("Result", [highlights, table])
  }

  private func sampleSection() throws -> ReportContent.Section {
    func panel(_ label: String, _ images: Tensor, _ distances: [Double]?) throws -> SampleGrid.Panel
    {
      let count = min(pictureCount, images.shape[0])
      return .init(
        label, try Picture.pictures(of: images, first: count),
        caption: distances.map { "mean distance \(Table.cell(Summary($0).mean))" })
    }
    let grid = SampleGrid(
      [
        try panel("Data", data.train, nil),
        try panel("Plain diffusion (DM)", plainSamples, plainDistances),
        try panel("Mirror diffusion (MDM)", mirrorSamples, mirrorDistances),
      ], columns: 4)
    let histogram = HistogramChart(
      "Constraint distances of samples", xLabel: "constraint distance",
      series: [.init("MDM", mirrorDistances), .init("DM", plainDistances)])
    return .init("Samples", [grid, histogram])
  }

  private func inverseSection(_ solutions: Experiment.Solutions) throws -> ReportContent.Section {
    let count = min(4, solutions.measurement.shape[0])
    func pictures(_ images: Tensor) throws -> [Picture?] {
      try Picture.pictures(of: images, first: count)
    }
    /// The first sample of each measurement.
    func firsts(_ images: Tensor) throws -> [Picture?] {
      let all = try Picture.pictures(of: images)
      return (0..<count).map { all[$0 * solutions.samplesEach] }
    }
    let measured: [Picture?] =
      solutions.measurement.rank == 4 && solutions.measurement.shape[1] == 1
      ? try pictures(solutions.measurement) : (0..<count).map { _ in nil }
    let truths = try solutions.truth.map { [try pictures($0)] } ?? []
    let columns =
      truths + [
        measured, try firsts(solutions.dps), try firsts(solutions.cgDPS),
        try firsts(solutions.mirrorDPS),
      ]
    let rows = (0..<count).map { index in
      ImageGrid.Row("case \(index + 1)", columns.map { $0[index] })
    }
    var blocks: [any ReportBlock] = [
      ImageGrid(
        columns: (truths.isEmpty ? [] : ["truth"])
          + ["measurement", "DPS", "CG-DPS", "mirror DPS"], rows: rows)
    ]
    if let inverse = metrics.inverse {
      func ratio(_ spread: Double?, _ skill: Double?) -> String {
        guard let spread, let skill, skill > 0 else { return "–" }
        return Table.cell(spread / skill)
      }
      func row(_ name: String, _ solver: ExperimentMetrics.Solver) -> [String] {
        [
          name, solver.constraintDistance.map { Table.cell($0) } ?? "–",
          solver.measurementError.map { Table.cell($0) } ?? "–",
          solver.psnr.map { String(format: "%.1f", $0) } ?? "–",
          solver.ssim.map { String(format: "%.3f", $0) } ?? "–",
          solver.crps.map { Table.cell($0) } ?? "–",
          ratio(solver.spread, solver.skill),
          "\(solver.diverged)",
        ]
      }
      blocks.append(
        Table(
          headers: [
            "solver", "constraint distance", "measurement error", "PSNR (dB)", "SSIM", "CRPS",
            "spread / skill", "diverged",
          ],
          rows: [
            row("DPS", inverse.dps), row("CG-DPS", inverse.cgDPS),
            row("mirror DPS", inverse.mirrorDPS),
          ],
          emphasized: [2],
          caption:
            "Means over \(solutions.measurement.shape[0]) cases with \(solutions.samplesEach) sample(s) each. "
            + "Noise of measurements: \(noise?.summary ?? "none")."
        ))
    }
    return .init("Inverse problem", blocks)
  }

  private func trainingSection() -> ReportContent.Section {
    func points(_ history: [LossRecord], _ value: (LossRecord) -> Double) -> [(
      x: Double, y: Double
    )] {
      history.map { (Double($0.step), value($0)) }
    }
    var mirror = [LineChart.Series("loss", points(namm.history) { $0.loss })]
    for (index, name) in NAMMTrainer.partNames.enumerated() {
      mirror.append(
        .init(name, points(namm.history.filter { index < $0.parts.count }) { $0.parts[index] }))
    }
    func keptBack(_ records: [LossRecord], _ name: String) -> [LineChart.Series] {
      records.isEmpty ? [] : [.init(name, points(records) { $0.loss })]
    }
    mirror += keptBack(namm.validation, "loss, kept back")
    var charts = [
      LineChart("Mirror map", xLabel: "step", yLabel: "loss", series: mirror, isLogarithmic: true)
    ]
    if let finetuned {
      charts.append(
        LineChart(
          "Finetuning of the inverse map", xLabel: "step", yLabel: "loss",
          series: [.init("loss", points(finetuned.history) { $0.loss })], isLogarithmic: true))
    }
    let scores = [
      LineChart.Series("MDM", points(mdm.history) { $0.loss }),
      LineChart.Series("DM", points(dm.history) { $0.loss }),
    ]
    charts.append(
      LineChart(
        "Diffusion models", xLabel: "step", yLabel: "denoising score matching loss",
        series: scores + keptBack(mdm.validation, "MDM, kept back")
          + keptBack(dm.validation, "DM, kept back"),
        isLogarithmic: true))
    return .init("Training", charts)
  }

  private func settingsSection() -> ReportContent.Section {
    let inverse = settings.namm.networks.inverse
    let forward = settings.namm.networks.forward
    let network = settings.mirrorModel.settings.network
    let loss = settings.namm.loss
    var entries: [(name: String, value: String)] = [
      ("seed", "\(settings.seed)"), ("data", settings.data.source.summary),
      ("training images", "\(data.train.shape[0])"), ("constraint", constraint.source),
      (
        "forward map",
        "ICNN, \(forward.layers) layers of \(forward.filters) filters, α \(forward.strongConvexity)"
      ),
      ("inverse map", "ResNet, width \(inverse.width), \(inverse.blockCount) blocks"),
      ("λ constraint", "\(loss.constraintWeight)"),
      ("λ regulariser", "\(loss.regularizerWeight) (\(loss.regularizer.rawValue))"),
      ("σ max", "\(settings.namm.maximumInverseNoise)"),
      ("NAMM batch, rate", "\(settings.namm.batchSize), \(settings.namm.optimizer.learningRate)"),
      (
        "score network",
        "width \(network.width), multipliers \(network.multipliers), \(network.blocks) blocks"
      ),
      (
        "diffusion batch, rate",
        "\(settings.mirrorModel.settings.batchSize), \(settings.mirrorModel.settings.optimizer.learningRate)"
      ),
      ("sampling", "\(settings.sampling.method.rawValue), \(settings.sampling.steps) steps"),
    ]
    if let solving = settings.solving {
      entries += [
        ("solver steps", "\(solving.steps)"), ("measurement noise", noise?.summary ?? "none"),
        (
          "ζ of DPS, CG-DPS, mirror DPS",
          "\(solving.plainScale), \(solving.guidedScale), \(solving.mirrorScale)"
        ),
        ("largest guidance step (rms)", "\(solving.guidanceLimit)"),
        ("weight of CG-DPS", "\(solving.constraintWeight)"),
      ]
    }
    return .init("Settings", [Settings("What was run", entries)])
  }
}
