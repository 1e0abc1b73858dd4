import Engine
import Foundation

/// Turns the results of an experiment into a page.
struct ExperimentReport {
  let settings: ExperimentSettings
  let recipe: Recipe
  let constraint: any Constraint
  let forwardOperator: (any ForwardOperator)?
  /// What was warned of on the way.
  let warnings: [String]
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

  /// Pictures shown of each set, and channels of these.
  private let pictureCount = 12
  private let channelCount = 4

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
        note: "mirror diffusion model against the plain one, mean over "
          + "\(mirrorDistances.count) samples" + (isWithinError ? ReportTexts.withinError : "")
      ),
      .init(
        Table.cell(distances.mdm.mean), "mirror diffusion (MDM)", note: "mean constraint distance"),
      .init(
        Table.cell(distances.dm.mean), "plain diffusion (DM)",
        note: String(
          format: metrics.isOfEqualTime
            ? "trained for %.0f s, as MDM with its map (%.0f s)"
            : "trained for %.0f s, MDM with its map for %.0f s: not equal time",
          metrics.seconds.dm, metrics.mirrorSeconds)),
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
      caption: "Constraint '\(constraint.name)'." + divergedSentence)
    var blocks: [any ReportBlock] = [highlights, table]
    if let further = furtherTable() { blocks.append(further) }
    return .init("Result", text: ReportTexts.result, blocks)
  }

  /// Whether the two mean distances differ by no more than two standard errors of their difference.
  private var isWithinError: Bool {
    let distances = metrics.constraintDistance
    return ExperimentReport.isWithinError(
      (distances.mdm, mirrorDistances.count), (distances.dm, plainDistances.count))
  }

  static func isWithinError(
    _ a: (spread: ExperimentMetrics.Spread, count: Int),
    _ b: (spread: ExperimentMetrics.Spread, count: Int)
  ) -> Bool {
    func variance(_ side: (spread: ExperimentMetrics.Spread, count: Int)) -> Double {
      side.spread.std * side.spread.std / Double(max(side.count - 1, 1))
    }
    return abs(a.spread.mean - b.spread.mean) <= 2 * (variance(a) + variance(b)).squareRoot()
  }

  /// What is left out of the numbers; empty where that is nothing.
  private var divergedSentence: String {
    let counts = [("DM", metrics.diverged.dm), ("MDM", metrics.diverged.mdm)].filter { $0.1 > 0 }
    guard !counts.isEmpty else { return "" }
    let parts = counts.map { "\($0.1) \($0.0)" }.joined(separator: " and ")
    return " \(parts) samples were not finite and are left out."
  }

  /// What the constraint says beside the distance; `nil` where that is nothing.
  private func furtherTable() -> Table? {
    guard let further = metrics.constraintMetrics else { return nil }
    func cell(_ spread: ExperimentMetrics.Spread?) -> String {
      spread.map { "\(Table.cell($0.mean)) ± \(Table.cell($0.std))" } ?? "–"
    }
    return Table(
      headers: ["mean ± std", "data", "DM", "MDM"],
      rows: further.sorted { $0.key < $1.key }.map { name, values in
        [name, cell(values.data), cell(values.dm), cell(values.mdm)]
      }, caption: "Further numbers of constraint '\(constraint.name)': its metrics, and its parts.")
  }

  /// The channels that are shown, with what their pictures are called; no name where there is one only.
  private func channels(of images: Tensor) -> [(index: Int, label: String?)] {
    let count = images.shape[1]
    return (0..<min(count, channelCount)).map {
      ($0, count > 1 ? "channel \($0 + 1) of \(count)" : nil)
    }
  }

  private func sampleSection() throws -> ReportContent.Section {
    func panel(_ label: String, _ images: Tensor, _ channel: Int, _ distances: [Double]?) throws
      -> SampleGrid.Panel
    {
      let count = min(pictureCount, images.shape[0])
      return .init(
        label, try Picture.pictures(of: images, first: count, channel: channel),
        caption: distances.map { "mean distance \(Table.cell(Summary($0).mean))" })
    }
    var blocks: [any ReportBlock] = try channels(of: data.train).map { channel, label in
      SampleGrid(
        [
          try panel("Data", data.train, channel, nil),
          try panel("Plain diffusion (DM)", plainSamples, channel, plainDistances),
          try panel("Mirror diffusion (MDM)", mirrorSamples, channel, mirrorDistances),
        ], columns: 4, label: label)
    }
    let histogram = HistogramChart(
      "Constraint distances of samples", xLabel: "constraint distance",
      series: [.init("MDM", mirrorDistances), .init("DM", plainDistances)])
    blocks.append(histogram)
    return .init("Samples", blocks)
  }

  private func inverseSection(_ solutions: Experiment.Solutions) throws -> ReportContent.Section {
    var blocks: [any ReportBlock] = try channels(of: solutions.dps).map { channel, label in
      try inverseGrid(solutions, channel: channel, label: label)
    }
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
          solver.diverged > 0 ? "\(solver.diverged)" : "–",
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
        ).withoutEmptyColumns("–"))
    }
    return .init("Inverse problem", text: ReportTexts.inverse, blocks)
  }

  /// The first cases, method by method, coloured on the scale of the training images.
  private func inverseGrid(_ solutions: Experiment.Solutions, channel: Int, label: String?) throws
    -> ImageGrid
  {
    let count = min(4, solutions.measurement.shape[0])
    /// The first sample of each measurement.
    func firsts(_ images: Tensor) throws -> [Picture?] {
      let all = try Picture.pictures(of: images, channel: channel)
      return (0..<count).map { all[$0 * solutions.samplesEach] }
    }
    let scale = try Picture.pictures(of: data.train, first: 64, channel: channel).range
    let truths = try solutions.truth.map {
      [try Picture.pictures(of: $0, first: count, channel: channel) as [Picture?]]
    }
    let columns =
      try (truths ?? []) + [
        measuredPictures(solutions, count: count, channel: channel, scale: scale),
        firsts(solutions.dps), firsts(solutions.cgDPS), firsts(solutions.mirrorDPS),
      ]
    return ImageGrid(
      columns: (truths == nil ? [] : ["truth"]) + ["measurement", "DPS", "CG-DPS", "mirror DPS"],
      rows: (0..<count).map { index in
        ImageGrid.Row("case \(index + 1)", columns.map { $0[index] })
      }, range: scale, label: label)
  }

  /// Measurements that are pictures of as many channels as the images, else of one; those of other units, such
  /// as line integrals, have a scale of their own.
  private func measuredPictures(
    _ solutions: Experiment.Solutions, count: Int, channel: Int, scale: ClosedRange<Double>
  ) throws -> [Picture?] {
    let measurement = solutions.measurement
    guard measurement.rank == 4, [1, solutions.dps.shape[1]].contains(measurement.shape[1]) else {
      return (0..<count).map { _ in nil }
    }
    var pictures = try Picture.pictures(
      of: measurement, first: count, channel: min(channel, measurement.shape[1] - 1))
    let own = pictures.range
    let margin = scale.upperBound - scale.lowerBound
    if own.lowerBound < scale.lowerBound - margin || own.upperBound > scale.upperBound + margin {
      for index in pictures.indices {
        pictures[index].range = own
        pictures[index].caption =
          "own scale, \(Table.cell(own.lowerBound)) … \(Table.cell(own.upperBound))"
      }
    }
    return pictures
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
}
