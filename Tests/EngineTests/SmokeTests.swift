import Testing

@testable import Engine

/// One expression through every layer of the engine.
@Suite struct SmokeTests {
  @Test func aConvolutionalExpressionEqualsTheReference() throws {
    let x = try Tensor.normal(keys: RandomKey(seed: 1).tensor, shape: [2, 3, 6, 5])
    let w = try Tensor.normal(keys: RandomKey(seed: 2).tensor, shape: [4, 3, 3, 3])
    let padded = try x.padded([(0, 0), (0, 0), (1, 1), (1, 1)], mode: .circular)
    let y = try Tensor.conv2d(padded, w, stride: 1).leakyReLU(slope: 0.2)
    let loss = try (y.square() + y.softplus()).mean([2, 3]).norm([1]).sum()
    let gradients = try gradient(of: loss, withRespectTo: [x, w])
    for tensor in [y, loss] + gradients {
      let expected = try ReferenceEvaluator.values(of: tensor)
      let actual = try tensor.doubles()
      let scale = expected.map(abs).max() ?? 1
      for (a, e) in zip(actual, expected) { #expect(abs(a - e) <= 2e-5 * scale) }
    }
  }
}
