import Engine
import Foundation
import TestSupport

/// The reference implementation's names and layouts of weights, in ours.
enum GoldenNames {
  /// A whole name is rewritten by the first pattern that matches it.
  typealias Rules = [(pattern: String, replacement: String)]

  static let icnn: Rules = [
    (#"^wx_quad_(\d+)/kernel$"#, "quadratic.$1.weight"),
    (#"^wx_lin_(\d+)/kernel$"#, "linear.$1.weight"),
    (#"^wx_lin_(\d+)/bias$"#, "linear.$1.bias"),
    (#"^wz_(\d+)/kernel$"#, "hidden.$1.weight"),
    (#"^final_conv2d/kernel$"#, "output.weight"),
  ]

  static let generator =
    layers(
      [
        ("Conv_0", "first"), ("GroupNorm_0", "first_norm"), ("Conv_1", "down.0"),
        ("Conv_2", "down.1"),
        ("GroupNorm_1", "down_norm.0"), ("GroupNorm_2", "down_norm.1"), ("ConvTranspose_0", "up.0"),
        ("ConvTranspose_1", "up.1"), ("GroupNorm_3", "up_norm.0"), ("GroupNorm_4", "up_norm.1"),
        ("Conv_3", "last"),
      ])
    + layers(
      [
        ("Conv_0", "conv1"), ("GroupNorm_0", "norm1"), ("Conv_1", "conv2"),
        ("GroupNorm_1", "norm2"),
      ],
      inside: "ResNetBlock", "blocks")

  static let scoreNetwork =
    layers([
      ("Dense_0", "time.0"), ("Dense_1", "time.1"), ("Conv_0", "first"),
      ("GroupNorm_0", "last_norm"),
      ("Conv_1", "last"),
    ])
    + layers(
      [
        ("GroupNorm_0", "norm1"), ("Conv_0", "conv1"), ("Dense_0", "time"),
        ("GroupNorm_1", "norm2"),
        ("Conv_1", "conv2"), ("Conv_2", "skip"),
      ], inside: "ResnetBlockBigGANpp", "blocks")
    + layers(
      [
        ("GroupNorm_0", "norm"), ("NIN_0", "query"), ("NIN_1", "key"), ("NIN_2", "value"),
        ("NIN_3", "output"),
      ], inside: "AttnBlockpp", "attention")
    + leaves(#"^Downsample_(\d+)/Conv2d_0"#, "pyramid.$1")

  private static func layers(_ names: [(String, String)]) -> Rules {
    names.flatMap { leaves("^\($0.0)", $0.1) }
  }

  private static func layers(_ names: [(String, String)], inside block: String, _ ours: String)
    -> Rules
  {
    names.flatMap { leaves("^\(block)_(\\d+)/\($0.0)", "\(ours).$1.\($0.1)") }
  }

  private static func leaves(_ pattern: String, _ name: String) -> Rules {
    [
      (pattern + "/(?:kernel|weight|W)$", name + ".weight"),
      (pattern + "/(?:bias|b)$", name + ".bias"),
      (pattern + "/scale$", name + ".scale"),
    ]
  }

  /// Weights, or their gradients, of a file as our parameters.
  ///
  /// - Throws: when a name matches no rule, or a parameter of the network is missing.
  static func parameters(
    _ specs: [ParameterSpec], from group: [String: Tensor], _ rules: Rules
  ) throws -> Parameters {
    var found: [String: Tensor] = [:]
    for (name, tensor) in group {
      let ours = try rename(name, rules)
      found[ours] = try layout(tensor, isTransposed: ours.hasPrefix("up."))
    }
    try evaluate(Array(found.values))
    let zeros = Parameters(names: specs.map(\.name), tensors: specs.map { .zeros($0.shape) })
    return try zeros.replacing(with: found, from: "reference values")
  }

  private static func rename(_ name: String, _ rules: Rules) throws -> String {
    for (pattern, replacement) in rules {
      let expression = try NSRegularExpression(pattern: pattern)
      let range = NSRange(location: 0, length: name.utf16.count)
      guard expression.firstMatch(in: name, range: range) != nil else { continue }
      return expression.stringByReplacingMatches(in: name, range: range, withTemplate: replacement)
    }
    throw Golden.Missing(description: "no parameter of ours stands for '\(name)'")
  }

  /// Kernels `[rows, columns, in, out]` as `[out, in, rows, columns]`, of transposed convolutions as
  /// `[in, out, rows, columns]`; dense ones `[in, out]` as `[out, in]`.
  private static func layout(_ tensor: Tensor, isTransposed: Bool) throws -> Tensor {
    switch tensor.rank {
    case 4: try tensor.permuted(isTransposed ? [2, 3, 0, 1] : [3, 2, 0, 1])
    case 2: try tensor.transposed()
    default: tensor
    }
  }

  /// Parameters whose gradient is exactly 0: a bias before an instance norm, an attention's key bias.
  static func hasZeroGradient(_ name: String) -> Bool {
    let isGeneratorBias =
      name.hasSuffix(".bias") && !name.contains("norm") && name != "last.bias"
      && !name.hasPrefix("linear.")
    return isGeneratorBias || name.hasSuffix(".key.bias")
  }
}

/// What is wrong with gradients of parameters: the names that are off, with their errors.
func wrongGradients(
  _ actual: Parameters, _ expected: Parameters, tolerance: Double,
  isZero: (String) -> Bool = GoldenNames.hasZeroGradient
) throws -> [String] {
  // Together: they share nearly everything.
  try evaluate(actual.tensors)
  var wrong: [String] = []
  for (name, (a, e)) in zip(actual.names, zip(actual.tensors, expected.tensors)) {
    if isZero(name) {
      let largest = try a.abs().max().item()
      if !(largest < 5e-6) { wrong.append("\(name): \(largest) instead of 0") }
    } else {
      let error = try relativeError(a, e)
      if !(error < tolerance) { wrong.append("\(name): \(error)") }
    }
  }
  return wrong
}
