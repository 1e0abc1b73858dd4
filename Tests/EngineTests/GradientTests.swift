import Foundation
import TestSupport
import Testing

@testable import Engine

/// Every gradient rule against central differences, first and second order.
@Suite struct GradientTests {
  @Test(arguments: PointwiseOperation.catalog.map(\.name))
  func pointwise(_ name: String) throws {
    let operation = try #require(PointwiseOperation.catalog.first { $0.name == name })
    let function: GradientCheck.Function = { inputs in
      var operands = inputs
      if name == "select" { operands[0] = try inputs[0].isGreater(than: 0.5) }
      let result = Tensor(
        Node(
          Pointwise(operation: operation), NodeInputs(operands.map(\.node)), shape: [3, 5],
          dtype: operation.isPredicate ? .bool : .float64))
      return try result.cast(to: .float64)
    }
    var random = SplitMix64(seed: 3)
    let inputs = operation.samples.map { random.tensor([3, 5], in: $0) }
    if ["floor", "round"].contains(name) {
      #expect(throws: EngineError.self) { try GradientCheck.problem(in: function, at: inputs) }
      return
    }
    for seed in 1...2 {
      #expect(try GradientCheck.problem(in: function, at: inputs, seed: UInt64(seed)) == nil)
    }
  }

  @Test(arguments: GradientCase.all)
  func compound(_ example: GradientCase) throws {
    #expect(try GradientCheck.problem(in: example.function, at: example.inputs()) == nil)
  }

