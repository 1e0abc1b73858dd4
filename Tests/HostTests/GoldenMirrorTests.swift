import Engine
import Host
import TestSupport
import Testing

/// The two networks of a mirror map against the authors' implementation.
@Suite struct GoldenMirrorTests {
  @Test(arguments: Golden.names("icnn_")) func forwardMap(_ name: String) throws {
    let golden = try Golden.open(name)
    let network = ICNN(
      channels: Int(try golden.setting("channels")), filters: Int(try golden.setting("n_filters")),
      layers: Int(try golden.setting("n_layers")),
      strongConvexity: try golden.setting("strong_convexity"))
    let parameters = try GoldenNames.parameters(
      network.parameters, from: golden.group("params/"), GoldenNames.icnn)
    let context = LayerContext(parameters)
    let x = try golden.image("input")
    let y = try network(x, context)
    #expect(try relativeError(y, golden.image("output")) < 1e-5)
    #expect(
      try relativeError(network.convexGradient(x, context), golden.image("convex_part_grad")) < 1e-5
    )
    let loss = try (y - golden.image("target")).abs().mean()
    #expect(try relativeError(loss.reshaped(to: [1]), golden["loss"]) < 1e-5)
    let slopes = try gradient(of: loss, withRespectTo: [x] + parameters.tensors)
    try evaluate([y, loss] + slopes)
    #expect(try relativeError(slopes[0], golden.image("grad/input")) < 5e-5)
    let expected = try GoldenNames.parameters(
      network.parameters, from: golden.group("grad/params/"), GoldenNames.icnn)
    #expect(
      try wrongGradients(
        parameters.replacing(Array(slopes[1...])), expected, tolerance: 5e-5,
        isZero: { $0.hasPrefix("linear.") && $0.hasSuffix(".bias") }) == [])
  }

  @Test(arguments: Golden.names("generator_")) func inverseMap(_ name: String) throws {
    let golden = try Golden.open(name)
    let text = try golden.text("final_activation").lowercased()
    let network = ResNetGenerator(
      channels: Int(try golden.setting("channels")), width: Int(try golden.setting("ngf")),
      blocks: Int(try golden.setting("n_res_blocks")),
      isResidual: try golden.text("residual") == "True",
      activation: try #require(ResNetGenerator.Activation(rawValue: text)))
    let parameters = try GoldenNames.parameters(
      network.parameters, from: golden.group("params/"), GoldenNames.generator)
    let x = try golden.image("input")
    let y = try network(x, LayerContext(parameters))
    #expect(try relativeError(y, golden.image("output")) < 2e-5)
    let loss = try (y - golden.image("target")).square().mean()
    #expect(try relativeError(loss.reshaped(to: [1]), golden["loss"]) < 2e-5)
    let slopes = try gradient(of: loss, withRespectTo: [x] + parameters.tensors)
    try evaluate([y, loss] + slopes)
    #expect(try relativeError(slopes[0], golden.image("grad/input")) < 2e-4)
    let expected = try GoldenNames.parameters(
      network.parameters, from: golden.group("grad/params/"), GoldenNames.generator)
    let actual = parameters.replacing(Array(slopes[1...]))
    #expect(try wrongGradients(actual, expected, tolerance: 2e-4) == [])
  }
}
