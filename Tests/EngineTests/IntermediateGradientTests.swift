import TestSupport
import Testing

@testable import Engine

/// The gradient with respect to a tensor is the same whether its numbers were given or moved there.
@Suite struct IntermediateGradientTests {
  /// A way for a tensor of a shape to come about.
  struct Maker: Sendable, CustomTestStringConvertible {
    let name: String
    /// From the random numbers of the shape it returns, or `nil` where it cannot make the other.
    let source: @Sendable (Shape) -> Shape?
    let make: @Sendable (Tensor, Shape) throws -> Tensor
    /// Whether any numbers can come of it: then it serves functions that need those of their own.
    var isBijective = true
    var testDescription: String { name }
  }

  private static func wholeAxes(_ shape: Shape) -> [Int] { Array(0..<shape.rank) }

  static let makers: [Maker] = [
    Maker(name: "reshape", source: { [$0.count] }) { try $0.reshaped(to: $1.dimensions) },
    Maker(name: "reshapes", source: { $0 }) {
      try $0.reshaped(to: [1, $0.count]).reshaped(to: $1.dimensions)
    },
    Maker(name: "squeeze", source: { Shape([1] + $0.dimensions) }) { x, _ in
      try x.squeezed(axis: 0)
    },
    Maker(
      name: "expand",
      source: { $0.rank > 0 && $0[0] == 1 ? Shape([Int]($0.dimensions.dropFirst())) : nil }
    ) {
      x, _ in try x.expanded(axis: 0)
    },
    Maker(name: "permute", source: { Shape($0.dimensions.reversed()) }) { x, shape in
      try x.permuted(wholeAxes(shape).reversed())
    },
    Maker(name: "flip", source: { $0 }) { x, shape in try x.flipped(axes: wholeAxes(shape)) },
    Maker(name: "roll", source: { $0.rank > 0 ? $0 : nil }) { x, _ in try x.rolled(by: 1, axis: -1)
    },
    Maker(name: "concatenate", source: { $0.rank > 0 ? $0 : nil }) { x, _ in
      let middle = x.shape[0] / 2
      return try .concatenated(x.split([middle, x.shape[0] - middle], axis: 0), axis: 0)
    },
    Maker(name: "slice", source: { Shape($0.dimensions.map { 2 * $0 }) }) { x, shape in
      try x.sliced(shape.dimensions.map { SliceRange(start: 0, stop: 2 * $0, step: 2) })
    },
    Maker(
      name: "broadcast", source: { $0.rank > 0 ? Shape([1] + $0.dimensions.dropFirst()) : nil },
      make: { try $0.broadcast(to: $1) }, isBijective: false),
    Maker(
      name: "broadcast to more axes",
      source: { $0.rank > 0 ? Shape([Int]($0.dimensions.dropFirst())) : nil },
      make: { try $0.broadcast(to: $1) }, isBijective: false),
    Maker(name: "sum", source: { Shape($0.dimensions + [1]) }) { x, _ in try x.sum([-1]) },
  ]

  /// Pads of rows and columns, those first that make up for the kernels of the convolutions below.
  static let pads: [Maker] = PaddingMode.allCases.flatMap { mode in
    [[(1, 1), (1, 1)], [(0, 1), (1, 1)], [(1, 0), (2, 0)]].map { pad in
      Maker(
        name: "\(mode.rawValue) pad by \(pad)",
        source: { shape in
          guard shape.rank >= 2 else { return nil }
          var sizes = shape.dimensions
          for (axis, margin) in zip(sizes.indices.suffix(2), pad) {
            sizes[axis] -= margin.0 + margin.1
            if sizes[axis] <= max(margin.0, margin.1) { return nil }
          }
          return Shape(sizes)
        },
        make: { x, _ in
          try x.padded([(Int, Int)](repeating: (0, 0), count: x.rank - 2) + pad, mode: mode)
        }, isBijective: false)
    }
  }

  /// Convolutions that take a periodic pad in, and functions of elements in their places.
  static let functions: [GradientCase] =
    GradientCase.movements + GradientCase.paddings + GradientCase.products
    + GradientCase.convolutions + [
      .init("conv2d, kernel 3, no padding", [[2, 2, 6, 5], [3, 2, 3, 3]]) {
        try Tensor.conv2d($0[0], $0[1])
      },
      .init("squares beside a convolution", [[1, 2, 6, 5], [2, 2, 3, 3]]) {
        try Tensor.conv2d($0[0], $0[1]).sum() * $0[0].square().sum()
      },
    ]

  @Test(arguments: makers) func ofEveryFunction(_ maker: Maker) throws {
    for example in maker.isBijective ? GradientCase.all + Self.functions : Self.functions {
      try check(example, maker)
    }
  }

  @Test(arguments: pads) func ofPads(_ maker: Maker) throws {
    for example in Self.functions { try check(example, maker) }
  }

