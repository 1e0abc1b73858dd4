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

  @Test func varianceOfTheDiscrepancyIsThatOfRepeatedSets() throws {
    // 200 pairs of sets of 40 numbers: the estimate of one pair against the spread of all.
    let mmd = try MMD(lengthScales: [1])
    var (values, variances): ([Double], [Double]) = ([], [])
    for number in 0..<200 {
      func set(_ stream: UInt32, _ shift: Double) throws -> Tensor {
        let key = RandomKey(seed: 5, stream: stream, step: UInt32(number)).tensor
        return try Tensor.normal(keys: key, shape: [40, 1]) + shift
      }
      let (x, y) = (try set(0, 0), try set(1, 0.8))
      values.append(try mmd.squared(x, y))
      variances.append(try mmd.variance(x, y))
    }
    let (spread, estimate) = (Summary(values).standardDeviation, Summary(variances).mean)
    // A variance of 200 values is known to 10 %.
    #expect(abs(estimate / (spread * spread) - 1) < 0.35)
    let short = Tensor([1, 2, 3] as [Float], shape: [3, 1])
    #expect(throws: EngineError.self) { try mmd.variance(short, short) }
  }

  @Test func subsetsSayHowMuchADiscrepancyDependsOnTheSamples() throws {
    let keys = RandomKey(seed: 1).tensor
    let x = try Tensor.normal(keys: keys, shape: [30, 3])
    let y = try Tensor.normal(keys: keys.streams(movedBy: 1), shape: [25, 3]) + 1
    let mmd = try MMD(lengthScales: [2])
    // A subset of all is the set itself, in another order.
    let whole = try mmd.squared(x, x, subsetsOf: 30, count: 3, seed: 1, estimator: .biased)
    #expect(abs(whole.mean) < 1e-12 && whole.standardDeviation < 1e-12 && whole.count == 3)
    let parts = try mmd.squared(x, y, subsetsOf: 12, count: 20, seed: 1)
    #expect(parts.standardDeviation > 0)
    #expect(try abs(parts.mean - mmd.squared(x, y)) < parts.standardDeviation)
    #expect(try parts == mmd.squared(x, y, subsetsOf: 12, count: 20, seed: 1))
    #expect(throws: EngineError.self) { try mmd.squared(x, y, subsetsOf: 26, count: 1, seed: 1) }
  }

  @Test func energyDistanceByHand() throws {
    let x = Tensor([0, 1] as [Double], shape: [2, 1])
    let y = Tensor([3, 3] as [Double], shape: [2, 1])
    // Across: 3 and 2, twice; within x: 1 for the one pair of either order; within y: 0.
    #expect(try abs(EnergyDistance.between(x, y) - (2 * 2.5 - 1)) < 1e-12)
    #expect(try abs(EnergyDistance.between(x, y, estimator: .biased) - (2 * 2.5 - 0.5)) < 1e-12)
    #expect(try abs(EnergyDistance.between(x, x, estimator: .biased)) < 1e-12)
    #expect(throws: EngineError.self) {
      try EnergyDistance.between(x, Tensor([1, 2] as [Double], shape: [1, 2]))
    }
  }

  @Test func ensembleScoresByHand() throws {
    let truth = Tensor([1, 0] as [Double], shape: [1, 2])
    let samples = Tensor([0, 0, 4, 0, 2, 0] as [Double], shape: [3, 2])
    let score = try #require(try EnsembleScore.scores(samples, truth: truth, each: 3).first)
    // First pixel: distances 1, 3, 1; pairs 4, 2, 2 over 3·2 of them; the second is right and sure.
    #expect(abs(score.crps - 0.5 * (5.0 / 3 - 8.0 / 6)) < 1e-12)
    #expect(abs(score.spread - (4.0 / 3 * 4 / 2).squareRoot()) < 1e-12)
    #expect(abs(score.skill - (1.0 / 2).squareRoot()) < 1e-12)
    #expect(abs(score.spreadSkillRatio - score.spread / score.skill) < 1e-15)
    #expect(throws: EngineError.self) { try EnsembleScore.scores(samples, truth: truth, each: 2) }
  }

  /// Samples and truth of one distribution: CRPS of N(0, 1) is 1/√π, and spread equals skill.
  @Test func aCalibratedEnsembleIsKnownAsOne() throws {
    let keys = RandomKey(seed: 3).tensor
    let truth = try Tensor.normal(keys: keys, shape: [1, 20_000])
    let samples = try Tensor.normal(keys: keys.streams(movedBy: 1), shape: [4, 20_000])
    let score = try EnsembleScore.scores(samples, truth: truth, each: 4)[0]
    #expect(abs(score.crps - 1 / Double.pi.squareRoot()) < 0.02)
    #expect(abs(score.spreadSkillRatio - 1) < 0.03)
    let sure = try EnsembleScore.scores(samples * 0.5, truth: truth, each: 4)[0]
    #expect(sure.spreadSkillRatio < 0.7 && sure.crps > score.crps)
  }

  @Test func structuralSimilarityByHand() throws {
    // One window: the sums of the definition, written out.
    let keys = RandomKey(seed: 2).tensor
    let x = try Tensor.uniform(keys: keys, shape: [1, 1, 11, 11])
    let y = try Tensor.uniform(keys: keys.streams(movedBy: 1), shape: [1, 1, 11, 11])
    let (a, b) = (try x.doubles(), try y.doubles())
    let line = (-5...5).map { exp(-Double($0 * $0) / 4.5) }
    let sum = line.reduce(0, +)
    func mean(_ value: (Int) -> Double) -> Double {
      (0..<121).reduce(0) { $0 + line[$1 / 11] * line[$1 % 11] / (sum * sum) * value($1) }
    }
    let (u, v) = (mean { a[$0] }, mean { b[$0] })
    let variances = mean { (a[$0] - u) * (a[$0] - u) + (b[$0] - v) * (b[$0] - v) }
    let covariance = mean { (a[$0] - u) * (b[$0] - v) }
    let (c1, c2) = (0.02 * 0.02, 0.06 * 0.06)
    let expected =
      (2 * u * v + c1) * (2 * covariance + c2) / ((u * u + v * v + c1) * (variances + c2))
    let found = try StructuralSimilarity.mean(x, truth: y, dataRange: 2)
    #expect(abs(found[0] - expected) < 1e-12)
    #expect(try StructuralSimilarity.mean(x, truth: x) == [1])
    // Flat images differ in luminance only.
    let flat = Tensor.full(0.5, shape: [1, 2, 16, 12], dtype: .float64)
    let dark = Tensor.full(0.25, shape: [1, 2, 16, 12], dtype: .float64)
    let luminance = (2 * 0.125 + 1e-4) / (0.25 + 0.0625 + 1e-4)
    #expect(
      try abs(StructuralSimilarity.mean(dark, truth: flat, dataRange: 1)[0] - luminance) < 1e-9)
    #expect(throws: EngineError.self) {
      try StructuralSimilarity.mean(Tensor.zeros([1, 1, 10, 11]), truth: .zeros([1, 1, 10, 11]))
    }
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
