import TestSupport
import Testing

@testable import Engine

/// The executor against the naive evaluator, on random expressions.
@Suite struct ExecutorTests {
  static let batches = 0..<25
  static let graphsPerBatch = 10

  @Test(arguments: batches) func valuesInFloat64(_ batch: Int) throws {
    try forEachGraph(batch, .init(dtype: .float64), tolerance: 1e-10) { try values($0, $0.outputs) }
  }

  @Test(arguments: batches) func valuesInFloat32(_ batch: Int) throws {
    try forEachGraph(batch, .init(dtype: .float32), tolerance: 3e-4) { try values($0, $0.outputs) }
  }

  @Test(arguments: batches) func gradientsInFloat64(_ batch: Int) throws {
    try forEachGraph(batch + 1000, .init(dtype: .float64), tolerance: 1e-8) { graph in
      let slopes = try gradient(of: graph.loss(), withRespectTo: graph.leaves)
      return try values(graph, slopes)
    }
  }

  @Test(arguments: batches) func gradientsInFloat32(_ batch: Int) throws {
    let recipe = RandomGraph.Recipe(dtype: .float32, isSmooth: true)
    try forEachGraph(batch + 2000, recipe, tolerance: 2e-3) { graph in
      let slopes = try gradient(of: graph.loss(), withRespectTo: graph.leaves)
      return try values(graph, slopes)
    }
  }

  /// Sizes at which kernels work in blocks, and on two threads.
  @Test(arguments: 0..<12) func largeTensors(_ batch: Int) throws {
    var recipe = RandomGraph.Recipe(dtype: batch.isMultiple(of: 2) ? .float32 : .float64)
    recipe.largestAxis = 40
    recipe.largestCount = 6000
    let tolerance = batch.isMultiple(of: 2) ? 1e-3 : 1e-10
    try forEachGraph(batch + 3000, recipe, count: 1, tolerance: tolerance, longest: 8) {
      try values($0, $0.outputs)
    }
  }

  /// A comparison is made where it decides, and kept where somebody else asks for it, too.
  @Test(arguments: [DType.float32, .float64]) func comparisonsDecide(_ dtype: DType) throws {
    let numbers = [-Double.infinity, -1, -0.0, 0, 0.5, .infinity, .nan]
    let pairs = numbers.flatMap { a in numbers.map { b in (a, b) } }
    let values = try [pairs.map(\.0), pairs.map(\.1)].map {
      try Tensor($0, shape: [pairs.count]).cast(to: dtype)
    }
    let inputs = ["a", "b"].map { Tensor.placeholder($0, shape: [pairs.count], dtype: dtype) }
    let (a, b) = (inputs[0], inputs[1])
    let (less, lessOrEqual) = (try a.isLess(than: b), try a.isLessOrEqual(to: b))
    let selected = try [
      Tensor.select(less, a, b), .select(less, b + 1, a), .select(lessOrEqual, b, a * 2),
    ]
    let expected = [
      pairs.map { $0 < $1 ? $0 : $1 }, pairs.map { $0 < $1 ? $1 + 1 : $0 },
      pairs.map { $0 <= $1 ? $1 : $0 * 2 },
    ]
    for others in [[], [less], [try less.cast(to: dtype) + 1, lessOrEqual]] {
      let results = try Program(inputs: inputs, outputs: selected + others).run(values)
      for (result, expected) in zip(results, expected) {
        for (value, expected) in zip(try result.doubles(), expected) {
          #expect(value == expected || value.isNaN && expected.isNaN)
        }
      }
      guard let first = results.dropFirst(3).first else { continue }
      let ones = first.dtype == .bool ? 0.0 : 1
      #expect(try first.doubles() == pairs.map { ($0 < $1 ? 1 : 0) + ones })
    }
  }

  /// A result may take an operand's place in memory only where no pass before it has written the result:
  /// a border is, while the images between are still to be read.
  @Test(arguments: [1, 3, 4, 8]) func paddingWhatWasCutOff(_ images: Int) throws {
    let values = (1...(16 * images)).map(Double.init)
    let x = Tensor(values, shape: [images, 4, 4])
    let inner = try (x * 2).sliced([
      SliceRange(start: 0, stop: images), SliceRange(start: 1, stop: 3),
      SliceRange(start: 0, stop: 4),
    ])
    let y = try inner.padded([(0, 0), (1, 1), (0, 0)]) * 3
    let expected = (0..<(16 * images)).map { index in
      (4..<12).contains(index % 16) ? Double(6 * (index + 1)) : 0
    }
    #expect(try y.doubles() == expected)
  }

  // MARK: Comparing

  typealias Pair = (actual: [Double], expected: [Double])

  private func values(_ graph: RandomGraph, _ outputs: [Tensor]) throws -> [Pair] {
    try evaluate(outputs)
    return try outputs.map { (try $0.doubles(), try ReferenceEvaluator.values(of: $0)) }
  }

  /// Runs graphs of growing size; for the first that fails, reports the shortest part that does.
  private func forEachGraph(
    _ batch: Int, _ recipe: RandomGraph.Recipe, count: Int = graphsPerBatch, tolerance: Double,
    longest: Int = 40, _ compute: (RandomGraph) throws -> [Pair]
  ) throws {
    for number in 0..<count {
      let seed = UInt64(batch * 1000 + number)
      func distance(_ size: Int) throws -> Double {
        let pairs = try compute(RandomGraph(seed: seed, nodeCount: size, recipe: recipe))
        return pairs.map(Self.distance).max() ?? 0
      }
      let size = 5 + (number * 7 + batch * 3) % (longest - 4)
      guard try distance(size) > tolerance else { continue }
      let shortest = try (0..<size).first { try distance($0) > tolerance } ?? size
      let graph = try RandomGraph(seed: seed, nodeCount: shortest, recipe: recipe)
      let error = try distance(shortest)
      Issue.record(
        """
        seed \(seed), \(recipe.dtype.rawValue), \(shortest) of \(size) steps: distance \(error)
        \(graph.history.joined(separator: "\n"))
        """)
      return
    }
  }

  /// The largest difference, relative to the largest value or 1.
  private static func distance(_ pair: Pair) -> Double {
    guard pair.actual.count == pair.expected.count else { return .infinity }
    let scale = pair.expected.reduce(1) { max($0, abs($1)) }
    return zip(pair.actual, pair.expected).reduce(0) { worst, values in
      // A NaN counts as a difference, whatever it is compared with.
      let difference = abs(values.0 - values.1) / scale
      return difference <= worst ? worst : (difference.isNaN ? .infinity : difference)
    }
  }
}
