import Foundation
import TestSupport
import Testing

@testable import Engine

/// The composed operations against answers that are known.
@Suite struct TensorTests {
  /// Compares with known numbers, to rounding.
  private func expect(
    _ x: Tensor, _ expected: [Double], _ shape: Shape? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let values = try x.doubles()
    let isClose =
      values.count == expected.count
      && zip(values, expected).allSatisfy { abs($0 - $1) < 1e-12 || ($0.isNaN && $1.isNaN) }
    #expect(isClose, "\(values)", sourceLocation: sourceLocation)
    if let shape { #expect(x.shape == shape, sourceLocation: sourceLocation) }
  }

  private func tensor(_ values: [Double], _ shape: Shape) -> Tensor { Tensor(values, shape: shape) }

  @Test func wholeNumbersDivideExactly() throws {
    let limits: [Int32] = [.max, .min, .max - 1, 16_777_217, -16_777_217, 7, -7, 0]
    let divisors: [Int32] = [1, 2, 3, 7, -7, 16_777_216, .max, .min]
    for b in divisors {
      let (x, y) = (Tensor(limits, shape: [8]), Tensor([b], shape: [1]))
      let quotients = limits.map { Int((Double($0) / Double(b)).rounded(.down)) }
      let remainders = zip(limits, quotients).map { Int($0) - $1 * Int(b) }
      // -2³¹ / -1 and the like have no Int32; none is among these.
      #expect(try x.floorDivided(by: y).integers() == quotients)
      #expect(try x.remainder(y).integers() == remainders)
      #expect(try x.remainder(y).dtype == .int32)
    }
    let zero = Tensor([0] as [Int32], shape: [1])
    #expect(throws: Never.self) { try Tensor(limits, shape: [8]).remainder(zero).integers() }
  }

  @Test func theRemainderHasTheSlopeOfItsPiece() throws {
    let (a, b) = (tensor([7.5, -7.5], [2]), tensor([2, 2], [2]))
    let slopes = try gradient(of: a.remainder(b).sum(), withRespectTo: [a, b])
    try expect(slopes[0], [1, 1])
    try expect(slopes[1], [-3, 4])
  }

  @Test func picksCountFromTheEndAndRefuseWhatIsOutside() throws {
    let x = tensor([10, 20, 30], [3])
    let (fromZero, fromOne) = (
      Tensor([-1, 0] as [Int32], shape: [2]), Tensor([-1, 1] as [Int32], shape: [2])
    )
    try expect(x.selected(axis: 0, indices: fromZero), [30, 10])
    try expect(x.selected(axis: 0, indices: fromOne, origin: 1), [30, 10])
    for (number, origin) in [(3, 0), (-4, 0), (0, 1), (4, 1), (Int(Int32.max), 0)] {
      let indices = Tensor([0 + Int32(origin), Int32(number)], shape: [2])
      let error = #expect(throws: EngineError.self) {
        try x.selected(axis: 0, indices: indices, origin: origin).doubles()
      }
      #expect(
        error?.message
          == "gather: indices must be between \(origin) and \(origin + 2), got \(number)")
    }
    #expect(throws: EngineError.self) {
      try Tensor.zeros([0]).selected(axis: 0, indices: Tensor([0] as [Int32], shape: [1])).doubles()
    }
    #expect(
      try Tensor.zeros([0, 2]).scatterAdded(
        axis: 0, indices: Tensor.zeros([0, 1], dtype: .int32), size: 3
      ).shape == [3, 2])
  }

  @Test func largeScattersAddEveryElementOnce() throws {
    // Whole numbers: sums are exact in any order.
    let values = (0..<30_000).map { Float($0 % 17) }
    let targets = (0..<30_000).map { Int32($0 &* 7919 % 301) }
    var sums = [Double](repeating: 0, count: 301)
    for (value, target) in zip(values, targets) { sums[Int(target)] += Double(value) }
    let x = Tensor(values, shape: [30_000])
    let indices = Tensor(targets, shape: [30_000])
    #expect(
      try firstDifference(x.scatterAdded(axis: 0, indices: indices, size: 301).doubles(), sums)
        == nil)
    let many = try x.expanded(axis: 0).broadcast(to: [300, 30_000])
    let rows = try many.scatterAdded(axis: 1, indices: indices.expanded(axis: 0), size: 301)
    #expect(try firstDifference(Array(rows.doubles().suffix(301)), sums) == nil)
  }

  @Test func sortingKeepsEqualsInOrderAndPutsNaNLast() throws {
    let x = tensor([2, .nan, 1, 2, -.infinity, 1], [6])
    #expect(try x.argsort().integers() == [4, 2, 5, 0, 3, 1])
    #expect(try x.argsort(descending: true).integers() == [1, 0, 3, 2, 5, 4])
    #expect(try x.argmax(axis: 0).item() == 1)
    #expect(try x.argmin(axis: 0).item() == 1)
    let whole = Tensor([.min, .max, .max - 1] as [Int32], shape: [3])
    #expect(try whole.argsort().integers() == [0, 2, 1])
    #expect(try whole.argmin(axis: 0).item() == 0)
    #expect(try Tensor([true, false], shape: [2]).argmin(axis: 0).item() == 1)
    #expect(throws: EngineError.self) { try Tensor.zeros([0]).argmax(axis: 0) }
    #expect(try Tensor.zeros([0]).sorted().shape == [0])
  }

  @Test(arguments: [1, 2, 3, 255, 256, 257, 1000]) func sortsOfAnyLength(_ count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    let x = random.tensor([3, count])
    let expected = try x.doubles().split(into: count).flatMap { $0.sorted() }
    #expect(try firstDifference(x.sorted(axis: 1).doubles(), expected) == nil)
    #expect(
      try firstDifference(
        x.transposed().sorted(axis: 0).transposed().doubles(), expected) == nil)
  }

  @Test func runningSumsAndProducts() throws {
    let x = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    try expect(x.cumulativeSum(axis: 1), [1, 3, 6, 4, 9, 15])
    try expect(x.cumulativeSum(axis: 0, reversed: true), [5, 7, 9, 4, 5, 6])
    try expect(x.cumulativeProduct(axis: 1), [1, 2, 6, 4, 20, 120])
    try expect(x.product([0, 1]), [720], [])
    try expect(Tensor.zeros([2, 0], dtype: .float64).product([1]), [1, 1])
    // The mean of many equal Float32: a running sum in Float32 would stop growing.
    let long = Tensor.full(0.1, shape: [1 << 20])
    let total = try long.cumulativeSum(axis: 0).floats()[(1 << 20) - 1]
    #expect(abs(total - 104857.6) < 0.05)
  }

  @Test func theProductHasAGradientAtZero() throws {
    let x = tensor([2, 0, 5], [3])
    try expect(gradient(of: x.product(), withRespectTo: [x])[0], [0, 10, 0])
    let two = tensor([0, 3, 0], [3])
    try expect(gradient(of: two.product(), withRespectTo: [two])[0], [0, 0, 0])
  }

  @Test func anyAndAll() throws {
    let x = Tensor([0, 1, 0, 0, 2, .nan] as [Double], shape: [3, 2])
    #expect(try x.any([1]).integers() == [1, 0, 1])
    #expect(try x.all([1]).integers() == [0, 0, 1])
    #expect(try Tensor.zeros([0]).any().integers() == [0])
    #expect(try Tensor.zeros([0]).all().integers() == [1])
  }

  @Test func spreadsOfEqualNumbersHaveGradientZero() throws {
    let x = tensor([3, 3, 3], [3])
    try expect(x.standardDeviation(), [0])
    try expect(gradient(of: x.standardDeviation(), withRespectTo: [x])[0], [0, 0, 0])
    try expect(tensor([3, -4], [2]).norm(order: .infinity), [4])
    #expect(throws: EngineError.self) { try x.norm(order: 0) }
  }

  @Test func quantilesAreLinearBetweenNeighbours() throws {
    let x = tensor([4, 1, 3, 2, 10, 20], [2, 3])
    try expect(x.median([1]), [3, 10], [2])
    try expect(x.median(keepDims: true), [3.5], [1, 1])
    try expect(x.quantile(0.25, [1]), [2, 6])
    try expect(x.quantile(0, [0, 1]), [1])
    try expect(x.quantile(1, [0]), [4, 10, 20])
    #expect(try Tensor([3, 1, 2] as [Int32], shape: [3]).median().item() == 2)
    #expect(throws: EngineError.self) { try x.quantile(1.5) }
    #expect(throws: EngineError.self) { try Tensor.zeros([0]).median() }
  }

  @Test func piecesAndCopies() throws {
    let x = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    let pieces = try x.split([1, 0, 2], axis: 1)
    try expect(pieces[0], [1, 4], [2, 1])
    try expect(pieces[1], [], [2, 0])
    try expect(pieces[2], [2, 3, 5, 6], [2, 2])
    #expect(throws: EngineError.self) { try x.split([1, 1], axis: 1) }
    #expect(throws: EngineError.self) { try x.split([.max, .max, 5], axis: 1) }
    try expect(tensor([1, 2], [2]).tiled([2, 2]), [1, 2, 1, 2, 1, 2, 1, 2], [2, 4])
    try expect(x.tiled([2]), [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6], [2, 6])
    try expect(x.tiled([0, 1]), [], [0, 3])
    #expect(throws: EngineError.self) { try x.tiled([.max]) }
    // Of the most axes there are, too.
    let many = try tensor([1, 2, 3, 4], [1, 2, 1, 1, 1, 2, 1, 1]).tiled([1, 2, 1, 1, 1, 1, 3, 1])
    let once: [Double] = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    try expect(many, once + once, [1, 4, 1, 1, 1, 2, 3, 1])
  }

  @Test func complexNumbersDivideAndTurn() throws {
    let (a, b) = (tensor([1, 2, -3, 0.5], [2, 2]), tensor([0, 1, 2, -1], [2, 2]))
    try expect(a.complexQuotient(b).complexProduct(b), a.doubles())
    try expect(a.complexProduct(a.conjugate()).realPart(), a.magnitude().square().doubles())
    let zero = Tensor.zeros([1, 2], dtype: .float64)
    try expect(gradient(of: zero.magnitude().sum(), withRespectTo: [zero])[0], [0, 0])
    try expect(tensor([2], [1]).polar(angle: tensor([.pi / 2], [1])).imaginaryPart(), [2])
    for size in 1...5 {
      let x = Tensor.arange(size, dtype: .float64)
      let centred = try x.frequenciesCentred(axes: [0])
      #expect(try centred.doubles()[size / 2] == 0)
      try expect(centred.frequenciesCentred(axes: [0], inverse: true), x.doubles())
    }
  }

  @Test func einsumEqualsSumsByHand() throws {
    var random = SplitMix64(seed: 9)
    let (a, b, c) = (random.tensor([2, 3]), random.tensor([3, 4]), random.tensor([4, 2]))
    let trace = try a.matmul(b).matmul(c).diagonal().sum().item()
    try expect(Tensor.einsum("ij,jk,ki->", [a, b, c]), [trace], [])
    try expect(Tensor.einsum("ij -> ji", [a]), a.transposed().doubles(), [3, 2])
    try expect(Tensor.einsum("ij,jk", [a, b]), a.matmul(b).doubles(), [2, 4])
    try expect(Tensor.einsum("ij,ij->ij", [a, a]), a.square().doubles(), [2, 3])
    let odd = [("ii->i", [b]), ("ij,jk->iz", [a, b]), ("ij", [a, b]), ("i1->i", [a]), ("", [a])]
    for (equation, operands) in odd {
      #expect(throws: EngineError.self, "\(equation)") { try Tensor.einsum(equation, operands) }
    }
  }

  @Test func resizingKeepsWhatItShould() throws {
    let ramp = try Tensor.arange(8, dtype: .float64).expanded(axis: 0)
    // Linear functions stay linear between the first and the last centre.
    try expect(ramp.resized(height: 1, width: 4), [0.5, 2.5, 4.5, 6.5])
    try expect(ramp.resized(height: 1, width: 4, mode: .area), [0.5, 2.5, 4.5, 6.5])
    try expect(ramp.resized(height: 1, width: 4, mode: .nearest), [1, 3, 5, 7])
    try expect(
      tensor([1, 2], [1, 2]).resized(height: 2, width: 4, mode: .nearest), [1, 1, 2, 2, 1, 1, 2, 2])
    var random = SplitMix64(seed: 4)
    let image = random.tensor([2, 6, 9])
    let small = try image.resized(height: 4, width: 5, mode: .area)
    try expect(small.mean([1, 2]), image.mean([1, 2]).doubles())
    try expect(
      image.resized(height: 3, width: 3, mode: .area),
      image.padded([(0, 0), (0, 0), (0, 0)])
        .reshaped(to: [2, 3, 2, 3, 3]).mean([2, 4]).doubles())
  }

  @Test func poolsOfPaddedWindows() throws {
    let x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3])
    try expect(x.maxPooled(window: 2, stride: 1), [5, 6, 8, 9], [2, 2])
    try expect(x.maxPooled(window: 3, stride: 2, padding: 1), [5, 6, 8, 9])
    try expect((-x).maxPooled(window: 2, stride: 2, padding: 1), [-1, -2, -4, -5])
    try expect(x.averagePooled(window: 2, stride: 2, padding: 1), [0.25, 1.25, 2.75, 7])
    #expect(throws: EngineError.self) { try x.maxPooled(window: 2, padding: 2) }
    #expect(throws: EngineError.self) { try x.maxPooled(window: 4) }
    #expect(throws: EngineError.self) { try x.maxPooled(window: .max, padding: .max - 1) }
  }

  @Test func samplingAtThePixelsIsTheImage() throws {
    var random = SplitMix64(seed: 5)
    let image = random.tensor([2, 3, 4, 5])
    let rows = try (Tensor.arange(4, dtype: .float64) + 0.5) * (2 / 4.0) - 1
    let columns = try (Tensor.arange(5, dtype: .float64) + 0.5) * (2 / 5.0) - 1
    let grids = try Tensor.meshgrid([rows, columns])
    let grid = try Tensor.stacked([grids[1], grids[0]], axis: 2).broadcast(to: [2, 4, 5, 2])
    try expect(image.sampled(at: grid), image.doubles(), image.shape)
    let outside = Tensor.full(3, shape: [2, 1, 1, 2], dtype: .float64)
    try expect(image.sampled(at: outside), [Double](repeating: 0, count: 6))
    let corner = try image.sliced(axis: 2, from: 3, to: 4).sliced(axis: 3, from: 4, to: 5)
    try expect(image.sampled(at: outside, repeatsEdge: true), corner.doubles())
    let nowhere = Tensor.full(.nan, shape: [2, 1, 1, 2], dtype: .float64)
    #expect(throws: Never.self) { try image.sampled(at: nowhere).doubles() }
  }

  @Test func quartersTurnLikeACompass() throws {
    let x = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    try expect(x.rotated(), [3, 6, 2, 5, 1, 4], [3, 2])
    try expect(x.rotated(quarters: 2), [6, 5, 4, 3, 2, 1])
    try expect(x.rotated(quarters: -1), [4, 1, 5, 2, 6, 3])
    try expect(x.rotated(quarters: 4), x.doubles())
  }

  @Test func derivativesOfWaves() throws {
    let count = 64
    let spacing = 2 * Double.pi / Double(count)
    let place = Tensor.arange(count, step: spacing, dtype: .float64)
    let wave = try (place * 3).sin()
    // A wave is an eigenvector: sin'(kx) by differences is sin(kh)/h cos(kx).
    let slope = try (place * 3).cos() * (sin(3 * spacing) / spacing)
    try expect(wave.derivative(axis: 0, spacing: spacing), slope.doubles())
    let bend = try wave * (-4 * pow(sin(1.5 * spacing) / spacing, 2))
    #expect(
      try (wave.laplacian(axes: [0], spacing: spacing) - bend).abs().max().item() < 1e-10)
    try expect(bend.poissonSolution(axisCount: 1, spacing: spacing), wave.doubles())
    // Backwards of forwards is the laplacian.
    let twice = try wave.derivative(axis: 0, scheme: .forward)
      .derivative(axis: 0, scheme: .backward)
    try expect(twice, wave.laplacian(axes: [0]).doubles())
  }

  @Test func thePoissonSolutionGivesTheRightSideBack() throws {
    var random = SplitMix64(seed: 6)
    let side = random.tensor([2, 5, 6])
    let solution = try side.poissonSolution(spacing: 0.3)
    let expected = try side - side.mean([1, 2], keepDims: true)
    #expect(
      try (solution.laplacian(axes: [1, 2], spacing: 0.3) - expected).abs().max().item() < 1e-12)
    #expect(try solution.mean([1, 2]).abs().max().item() < 1e-15)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 8]) func realTransformsComeBack(_ size: Int) throws {
    var random = SplitMix64(seed: UInt64(size))
    let x = random.tensor([3, 4, size])
    try expect(x.realFFT().inverseRealFFT(size: size), x.doubles())
    try expect(x.realFFT(axisCount: 2).inverseRealFFT(size: size, axisCount: 2), x.doubles())
    try expect(x.realFFT(axisCount: 3).inverseRealFFT(size: size, axisCount: 3), x.doubles())
  }
}

extension [Double] {
  fileprivate func split(into size: Int) -> [[Double]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<$0 + size]) }
  }
}
