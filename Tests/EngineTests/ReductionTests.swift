import TestSupport
import Testing

@testable import Engine

/// Folds that are cut into parts and pieces: every element counts once, whatever the sizes.
@Suite struct ReductionTests {
  /// Rows and columns on both sides of the limits at which work is split.
  static let sizes = [
    (1, 4095), (1, 4096), (1, 4097), (1, 100_003), (3, 12_289), (17, 5001), (100_003, 1),
    (12_289, 3),
    (5001, 17), (257, 300), (1000, 255), (4097, 2),
  ]

  /// Small whole numbers: their sums are exact in any order, so that no tolerance hides an element.
  private func matrix(_ rows: Int, _ columns: Int, _ dtype: DType) throws -> Tensor {
    let values = (0..<rows * columns).map { Double(($0 &* 7919) % 13) - 5 }
    return try Tensor(values, shape: [rows, columns]).cast(to: dtype)
  }

  @Test(arguments: sizes) func everyElementCountsOnce(_ rows: Int, _ columns: Int) throws {
    for dtype in [DType.float32, .float64] {
      let x = try matrix(rows, columns, dtype)
      let values = try x.doubles()
      var (rowSums, columnSums) = (
        [Double](repeating: 0, count: rows), [Double](repeating: 0, count: columns)
      )
      for (index, value) in values.enumerated() {
        rowSums[index / columns] += value
        columnSums[index % columns] += value
      }
      #expect(try firstDifference(x.sum([1]).doubles(), rowSums) == nil)
      #expect(try firstDifference(x.sum([0]).doubles(), columnSums) == nil)
      #expect(try x.sum().item() == values.reduce(0, +))
      // The same numbers read across memory, backwards, and every second one.
      #expect(try firstDifference(x.transposed().sum([0]).doubles(), rowSums) == nil)
      #expect(
        try firstDifference(x.flipped(axes: [0, 1]).sum([0]).doubles(), columnSums.reversed())
          == nil)
      let half = try x.sliced([
        SliceRange(start: 0, stop: rows, step: 2), SliceRange(start: 0, stop: columns, step: 2),
      ])
      #expect(try half.sum().item() == half.doubles().reduce(0, +))
    }
  }

  /// Products that only sums need are added up without being stored; others are kept beside their sums.
  @Test(arguments: sizes) func sumsOfProducts(_ rows: Int, _ columns: Int) throws {
    for dtype in [DType.float32, .float64] {
      let x = try matrix(rows, columns, dtype)
      let y = try (x + 1).flipped(axes: [0, 1])
      let (a, b) = (try x.doubles(), try y.doubles())
      let products = zip(a, b).map { $0 * $1 }
      var expected = (
        rows: [Double](repeating: 0, count: rows), columns: [Double](repeating: 0, count: columns),
        squares: [Double](repeating: 0, count: columns)
      )
      for (index, product) in products.enumerated() {
        expected.rows[index / columns] += product
        expected.columns[index % columns] += product
        expected.squares[index % columns] += a[index] * a[index]
      }
      let (p, q) = (
        Tensor.placeholder("p", shape: x.shape, dtype: dtype),
        Tensor.placeholder("q", shape: y.shape, dtype: dtype)
      )
      let product = try p * q
      let sums = [try product.sum([1]), try product.sum([0]), try p.square().sum([0])]
      for others in [[], [product], [try product.max()]] {
        let program = try Program(inputs: [p, q], outputs: sums + others)
        let results = try program.run([x, y]).map { try $0.doubles() }
        #expect(firstDifference(results[0], expected.rows) == nil)
        #expect(firstDifference(results[1], expected.columns) == nil)
        #expect(firstDifference(results[2], expected.squares) == nil)
        guard results.count > 3 else { continue }
        #expect(results[3] == (results[3].count == 1 ? [products.max() ?? 0] : products))
      }
    }
  }

  /// The largest element is found wherever it stands.
  @Test(arguments: [0, 1, 4095, 4096, 9999, 65_536, 99_999]) func maximaAreFoundAnywhere(
    _ place: Int
  ) throws {
    var values = [Float](repeating: -2, count: 100_000)
    values[place] = -1
    let x = Tensor(values, shape: [100_000])
    #expect(try x.max().item() == -1)
    #expect(try x.reshaped(to: [400, 250]).max([0]).floats()[place % 250] == -1)
    #expect(try x.reshaped(to: [400, 250]).max([1]).floats()[place / 250] == -1)
    #expect(try x.reshaped(to: [2, 50_000]).transposed().max([0]).floats()[place / 50_000] == -1)
  }

  @Test func logSumExpOfInfinities() throws {
    let (zero, all) = (-Double.infinity, Double.infinity)
    let x = Tensor([zero, zero, zero, 1, all, 1, zero, all, .nan, 1], shape: [5, 2])
    for x in [x, try x.cast(to: .float32)] {
      let sums = try x.logSumExp(axis: 1).doubles()
      #expect(Array(sums[..<4]) == [zero, 1, all, all])
      #expect(sums[4].isNaN)
    }
    let slope = try gradient(of: x.logSumExp(axis: 1).sum(), withRespectTo: [x])[0]
    #expect(try Array(slope.doubles()[2..<4]) == [0, 1])
  }

  /// A running sum in Float32 would be off by hundreds.
  @Test func manySmallNumbersAddUp() throws {
    let repeated = Tensor.full(0.1, shape: [10_000_000])
    let dense = Tensor([Float](repeating: 0.1, count: 10_000_000), shape: [10_000_000])
    let strided = try dense.reshaped(to: [5_000_000, 2])
    #expect(abs(try repeated.sum().item() - 1e6) < 2)
    #expect(abs(try dense.sum().item() - 1e6) < 2)
    #expect(abs(try strided.sliced(axis: 1, from: 0, to: 1).sum().item() - 5e5) < 1)
    #expect(abs(try strided.sum([0]).doubles()[1] - 5e5) < 1)
    #expect(abs(try repeated.mean().item() - 0.1) < 2e-7)
  }

  /// Rows are folded lane by lane where they are long: the largest is found at any place, and a NaN too.
  @Test(arguments: [63, 64, 65, 100, 1100]) func maximaOfLongRows(_ columns: Int) throws {
    for place in 0..<columns {
      var row = (0..<columns).map { -Float($0 % 7) - 1 }
      row[place] = -0.5
      let x = Tensor(row, shape: [1, columns])
      #expect(try x.max([1]).floats() == [-0.5])
      guard place.isMultiple(of: 13) else { continue }
      row[place] = .nan
      #expect(try Tensor(row, shape: [1, columns]).max([1]).floats()[0].isNaN)
    }
  }
}