  @Test func floorHasNoGradient() throws {
    let x = Tensor([0.5], shape: [1])
    let error = #expect(throws: EngineError.self) {
      try gradient(of: x.floor().sum(), withRespectTo: [x])
    }
    #expect(
      error?.message == "no gradient through 'floor': it is constant almost everywhere")
  }

  @Test func castsPassGradientsOnInTheTypeOfTheInput() throws {
    let x = Tensor([0.5, -1.5] as [Float], shape: [2])
    let y = try (x.cast(to: .float64).square() * 0.5).cast(to: .float32).sum()
    let slope = try gradient(of: y, withRespectTo: [x])[0]
    #expect(slope.dtype == .float32)
    #expect(try slope.floats() == [0.5, -1.5])
    let count = try x.cast(to: .int32).cast(to: .float32).sum()
    #expect(try gradient(of: count, withRespectTo: [x])[0].floats() == [0, 0])
  }

  @Test func theNormOfZeroHasGradientZero() throws {
    let x = Tensor([0, 0, 3, 4] as [Double], shape: [2, 2])
    let slope = try gradient(of: x.norm([1]).sum(), withRespectTo: [x])[0]
    for (actual, expected) in zip(try slope.doubles(), [0, 0, 0.6, 0.8]) {
      #expect(abs(actual - expected) < 1e-15)
    }
    let second = try gradient(of: slope.sum(), withRespectTo: [x])[0]
    #expect(try second.doubles().allSatisfy(\.isFinite))
  }

  @Test func subgradientsAtKinksAreTheDocumentedOnes() throws {
    let x = Tensor([0] as [Double], shape: [1])
    func slope(_ y: Tensor) throws -> Double {
      try gradient(of: y.sum(), withRespectTo: [x])[0].item()
    }
    #expect(try slope(x.abs()) == 0)
    #expect(try slope(x.relu()) == 0)
    #expect(try slope(x.leakyReLU()) == 1)
    #expect(try slope(x.maximum(0)) == 1)
    #expect(try slope(x.minimum(0)) == 1)
  }

  @Test func powersOfZeroHaveTheirGradients() throws {
    let base = Tensor([0, 0, 0, 0, 2] as [Double], shape: [5])
    let exponent = Tensor([0, 1, 2, 3.5, 0] as [Double], shape: [5])
    let y = try base.pow(exponent)
    let slopes = try gradient(of: y.sum(), withRespectTo: [base, exponent])
    #expect(try slopes[0].doubles() == [0, 1, 0, 0, 0])
    #expect(try firstDifference(slopes[1].doubles(), [0, 0, 0, 0, log(2)]) == nil)
    let second = try gradient(of: slopes[0].sum(), withRespectTo: [base, exponent])
    #expect(try second[0].doubles() == [0, 0, 2, 0, 0])
    #expect(try second[1].doubles().allSatisfy(\.isFinite))
    // What is infinite stays so.
    let zero = Tensor([0.0], shape: [1])
    let steep = try zero.pow(Tensor([0.5], shape: [1])).sum()
    #expect(try gradient(of: steep, withRespectTo: [zero])[0].item() == .infinity)
  }

  @Test func tiesOfAMaximumShareTheGradient() throws {
    let x = Tensor([2, 1, 2, 2] as [Double], shape: [4])
    let slope = try gradient(of: x.max() * 3, withRespectTo: [x])[0]
    #expect(try slope.doubles() == [1, 0, 1, 1])
  }

  @Test func stoppedGradientsAreConstants() throws {
    let x = Tensor([3.0], shape: [1])
    let y = try (x * x.stoppingGradient()).sum()
    #expect(try gradient(of: y, withRespectTo: [x])[0].item() == 3)
  }

  @Test func aCustomGradientReplacesTheRealOne() throws {
    let x = Tensor([3.0, 4.0], shape: [2])
    let y = try customGradient(value: x.square(), inputs: [x]) { [try $0 * 10] }
    #expect(try y.doubles() == [9, 16])
    #expect(try gradient(of: (y * y).sum(), withRespectTo: [x])[0].doubles() == [180, 320])
  }

  @Test func inputsWithoutInfluenceGetZeros() throws {
    let x = Tensor([3.0, 4.0], shape: [2])
    let other = Tensor([1, 2, 3] as [Float], shape: [3])
    let slopes = try gradient(of: x.sum(), withRespectTo: [other, x])
    #expect(slopes[0].dtype == .float32)
    #expect(try slopes[0].floats() == [0, 0, 0])
    #expect(try slopes[1].doubles() == [1, 1])
  }

  @Test func anInnerTensorCanBeDifferentiatedTo() throws {
    let x = Tensor([0.5, 0.25], shape: [2])
    let inner = try x.exp()
    let slope = try gradient(of: inner.square().sum(), withRespectTo: [inner])[0]
    let expected = try (inner * 2).doubles()
    #expect(try slope.doubles() == expected)
  }

  @Test func emptyTensorsHaveEmptyGradients() throws {
    let x = Tensor.zeros([0, 3], dtype: .float64)
    let slope = try gradient(of: (x * 2).sum(), withRespectTo: [x])[0]
    #expect(slope.shape == [0, 3])
    #expect(try slope.doubles().isEmpty)
  }
}

/// No primitive may be added without a gradient check.
@Suite struct GradientCoverageTests {
  /// Leaves, and random numbers, whose keys are whole numbers: nothing to differentiate.
  static let withoutGradient: Set<String> = ["Constant", "Literal", "Placeholder", "RandomNumbers"]
  /// Checked by tests of their own above.
  static let checkedByName: Set<String> = ["Pointwise", "Cast", "StopGradient"]

  @Test func everyPrimitiveHasAGradientCase() throws {
    var covered = Self.checkedByName
    for example in GradientCase.all {
      var pending = [try example.function(example.inputs()).node]
      while let node = pending.popLast() {
        covered.insert("\(type(of: node.primitive))")
        pending += node.inputs
      }
    }
    let declared = try declaredPrimitives()
    #expect(declared.count > 15)
    #expect(declared.subtracting(covered).subtracting(Self.withoutGradient) == [])
  }

  /// The names of all types in the engine's source that are declared as primitives.
  private func declaredPrimitives() throws -> Set<String> {
    let pattern = #/(?:struct|class|enum)\s+(\w+)\s*:[^{]*\b(?:View|Fused)?Primitive\b[^{]*\{/#
    var names: Set<String> = []
    for file in try Repository.swiftFiles(under: "Sources/Engine") {
      let text = try String(contentsOf: file, encoding: .utf8)
      names.formUnion(text.matches(of: pattern).map { String($0.1) })
    }
    return names
  }
}
