import Foundation
import Testing

@testable import Engine

/// The Float32 functions that the kernels compute themselves, against Double.
@Suite struct PointwiseAccuracyTests {
  /// What has gone wrong must not look like a number further on.
  @Test(arguments: [DType.float32, .float64]) func notANumberStaysNone(_ dtype: DType) throws {
    let values = (0..<40).map { $0.isMultiple(of: 3) ? Double.nan : 1 - Double($0) / 20 }
    let x = try Tensor(values, shape: [40]).cast(to: dtype)
    let other = Tensor.ones([40], dtype: dtype)
    let functions: [Tensor] = try [
      x.relu(), x.leakyReLU(), x.swish(), x.softplus(), x.sigmoid(), x.tanh(), x.abs(), x.sign(),
      x.square(), x.exp(), x.sqrt(), x.pow(1.5), x.clamped(min: -0.5, max: 0.5),
      x.clamped(min: 0), x.clamped(max: 0), x.maximum(other), other.maximum(x),
      x.minimum(other), other.minimum(x), x.norm(order: 3, [0], keepDims: true) + x * 0,
      x.expanded(axis: 1).broadcast(to: [40, 3]).max([1]),
      x.expanded(axis: 1).broadcast(to: [40, 3]).norm([1]),
      x.expanded(axis: 1).broadcast(to: [40, 3]).standardDeviation([1]) + x,
    ]
    for (number, y) in functions.enumerated() {
      let reference = try ReferenceEvaluator.values(of: y)
      for (place, value) in try y.doubles().enumerated() where values[place].isNaN {
        #expect(value.isNaN && reference[place].isNaN, "function \(number)")
      }
    }
    #expect(try x.relu().doubles()[1] == x.doubles()[1] && x.relu().doubles()[25] == 0)
  }

  struct Claim: Sendable, CustomTestStringConvertible {
    let operation: PointwiseOperation
    let range: ClosedRange<Double>
    /// Largest error in units in the last place of the result.
    let units: Double
    /// Errors below this do not count: results that cancel to almost nothing.
    var floor = 0.0
    var testDescription: String { "\(operation.name) over \(range)" }
  }

  static let claims: [Claim] = [
    .init(operation: .exp, range: -87...88.7, units: 2),
    .init(operation: .exp, range: -104 ... -87, units: 2),
    .init(operation: .exp, range: -1e-3...1e-3, units: 1),
    .init(operation: .log, range: 1e-38...3e38, units: 2),
    .init(operation: .log, range: 0.5...2, units: 2),
    .init(operation: .log, range: 1e-45...1e-38, units: 2),
    .init(operation: .log1p, range: -0.9999...10, units: 3),
    .init(operation: .log1p, range: -1e-6...1e-6, units: 3),
    .init(operation: .log1p, range: 1...3e38, units: 3),
    .init(operation: .tanh, range: -10...10, units: 3),
    .init(operation: .tanh, range: -1e-4...1e-4, units: 2),
    .init(operation: .sigmoid, range: -80...80, units: 4),
    .init(operation: .softplus, range: -80...80, units: 4),
    .init(operation: .sin, range: -20...20, units: 1, floor: 1e-7),
    .init(operation: .cos, range: -20...20, units: 1, floor: 1e-7),
    .init(operation: .erf, range: -6...6, units: 2),
    .init(operation: .sqrt, range: 0...3e38, units: 1),
    .init(operation: .reciprocal, range: 1e-30...1e30, units: 1),
  ]

  @Test(arguments: claims) func errorsStaySmall(_ claim: Claim) throws {
    let arguments = samples(of: claim.range)
    let actual = try apply(claim.operation, arguments)
    var worst = (units: 0.0, at: Float(0))
    for (x, y) in zip(arguments, actual) {
      let expected = claim.operation.value(Double(x), 0, 0)
      let error = abs(Double(y) - expected)
      guard error > claim.floor else { continue }
      let units = error / Double(Float(abs(expected)).ulp)
      if !(units <= worst.units) { worst = (units, x) }
    }
    #expect(worst.units <= claim.units, "\(worst.units) units at \(worst.at)")
  }

  struct Special: Sendable, CustomTestStringConvertible {
    let operation: PointwiseOperation
    let results: [(Float, Float)]
    var testDescription: String { operation.name }
  }

  private static let tiny = Float.leastNonzeroMagnitude

