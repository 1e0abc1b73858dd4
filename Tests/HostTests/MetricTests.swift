import Engine
import Foundation
import Testing

@testable import Host

@Suite struct MetricTests {
  @Test func discrepancyOfTwoPointsByHand() throws {
    let x = Tensor([0, 0, 1, 0] as [Double], shape: [2, 2])
    let y = Tensor([0, 2, 1, 2] as [Double], shape: [2, 2])
    let mmd = try MMD(lengthScales: [1])
    // Squared distances: 1 within, 4 and 5 across.
    let within = exp(-0.5)
    let across = (exp(-2) + exp(-2.5)) / 2
    #expect(abs(try mmd.squared(x, y, estimator: .unbiased) - (2 * within - 2 * across)) < 1e-15)
    let biased = (1 + within) - 2 * across
    #expect(abs(try mmd.squared(x, y, estimator: .biased) - biased) < 1e-15)
    #expect(abs(try mmd.squared(x, x, estimator: .biased)) < 1e-15)
    #expect(try MMD.medianLengthScale(x) == 0.5.squareRoot())
    #expect(try MMD.medianHeuristic(x, y).lengthScales == [(4.0 / 2).squareRoot()])
  }

  @Test func distanceOfLongRowsIsTheSum() throws {
    // 19 numbers a row: two blocks of eight and a rest of three.
    let x = Tensor((0..<38).map { Double($0) }, shape: [2, 19])
    #expect(try MMD.medianLengthScale(x) == (19 * 19 * 19 / 2.0).squareRoot())
  }

  @Test func badSamplesAreRefused() throws {
    let mmd = try MMD(lengthScales: [1])
    let good = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    #expect(throws: EngineError.self) { try MMD(lengthScales: []) }
    #expect(throws: EngineError.self) { try MMD(lengthScales: [0]) }
    #expect(throws: EngineError.self) {
      try mmd.squared(good, Tensor([.nan, 1] as [Float], shape: [1, 2]))
    }
    #expect(throws: EngineError.self) {
      try mmd.squared(good, Tensor([1] as [Float], shape: [1, 1]))
    }
    #expect(throws: EngineError.self) {
      try mmd.squared(good, Tensor([1, 1] as [Float], shape: [1, 2]))
    }
    #expect(throws: EngineError.self) {
      try mmd.squared(good, Tensor([] as [Float], shape: [0, 2]))
    }
  }

  @Test(.enabled(if: GoldenFiles.reference != nil, "reference values are not at hand"))
  func discrepancyAgreesWithTheReference() throws {
    let folder = try #require(GoldenFiles.reference)
    let golden = try Safetensors.read(folder + "/mmd.safetensors").tensors
    func value(_ name: String) throws -> Tensor { try #require(golden[name]) }
    let (x, y) = (try value("X"), try value("Y"))
    func expectClose(_ got: Double, _ name: String) throws {
      let expected = try value(name).item()
      #expect(abs(got - expected) < 1e-4 * abs(expected) + 1e-6, "\(name): \(got), not \(expected)")
    }
    let scales = try value("length_scales").doubles()
    let kernels = [("mix", scales)] + scales.enumerated().map { ("l\($0)", [$1]) }
    for (name, scales) in kernels {
      let mmd = try MMD(lengthScales: scales)
      for estimator in MMD.Estimator.allCases {
        try expectClose(
          mmd.squared(x, y, estimator: estimator), "mmd2/\(name)_\(estimator.rawValue)")
      }
    }
    try expectClose(MMD.medianLengthScale(x), "estimate_sigma/X")
    try expectClose(MMD.medianHeuristic(x, y).lengthScales[0], "estimate_sigma/pooled")
  }

  @Test func imageErrorsByHand() throws {
    let truth = Tensor([0, 1, 2, 4, 5, 5, 5, 5] as [Float], shape: [2, 1, 2, 2])
    let other = Tensor([0, 1, 2, 2, 5, 5, 5, 5] as [Float], shape: [2, 1, 2, 2])
    #expect(try ImageError.rootMeanSquare(other, truth) == [1, 0])
    let ratio = try ImageError.peakSignalToNoise(other, truth: truth)
    #expect(abs(ratio[0] - 20 * log10(4)) < 1e-12)
    #expect(abs(try ImageError.peakSignalToNoise(other, truth: truth, peak: 10)[0] - 20) < 1e-12)
    #expect(try ImageError.peakSignalToNoise(truth, truth: truth, peak: 1)[1] == .infinity)
    #expect(try ImageError.measurement(truth, images: other) { $0 } == [1, 0])
    #expect(throws: EngineError.self) {
      try ImageError.rootMeanSquare(truth, Tensor([1] as [Float], shape: [1]))
    }
  }

  @Test func summariesCountWhatDiverged() throws {
    let summary = Summary([1, 2, 3, .nan, 6, .infinity])
    #expect(summary.count == 4 && summary.notFinite == 2)
    #expect(summary.mean == 3 && summary.median == 2.5)
    #expect(summary.minimum == 1 && summary.maximum == 6)
    #expect(abs(summary.standardDeviation - 3.5.squareRoot()) < 1e-15)
    #expect(Summary([Double]()).count == 0)
    #expect(try Summary(Tensor([1, 3] as [Float], shape: [2])).mean == 2)
  }

  @Test func histogramsCountEveryValueOnce() {
    let histogram = Histogram([0, 0.5, 1, 1.5, 2, 3, -1, .nan], edges: [0, 1, 2])
    #expect(histogram.counts == [2, 3])
    let series = [[1e-6, 1e-3, 0, .nan], [2.0, 1e-5]]
    let edges = Histogram.commonEdges(series, bins: 7, isLogarithmic: true)
    #expect(edges.count == 8 && edges[0] == 1e-6 && edges[7] == 2)
    let counted = series.map { Histogram($0, edges: edges).counts.reduce(0, +) }
    #expect(counted == [2, 2])
    #expect(Histogram.commonEdges([[5, 5]], bins: 2) == [2.5, 5, 7.5])
    #expect(Histogram.commonEdges([], bins: 1) == [0, 1])
  }
}
