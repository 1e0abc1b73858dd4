import Engine
import Testing

@testable import Host

/// Random numbers of one seed for different ends.
@Suite struct StreamTests {
  /// Initial weights, starting noise, noise of measurements and signs of a trace: none is another's.
  @Test func noiseIsNotTheWeights() throws {
    let seed: UInt64 = 4
    let shape: Shape = [1, 1, 4, 4]
    let specs = (0..<3).map { ParameterSpec("\($0)", shape, .normal(standardDeviation: 1)) }
    var draws = try Parameters(specs, seed: seed).tensors.map { try $0.floats() }
    let streams = SampleStreams(seed: seed, first: 0, count: 3)
    let start = try streams.start(imageShape: [1, 4, 4])
    let noise = try GaussianNoise(deviation: 1).sample(
      .zeros([3, 1, 4, 4]), seed: seed, first: 0)
    for row in 0..<3 {
      draws += try [start, noise].map {
        try $0.sliced(axis: 0, from: row, to: row + 1).floats()
      }
    }
    for purpose in [RandomPurpose.training, .validation, .probing] {
      let key = RandomKey(seed: seed, for: purpose)
      draws.append(try Tensor.normal(keys: key.tensor, shape: shape).floats())
    }
    #expect(Set(draws).count == draws.count)
  }
}
