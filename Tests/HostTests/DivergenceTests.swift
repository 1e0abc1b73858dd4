import Engine
import Foundation
import Testing

@testable import Host

/// Samples that are not finite where the constraint does not look.
@Suite struct DivergenceTests {
  /// Looks at the first column alone.
  private static let files = [
    "first.lua": """
    return mg.constraint {
      name = "first",
      distance = function(x) return x[{ {}, {}, {}, { 1, 1 } }]:abs():mean { 2, 3, 4 } end,
    }
    """,
    "tiny.lua": """
    return mg.recipe {
      data = { "burgers", count = 8, test = 4, size = 16 },
      constraint = "first.lua",
      operator = { "first_columns", count = 4 },
    }
    """,
  ]

  /// `count` images of 16×16; image 1 has a pixel that is no number, image 2 an infinite distance.
  private func images(_ count: Int) -> Tensor {
    var values = (0..<count * 256).map { Float($0 % 7) }
    values[256 + 9] = .nan
    values[2 * 256] = .infinity
    return Tensor(values, shape: [count, 1, 16, 16])
  }

  private func withExperiment(_ body: (Experiment) throws -> Void) throws {
    try withPluginFiles(Self.files) { folder in
      try body(
        Experiment(
          recipe: "\(folder)/tiny.lua", output: "\(folder)/run", registry: standardRegistry(),
          progress: SilentProgress()))
    }
  }

  @Test func samplesWithSuchPixelsAreLeftOut() throws {
    try withExperiment { experiment in
      let (kept, distances) = try experiment.finiteImages(images(5), "dm")
      #expect(distances.count == 3 && distances.allSatisfy(\.isFinite))
      let expected = try images(5).rows([0, 3, 4])
      #expect(try kept.shape == expected.shape && kept.floats() == expected.floats())
      // What is kept can be measured.
      _ = try MMD(lengthScales: [1]).squared(kept, kept)
      #expect(throws: RunError.self) { try experiment.finiteImages(images(3), "dm") }
      let good = try images(5).rows([3, 4])
      #expect(try experiment.finiteImages(good, "dm").0.floats() == good.floats())
    }
  }

  /// The numbers of solutions can be written, and say how many diverged.
  @Test func solutionsWithSuchPixelsAreLeftOut() throws {
    try withExperiment { experiment in
      func scored(_ images: Tensor) throws -> ExperimentMetrics.Solver {
        let truth = Tensor((0..<512).map { Float($0 % 5) }, shape: [2, 1, 16, 16])
        return try experiment.score(
          images,
          Experiment.Solutions(
            stage: Stage("solutions", in: experiment.run, ingredients: []), truth: truth,
            measurement: .full(0.5, shape: [2, 1, 16, 4]), samplesEach: 2,
            dps: images, cgDPS: images, mirrorDPS: images, seconds: 0))
      }
      let spoiled = try scored(images(4))
      #expect(spoiled.diverged == 2)
      #expect(spoiled.crps == nil && spoiled.psnr?.isFinite == true)
      _ = try SafeFile.json(spoiled, for: URL(fileURLWithPath: "metrics.json"))
      let whole = try scored(images(6).rows([0, 3, 4, 5]))
      #expect(whole.diverged == 0 && whole.crps?.isFinite == true)
    }
  }
}