  static let specials: [Special] = [
    .init(
      operation: .exp,
      results: [
        (0, 1), (-0.0, 1), (.infinity, .infinity), (-.infinity, 0), (.nan, .nan), (1e30, .infinity),
        (-1e30, 0), (Self.tiny, Float(1)), (89, .infinity), (-200, 0),
      ]),
    .init(
      operation: .log,
      results: [
        (0, -.infinity), (-0.0, -.infinity), (1, 0), (.infinity, .infinity), (-1, .nan),
        (.nan, .nan),
        (-.infinity, .nan),
      ]),
    .init(
      operation: .log1p,
      results: [
        (0, 0), (-1, -.infinity), (-2, .nan), (.infinity, .infinity), (.nan, .nan),
        (Self.tiny, Self.tiny),
        (-.infinity, .nan),
      ]),
    .init(
      operation: .tanh,
      results: [
        (0, 0), (.infinity, 1), (-.infinity, -1), (.nan, .nan), (50, 1), (-50, -1),
        (Self.tiny, Self.tiny),
      ]),
    .init(
      operation: .sigmoid,
      results: [
        (0, 0.5), (.infinity, 1), (-.infinity, 0), (.nan, .nan), (200, 1), (-200, 0),
      ]),
    .init(
      operation: .softplus,
      results: [
        (.infinity, .infinity), (-.infinity, 0), (.nan, .nan), (1e30, 1e30), (-1e30, 0), (100, 100),
      ]),
    .init(
      operation: .sign,
      results: [
        (0, 0), (-0.0, 0), (3, 1), (-3, -1), (.nan, .nan), (.infinity, 1), (Self.tiny, Float(1)),
      ]),
    .init(operation: .abs, results: [(-0.0, 0), (-.infinity, .infinity), (.nan, .nan)]),
    .init(operation: .sqrt, results: [(0, 0), (-1, .nan), (.infinity, .infinity), (.nan, .nan)]),
    .init(operation: .reciprocal, results: [(0, .infinity), (.infinity, 0), (.nan, .nan)]),
    .init(operation: .floor, results: [(-0.5, -1), (.infinity, .infinity), (.nan, .nan), (2, 2)]),
    .init(operation: .round, results: [(0.5, 0), (1.5, 2), (-2.5, -2), (.nan, .nan), (3, 3)]),
    .init(operation: .erf, results: [(0, 0), (.infinity, 1), (-.infinity, -1), (.nan, .nan)]),
  ]

  /// Alone and in a long row: vector code and its remainder must agree.
  @Test(arguments: specials) func specialValues(_ special: Special) throws {
    for repetitions in [1, 37] {
      let arguments = special.results.flatMap { Array(repeating: $0.0, count: repetitions) }
      let expected = special.results.flatMap { Array(repeating: $0.1, count: repetitions) }
      for ((x, y), e) in zip(zip(arguments, try apply(special.operation, arguments)), expected) {
        #expect(y == e || (y.isNaN && e.isNaN), "\(special.operation.name)(\(x)) is \(y)")
      }
    }
  }

  @Test func maximaAndMinimaKeepNaN() throws {
    let (a, b) = (
      Tensor([.nan, 1, 2] as [Float], shape: [3]), Tensor([1, .nan, 1] as [Float], shape: [3])
    )
    #expect(try a.maximum(b).floats()[0].isNaN)
    #expect(try a.maximum(b).floats()[1].isNaN)
    #expect(try a.minimum(b).floats()[1].isNaN)
    #expect(try a.max().item().isNaN)
    #expect(try a.sum().item().isNaN)
  }

  /// x · sigmoid(x) is computed as one operation where nobody else needs the sigmoid, and as two elsewhere.
  @Test func swishIsAsExactAsItsParts() throws {
    let arguments = samples(of: -80...80) + [-1000, 1000, -.infinity, .infinity, .nan]
    let x = Tensor(arguments, shape: [arguments.count])
    let together = try x.swish().floats()
    let gate = try x.sigmoid()
    let product = try x * gate
    try evaluate([product, gate])
    let apart = try product.floats()
    for (argument, (one, two)) in zip(arguments, zip(together, apart)) {
      if one.isNaN && two.isNaN { continue }
      let exact = Double(argument) / (1 + Double.exp(-Double(argument)))
      let scale = Double(Float(abs(exact)).ulp)
      #expect(abs(Double(one) - exact) <= 5 * scale || one == two, "\(argument): \(one)")
      #expect(abs(Double(two) - exact) <= 6 * scale || one == two, "\(argument): \(two)")
    }
  }

  @Test func conversionsTruncateAndClamp() throws {
    let x = Tensor([2.9, -2.9, .nan, 1e20, -1e20, .infinity, 0.5] as [Float], shape: [7])
    let limits = [Int(Int32.max), Int(Int32.min)]
    #expect(try x.cast(to: .int32).integers() == [2, -2, 0] + limits + [limits[0], 0])
    #expect(try x.cast(to: .bool).integers() == [1, 1, 1, 1, 1, 1, 1])
    #expect(try Tensor.zeros([2]).cast(to: .bool).logicalNot().integers() == [1, 1])
  }

  // MARK: Helpers

  private func apply(_ operation: PointwiseOperation, _ arguments: [Float]) throws -> [Float] {
    let x = Tensor(arguments, shape: [arguments.count])
    return try Tensor(
      Node(Pointwise(operation: operation), [x.node], shape: x.shape, dtype: .float32)
    ).floats()
  }

  /// Evenly spaced numbers, and as many evenly spaced in their logarithm where the range allows.
  private func samples(of range: ClosedRange<Double>) -> [Float] {
    let count = 20_000
    let even = (0...count).map {
      Float(range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(count))
    }
    let limit = max(abs(range.lowerBound), abs(range.upperBound))
    let spread = (0...count).map {
      Float(limit * Foundation.pow(1e-30, Double($0) / Double(count)))
    }
    return even + (spread + spread.map { -$0 }).filter { range.contains(Double($0)) }
  }
}
