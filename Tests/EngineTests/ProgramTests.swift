import Foundation
import TestSupport
import Testing

@testable import Engine

/// Plans that are made once and run again.
@Suite struct ProgramTests {
  @Test(arguments: 0..<20) func aReplayEqualsFreshEvaluation(_ batch: Int) throws {
    for number in 0..<5 {
      let seed = UInt64(7000 + batch * 10 + number)
      var recipe = RandomGraph.Recipe(dtype: batch.isMultiple(of: 2) ? .float32 : .float64)
      func fresh(_ valueSeed: UInt64) throws -> (values: [Tensor], results: [[Double]]) {
        recipe.usesPlaceholders = false
        let graph = try RandomGraph(seed: seed, nodeCount: 15, recipe: recipe, valueSeed: valueSeed)
        let outputs = try graph.outputs + gradient(of: graph.loss(), withRespectTo: graph.leaves)
        try evaluate(outputs)
        return (graph.values, try outputs.map { try $0.doubles() })
      }
      recipe.usesPlaceholders = true
      let graph = try RandomGraph(seed: seed, nodeCount: 15, recipe: recipe)
      let slopes = try gradient(of: graph.loss(), withRespectTo: graph.leaves)
      let program = try Program(inputs: graph.leaves, outputs: graph.outputs + slopes)
      // The first values come twice: nothing of a run may be left over in the next.
      for valueSeed: UInt64 in [1, 2, 1] {
        let expected = try fresh(valueSeed)
        let before = try expected.values.map { try $0.doubles() }
        let actual = try program.run(expected.values).map { try $0.doubles() }
        let difference = firstDifference(actual.flatMap { $0 }, expected.results.flatMap { $0 })
        #expect(difference == nil, "seed \(seed)")
        let after = try expected.values.map { try $0.doubles() }
        #expect(
          firstDifference(after.flatMap { $0 }, before.flatMap { $0 }) == nil, "input overwritten")
      }
    }
  }

  /// One of a sum's operands lies where the sum will; the other one must lie elsewhere.
  @Test func anOperandLiesInTheMemoryOfTheResult() throws {
    let x = Tensor.placeholder("x", shape: [64, 64])
    let (p, q) = (try x.matmul(x), try x.matmul(x.transposed()))
    let alone = try Program(inputs: [x], outputs: [p + 1])
    #expect(alone.scratchByteCount == 0)
    let both = try Program(inputs: [x], outputs: [p + q * 2, q.exp() * p])
    let sum = try Program(inputs: [x], outputs: [p + q * 2])
    #expect(sum.scratchByteCount == 64 * 64 * 4)
    let values = [1, 2].map { factor in
      Tensor((0..<4096).map { Float(($0 * factor) % 11 - 5) / 50 }, shape: [64, 64])
    }
    for value in values + values {
      let first = try value.matmul(value)
      let second = try value.matmul(value.transposed())
      try evaluate([first, second])
      let expected = [
        try (first + 1).doubles(), try (first + second * 2).doubles(),
        try (second.exp() * first).doubles(),
      ]
      #expect(try alone.run([value])[0].doubles() == expected[0])
      #expect(try both.run([value]).map { try $0.doubles() } == Array(expected[1...]))
      #expect(try sum.run([value])[0].doubles() == expected[1])
    }
  }

  @Test func resultsOfEarlierRunsKeepTheirValues() throws {
    let x = Tensor.placeholder("x", shape: [4])
    let y = try ((x + 1).exp() * 2).sqrt()
    let program = try Program(inputs: [x], outputs: [y, x, try x.reshaped(to: [2, 2])])
    let first = try program.run([.zeros([4])])
    let expected = try first[0].floats()
    _ = try program.run([.ones([4])])
    #expect(try first[0].floats() == expected)
    #expect(try first[1].floats() == [0, 0, 0, 0])
    #expect(first[2].shape == [2, 2])
  }

  @Test func equalSubexpressionsAreComputedOnce() throws {
    let x = Tensor.placeholder("x", shape: [2, 3, 8, 8])
    let weight = Tensor.placeholder("weight", shape: [3, 3, 3, 3])
    let once = try Tensor.conv2d(x, weight)
    let twice = try Tensor.conv2d(x, weight)
    let program = try Program(inputs: [x, weight], outputs: [try once + twice.sin()])
    let single = try Program(inputs: [x, weight], outputs: [try once + once.sin()])
    #expect(program.stepCount == single.stepCount)
  }

  @Test func aChainOfElementwiseStepsIsOneKernelCall() throws {
    let x = Tensor.placeholder("x", shape: [100])
    let program = try Program(inputs: [x], outputs: [try ((x * 2).exp() + 1).log()])
    #expect(program.stepCount == 1)
  }

  /// What only a concatenation uses is stored right there; what others use too is copied.
  @Test(arguments: [0, 1]) func partsOfAConcatenationAreComputedInPlace(_ axis: Int) throws {
    let x = Tensor.placeholder("x", shape: [3, 3])
    let (own, other) = (try x.exp() * 2, try x.matmul(x))
    let joined = try Tensor.concatenated([own, other], axis: axis)
    let alone = try Program(inputs: [x], outputs: [joined])
    #expect(alone.stepCount == 3)
    let twice = try Program(inputs: [x], outputs: [joined, own])
    #expect(twice.stepCount == 4)

    let value = Tensor((0..<9).map { Float($0) / 9 }, shape: [3, 3])
    let results = try twice.run([value]).map { try $0.floats() }
    #expect(try alone.run([value])[0].floats() == results[0])
    let place = axis == 0 ? (0..<9).map { $0 } : (0..<9).map { $0 / 3 * 6 + $0 % 3 }
    #expect(place.map { results[0][$0] } == results[1])
  }

  @Test(arguments: [0, 1]) func foldsAreJoinedToo(_ axis: Int) throws {
    let x = Tensor((0..<6).map(Float.init), shape: [2, 3])
    let parts = [try x.sum([1], keepDims: true), try x.max([1], keepDims: true)]
    let joined = try Tensor.concatenated(parts, axis: axis)
    #expect(try joined.floats() == (axis == 0 ? [3, 12, 2, 5] : [3, 2, 12, 5]))
  }

  @Test func wrongValuesAreRefused() throws {
    let x = Tensor.placeholder("x", shape: [2])
    let program = try Program(inputs: [x], outputs: [try x * 2])
    let count = #expect(throws: EngineError.self) { try program.run([]) }
    #expect(count?.message == "Program.run: values must be 1, got 0")
    let shape = #expect(throws: EngineError.self) { try program.run([.zeros([3])]) }
    #expect(shape?.message == "input 'x': shapes [2] and [3] do not fit together")
    let dtype = #expect(throws: EngineError.self) {
      try program.run([.zeros([2], dtype: .float64)])
    }
    #expect(dtype?.message == "input 'x': expected float32, got float64")
    let inputs = #expect(throws: EngineError.self) {
      try Program(inputs: [.zeros([2])], outputs: [])
    }
    #expect(inputs?.message == "Program: inputs must be placeholders, got literal")
  }

  @Test func manyThreadsMayEvaluateTheSameGraph() async throws {
    let x = try Tensor.normal(keys: RandomKey(seed: 4).tensor, shape: [20_000])
    let y = try (x.sin() + x.square()).sum()
    let values = try await withThrowingTaskGroup(of: Double.self) { group in
      for _ in 0..<8 { group.addTask { try y.item() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(values).count == 1)
  }
}

/// Results do not depend on how many threads work.
@Suite(.serialized) struct ThreadTests {
  static let expressions: [(name: String, build: @Sendable (Tensor) throws -> Tensor)] = [
    ("pointwise", { try ($0.exp() * 0.5).tanh() + $0.softplus() }),
    ("sum of all", { try $0.sum() }),
    ("sum of rows", { try $0.sum([1]) }),
    ("sum of columns", { try $0.sum([0]) }),
    ("max", { try $0.max([0]) }),
    (
      "convolution",
      {
        let image = try $0.sliced(axis: 1, from: 0, to: 300).reshaped(to: [1, 10, 90, 100])
        let weight = try Tensor.normal(keys: RandomKey(seed: 3).tensor, shape: [8, 10, 3, 3])
        return try Tensor.conv2d(image, weight, padding: Padding2D(1))
      }
    ),
    ("matmul", { try $0.matmul($0.transposed()) }),
    ("random", { try $0 * Tensor.normal(keys: RandomKey(seed: 9).tensor, shape: [300, 301]) }),
    ("sort", { try $0.sorted(axis: 0) }),
    ("running sum", { try $0.cumulativeSum(axis: 1) }),
    (
      "scatter",
      {
        let places = try ($0 * 90).cast(to: .int32)
        return try $0.scatterAdded(axis: 1, indices: places, size: 90)
      }
    ),
    (
      "solve",
      {
        let matrix = try $0.sliced(axis: 1, from: 0, to: 300).reshaped(to: [100, 30, 30])
        return try (matrix + Tensor.identity(30) * 20).solve(matrix)
      }
    ),
    ("broadcast", { try $0 / $0.sum([1], keepDims: true) }),
    (
      "movement",
      { try $0.transposed().rolled(by: 7, axis: 0).padded([(1, 2), (3, 4)], mode: .circular) }
    ),
  ]

  @Test(arguments: expressions.map(\.name)) func oneThreadEqualsTwo(_ name: String) throws {
    let build = try #require(Self.expressions.first { $0.name == name }?.build)
    let count = Threads.count
    defer { Threads.count = count }
    func values(_ threads: Int) throws -> [Float] {
      Threads.count = threads
      let x = try Tensor.uniform(keys: RandomKey(seed: 5).tensor, shape: [300, 301])
      return try build(x).floats()
    }
    let single = try values(1)
    #expect(try firstDifference(values(2), single) == nil)
    #expect(try firstDifference(values(3), single) == nil)
  }

  @Test func theCountHoldsOnEveryThread() async {
    let count = Threads.count
    defer { Threads.count = count }
    for wanted in [1, 3] {
      Threads.count = wanted
      let seen = await withCheckedContinuation { continuation in
        Thread { continuation.resume(returning: Threads.count) }.start()
      }
      #expect(seen == wanted)
    }
  }

  @Test func theCountIsAtLeastOne() {
    let count = Threads.count
    defer { Threads.count = count }
    Threads.count = 0
    #expect(Threads.count == 1)
    Threads.count = -5
    #expect(Threads.count == 1)
  }
}
