import Testing

@testable import Engine

/// Graphs far deeper than the stack allows a recursion to go.
@Suite struct DeepGraphTests {
  @Test func aMillionNodesAreBuiltAndReleased() throws {
    weak var first: Node?
    do {
      var x = Tensor([0] as [Float], shape: [1])
      first = x.node
      for _ in 0..<1_000_000 { x = try x + 1 }
      #expect(first != nil)
    }
    #expect(first == nil)
  }

  @Test func aLongChainIsEvaluated() throws {
    var x = Tensor.zeros([2], dtype: .float64)
    for _ in 0..<20_000 { x = try x + 1 }
    #expect(try x.doubles() == [20_000, 20_000])
  }

  @Test func aLongChainIsDifferentiated() throws {
    let x = Tensor([0.5], shape: [1])
    var y = x
    for _ in 0..<5_000 { y = try y * 0.5 + x }
    let slope = try gradient(of: y.sum(), withRespectTo: [x])[0]
    #expect(try slope.item() == 2)
    #expect(try ReferenceEvaluator.values(of: y).count == 1)
  }

  @Test func aChainOfStepsThatDoNotFuseIsEvaluated() throws {
    var x = Tensor([1, 2, 3, 4] as [Float], shape: [4])
    for _ in 0..<2_000 { x = try x.rolled(by: 1, axis: 0) }
    #expect(try x.floats() == [1, 2, 3, 4])
  }

  @Test func whatWasComputedIsNotComputedAgain() throws {
    var x = Tensor.ones([1])
    for _ in 0..<200 {
      x = try x + 1
      _ = try x.item()
    }
    #expect(try x.item() == 201)
  }
}