  private func check(_ example: GradientCase, _ maker: Maker) throws {
    func made() throws -> [Tensor] {
      var random = SplitMix64(seed: 11)
      return try example.inputs().map { given in
        guard let shape = maker.source(given.shape) else { return given }
        return try maker.make(random.tensor(shape, in: example.range), given.shape)
      }
    }
    // Made twice: those whose numbers are read have become constants.
    let inputs = try made()
    guard !inputs.allSatisfy({ $0.node.primitive is Constant }) else { return }
    let given = try made().map { Tensor(try $0.doubles(), shape: $0.shape) }
    func slopes(_ inputs: [Tensor]) throws -> [[Double]] {
      var random = SplitMix64(seed: 5)
      let output = try example.function(inputs)
      return try vjp(
        of: output, cotangent: random.tensor(output.shape), withRespectTo: inputs
      ).map { try $0.doubles() }
    }
    let (actual, expected) = (try slopes(inputs), try slopes(given))
    for (actual, expected) in zip(actual, expected) {
      let scale = expected.reduce(1) { max($0, abs($1)) }
      let worst = zip(actual, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= 1e-9 * scale, "\(example.name): \(actual), not \(expected)")
    }
  }

  @Test func ofAReshapeThatIsUndone() throws {
    let x = Tensor([1.0, 2, 3, 4], shape: [2, 2])
    let y = try x.reshaped(to: [4])
    let z = try y.reshaped(to: [2, 2])
    let slopes = try gradient(of: (z * z).sum(), withRespectTo: [x, y, z])
    for slope in slopes { #expect(try slope.doubles() == [2, 4, 6, 8]) }
  }

  @Test func ofASumThatIsBroadcast() throws {
    let t = Tensor([1, 2, 3, 4] as [Double], shape: [2, 2])
    let y = try (t * 1.5).sum([1])
    let total = try (y + Tensor.full(0, shape: [3, 2], dtype: .float64, isVariable: true)).sum()
    #expect(try gradient(of: total, withRespectTo: [y])[0].doubles() == [3, 3])
  }

  /// A person's ones and zeros are variables inside a function too.
  @Test func ofNumbersThatAFunctionCaptures() throws {
    let number = Tensor.full(2, shape: [1], dtype: .float64, isVariable: true)
    let x = Tensor([3.0], shape: [1])
    let kept = try checkpoint([x]) { try $0[0] * number }
    #expect(try gradient(of: kept.sum(), withRespectTo: [number])[0].item() == 3)
    let root = try fixedPoint(from: x, tolerance: 1e-13) { try $0 * 0.5 + number.square() }
    let slope = try gradient(of: root.sum(), withRespectTo: [number])[0].item()
    #expect(abs(slope - 8) < 1e-11)
  }
}

/// What a plan computes with less than the graph says.
@Suite struct SimplificationTests {
  @Test func reshapesOfReshapesTakeNoCopy() throws {
    let x = Tensor.placeholder("x", shape: [4, 6])
    // Between the two the order in memory is none that strides can say.
    let turned = try x.transposed().reshaped(to: [24]).reshaped(to: [6, 4])
    let program = try Program(inputs: [x], outputs: [turned.exp()])
    let apart = try Program(inputs: [x], outputs: [x.transposed().exp()])
    #expect(program.stepCount == apart.stepCount)
    let values = Tensor((0..<24).map { Float($0) / 8 }, shape: [4, 6])
    #expect(try program.run([values])[0].floats() == apart.run([values])[0].floats())
  }

  /// A convolution of a periodic pad is one call, and so are its adjoints.
  @Test func convolutionsTakeThePadIn() throws {
    let x = Tensor.placeholder("x", shape: [2, 3, 6, 5], dtype: .float64)
    let weight = Tensor.placeholder("weight", shape: [4, 3, 3, 3], dtype: .float64)
    let padded = try x.padded([(0, 0), (0, 0), (1, 1), (1, 1)], mode: .circular)
    let y = try Tensor.conv2d(padded, weight)
    let cotangent = Tensor.placeholder("cotangent", shape: y.shape, dtype: .float64)
    let first = try vjp(of: y, cotangent: cotangent, withRespectTo: [x, weight])
    let second = try gradient(
      of: first[0].square().sum() + first[1].square().sum(),
      withRespectTo: [x, weight, cotangent])
    func names(_ outputs: [Tensor]) -> [String] {
      PlanGraph(outputs: outputs.map(\.node)).order.map(\.primitive.name)
    }
    for outputs in [[y], first, second] {
      #expect(!names(outputs).contains { $0.hasPrefix("circular") }, "\(names(outputs))")
    }
    // Who asks for the padded image gets it.
    #expect(names([y, padded]).contains("circular pad"))
    #expect(
      try names(gradient(of: y.sum(), withRespectTo: [padded])).contains("conv2d data adjoint"))
  }

  /// Another thread may evaluate a part of a graph between any two looks at it.
  @Test func aValueThatComesDuringPlanningChangesNothing() throws {
    let x = Tensor((0..<6).map(Double.init), shape: [2, 3])
    let inner = try (x + 1).exp()
    let folded = try inner.sum([1], keepDims: true)
    let outer = try (inner / folded).square() + folded
    let graph = PlanGraph(outputs: [outer.node])
    try evaluate([inner, folded])
    let signature = try #require(graph.signature(outputs: [outer.node]))
    #expect(signature.leaves.count == 1)
    let plan = try Planner.plan(graph, outputs: [outer.node], inputs: signature.leaves)
    let storage = try plan.run(signature.leaves.compactMap { graph.value(of: $0) })[0]
    let result = try Tensor(storage: storage, shape: outer.shape, dtype: .float64).doubles()
    #expect(try firstDifference(result, ReferenceEvaluator.values(of: outer)) == nil)
  }
}
