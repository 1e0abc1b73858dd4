import Testing

@testable import Engine

/// Numbers in graphs, and the small lists nodes keep their inputs in.
@Suite struct LiteralTests {
  private let y = Tensor([3.0, 4], shape: [2])

  @Test func aNumberBesideATensorIsOneNodeOfItsShape() throws {
    for operation in [try y * 2, try y + 0.5, try y.maximum(1), try y.isLess(than: 3)] {
      let operand = operation.node.inputs[1]
      #expect(operand.primitive is Literal && operand.inputs.isEmpty)
      #expect(operand.shape == y.shape && operation.node.inputs[0] === y.node)
    }
  }

  @Test func zerosAndOnesThatNobodyAsksAboutAreLeftOut() throws {
    #expect(try (y * 1).node === y.node && (y + 0).node === y.node)
    #expect(try (Tensor.ones([2], dtype: .float64) * y).node === y.node)
    #expect(try Tensor.zeros([2]).cast(to: .float64).literal == 0)
  }

  @Test func gradientsWithRespectToFilledTensorsAreThere() throws {
    let one = Tensor.full(1, shape: [2], dtype: .float64, isVariable: true)
    let zero = Tensor.full(0, shape: [2], dtype: .float64, isVariable: true)
    let single = Tensor.full(1, shape: [2], isVariable: true)
    let value = try (one * y + zero + single.cast(to: .float64) * y).sum()
    let slopes = try gradient(of: value, withRespectTo: [one, zero, single])
    #expect(try slopes.map { try $0.doubles() } == [[3, 4], [1, 1], [3, 4]])
  }

  @Test func filledTensorsAreReadByEveryKindOfKernel() throws {
    let full = Tensor.full(2, shape: [2, 3], dtype: .float64)
    #expect(try full.doubles() == [2, 2, 2, 2, 2, 2])
    #expect(try full.sum([0]).doubles() == [4, 4, 4])
    #expect(try full.transposed().doubles() == [Double](repeating: 2, count: 6))
    #expect(try full.sliced(axis: 1, from: 0, to: 3, step: 2).doubles() == [2, 2, 2, 2])
    #expect(
      try full.reshaped(to: [3, 2]).matmul(full).doubles() == [Double](repeating: 8, count: 9))
    #expect(try full.rolled(by: 1, axis: 1).doubles() == full.doubles())
    let column = Tensor([1.0, 2], shape: [2, 1])
    #expect(
      try (column * Tensor.full(2, shape: [3], dtype: .float64)).doubles() == [2, 2, 2, 4, 4, 4])
    #expect(try Tensor.concatenated([full, full + column], axis: 0).sum().item() == 12 + 21)
  }

  @Test func inputsAreAListOfAnyLength() throws {
    let nodes = (0..<4).map { Tensor.scalar(Double($0)).node }
    for count in 0...4 {
      let some = Array(nodes.prefix(count))
      let inputs = NodeInputs(some)
      #expect(inputs.count == count && inputs.isEmpty == some.isEmpty)
      #expect(zip(inputs, some).allSatisfy { $0 === $1 })
      #expect(inputs.indices.allSatisfy { inputs[$0] === some[$0] })
    }
  }

  @Test func axesNamedTwiceAreRefusedHoweverTheyAreCounted() {
    #expect(throws: EngineError.self) { try Tensor.zeros([2, 3, 4]).sum([2, 0, -1]) }
    #expect(throws: EngineError.self) { try Tensor.zeros([2, 3]).sum([2]) }
    #expect(throws: EngineError.self) { try Tensor.zeros([2, 3]).reshaped(to: [-1, -1]) }
  }
}
