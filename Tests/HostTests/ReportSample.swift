import Engine
import Foundation

@testable import Host

/// A report of made-up numbers, with everything a report can hold.
enum ReportSample {
  static func content() throws -> ReportContent {
    var random = SeededRandom(seed: 1, stream: 0)
    let holes = try Picture.pictures(of: BlackHoleDataset().generate(count: 27, seed: 3))
    func noisy(_ picture: Picture, _ level: Double, caption: String? = nil) -> Picture {
      Picture(
        pixels: picture.pixels.map { max(0, $0 + level * random.normal()) }, height: 64, width: 64,
        caption: caption)
    }
    let baseline = holes[9..<18].map { noisy($0, 0.02) }
    let ours = holes[18..<27].map { noisy($0, 0.004) }
    func losses(_ start: Double, _ end: Double) -> [(x: Double, y: Double)] {
      (0..<3000).map { step in
        let mean = end + (start - end) * exp(-Double(step) / 400)
        return (Double(step), mean * exp(0.25 * random.normal()))
      }
    }
    let (cycle, constraint) = (losses(0.4, 0.006), losses(12, 0.02))
    let distances = (0..<500).map { _ in exp(-0.2 + 0.8 * random.normal()) }
    let ourDistances = (0..<500).map { _ in exp(-5 + 0.6 * random.normal()) } + [0, .nan]
    let rows = (0..<3).map { index in
      let truth = holes[index]
      return ImageGrid.Row(
        "image \(index + 1)",
        [
          truth, measured(truth), noisy(truth, 0.05, caption: "error 0.084"),
          noisy(truth, 0.03, caption: "error 0.061"), noisy(truth, 0.008, caption: "error 0.032"),
        ])
    }
    return ReportContent(
      title: "Black holes of one brightness",
      subtitle:
        "A mirror-space diffusion model under the constraint total_flux, beside its baselines",
      sections: [
        .init(
          "Result",
          [
            Highlights([
              .init("122×", "smaller constraint distance", note: "median of 500 samples"),
              .init("0.0031", "MMD² to held-out data", note: "baseline 0.0046"),
              .init("0.032", "measurement error", note: "DPS 0.084 · CG-DPS 0.061"),
            ]),
            Table(
              headers: ["method", "constraint distance", "MMD²", "PSNR, dB", "diverged"],
              rows: [
                ["data", Table.cell(3.1e-6), "0", "", "0"], ["DM", "0.82", "0.0046", "24.1", "3"],
                ["DM, projected", "0", "0.0052", "24.3", "3"],
                ["MDM (ours)", Table.cell(0.0067), "0.0031", "29.8", "0"],
              ], emphasized: [3]),
          ]),
        .init(
          "Samples", text: "Nine of each, not chosen. Colours are the same in all three panels.",
          [
            SampleGrid(
              [
                .init("Data", Array(holes[0..<9]), caption: "held out"),
                .init("DM", Array(baseline), caption: "in the data's own space"),
                .init("MDM (ours)", Array(ours), caption: "in the mirror space, mapped back"),
              ], columns: 3, label: "brightness")
          ]),
        .init(
          "Constraint distance",
          text: "How far every sample is from the constraint set. Further left is better.",
          [
            SideBySide([
              HistogramChart(
                "Samples of both models", xLabel: "constraint distance",
                series: [.init("MDM (ours)", ourDistances), .init("DM", distances)]),
              HistogramChart(
                "Reconstructions", xLabel: "measurement error",
                series: [
                  .init("mirror DPS (ours)", distances.map { 0.03 * $0.squareRoot() }),
                  .init("DPS", distances.map { 0.08 * $0.squareRoot() }),
                ], isLogarithmic: false),
            ])
          ]),
        .init(
          "Inverse problem", text: "Blurred and noisy measurements of three images.",
          [
            ImageGrid(
              columns: ["truth", "measurement", "DPS", "CG-DPS", "mirror DPS (ours)"], rows: rows,
              label: "brightness")
          ]),
        .init(
          "Training",
          [
            SideBySide([
              LineChart(
                "Losses of the mirror map", xLabel: "step", yLabel: "loss",
                series: [.init("cycle", cycle), .init("constraint", constraint)],
                isLogarithmic: true),
              LineChart(
                "Score matching", xLabel: "epoch", yLabel: "loss",
                series: [.init("train", (0..<40).map { (Double($0), 0.1 + exp(-Double($0) / 9)) })]),
            ])
          ]),
        .init(
          "Settings",
          [
            Settings(
              "Recipe",
              [("dataset", "black_hole, size 64, total 120"), ("seed", "1"), ("steps", "3000")]),
            Settings(
              "Versions", [("moonglass", "0.1.0"), ("plugin", "sha256 9f43…90f8")], isFolded: true),
          ]),
      ], footer: "Moonglass 0.1.0 · seed 1 · made-up numbers")
  }

  /// A coarse picture with a scale of its own, as a measurement would be.
  private static func measured(_ picture: Picture) -> Picture {
    var coarse = [Double](repeating: 0, count: 256)
    for (index, value) in picture.pixels.enumerated() {
      coarse[index / 256 * 16 + index % 64 / 4] += value / 16
    }
    return Picture(
      pixels: coarse, height: 16, width: 16, range: 0...(coarse.max() ?? 1))
  }
}
