import Engine
import TestSupport
import Testing

@testable import Host

/// The score network against the authors' implementation.
@Suite struct GoldenScoreNetworkTests {
  /// Files of whole networks; `ncsnpp_parts` holds pieces.
  static let networks = Golden.names("ncsnpp").filter { $0 != "ncsnpp_parts" }

  @Test(.enabled(if: !networks.isEmpty, "no score network is at hand"), arguments: networks)
  func network(_ name: String) throws {
    let golden = try Golden.open(name)
    var configuration = ScoreNetwork.Configuration()
    configuration.channels = Int(try golden.setting("channels"))
    configuration.imageSize = Int(try golden.setting("size"))
    configuration.width = Int(try golden.setting("nf"))
    configuration.multipliers = try numbers(golden, "ch_mult")
    configuration.blocks = Int(try golden.setting("num_res_blocks"))
    configuration.attentionSizes = Set(try numbers(golden, "attn_resolutions"))
    let network = ScoreNetwork(configuration)
    let parameters = try GoldenNames.parameters(
      network.parameters, from: golden.group("params/"), GoldenNames.scoreNetwork)
    let (x, t) = (try golden.image("input"), try golden["t"])
    let y = try network(x, time: t, LayerContext(parameters))
    #expect(try relativeError(y, golden.image("output")) < 1e-5)
    let score = NetworkScore(network, sde: VPSDE(), parameters: parameters)
    #expect(try relativeError(score.score(x, time: t), golden.image("score")) < 1e-5)
    let loss = try (y - golden.image("target")).square().mean()
    #expect(try relativeError(loss.reshaped(to: [1]), golden["loss"]) < 1e-5)
    let slopes = try gradient(of: loss, withRespectTo: [x] + parameters.tensors)
    try evaluate([y, loss] + slopes)
    #expect(try relativeError(slopes[0], golden.image("grad/input")) < 2e-4)
    let expected = try GoldenNames.parameters(
      network.parameters, from: golden.group("grad/params/"), GoldenNames.scoreNetwork)
    let actual = parameters.replacing(Array(slopes[1...]))
    #expect(
      try wrongGradients(actual, expected, tolerance: 2e-4, isZero: { $0.hasSuffix(".key.bias") })
        == [])
  }

  @Test(
    .enabled(if: Golden.names("ncsnpp_parts") != [], "no pieces of a score network are at hand"))
  func timeEmbeddings() throws {
    let golden = try Golden.open("ncsnpp_parts")
    let widths = golden.numbers(between: "temb/embedding", and: "")
    #expect(!widths.isEmpty)
    for width in widths {
      let embedding = try timeEmbedding(golden["temb/t"] * 999, width: width)
      #expect(try largestError(embedding, golden["temb/embedding\(width)"]) < 1e-4)
    }
  }

  @Test(
    .enabled(if: Golden.names("ncsnpp_parts") != [], "no pieces of a score network are at hand"))
  func resampling() throws {
    let golden = try Golden.open("ncsnpp_parts")
    let x = try golden.image("fir/input")
    #expect(try relativeError(x.firDownsampled(), golden.image("fir/down")) < 1e-6)
    #expect(try relativeError(x.firUpsampled(), golden.image("fir/up")) < 1e-6)
    let weight = try golden["fir/weight"].permuted([3, 2, 0, 1])
    let y = try Tensor.conv2d(x.firBlurred(), weight, stride: 2)
    #expect(try relativeError(y, golden.image("fir/conv_down")) < 1e-6)
  }

  private func numbers(_ golden: Golden, _ key: String) throws -> [Int] {
    try golden.text(key).split { !$0.isNumber }.compactMap { Int($0) }
  }
}
