import LuaBridge

/// The noise models a script can name: one line each.
enum NoiseModels {
  private static let makers: [String: @Sendable (LuaTable) throws -> any NoiseModel] = [
    "gaussian": { table in
      if let sigma = table["sigma"].tensor { return try GaussianNoise(deviations: sigma) }
      return GaussianNoise(deviation: table["sigma"].double ?? 1)
    },
    "poisson": {
      PoissonNoise(peak: $0["peak"].double ?? 1, background: $0["background"].double ?? 0)
    },
    "laplace": { LaplaceNoise(scale: $0["scale"].double ?? 1) },
    "correlated": { table in
      guard let covariance = table["covariance"].tensor else {
        throw LuaError(.definition, "mg.noise.correlated: 'covariance' must be a tensor")
      }
      return try CorrelatedNoise(covariance: covariance)
    },
  ]

  /// The model that `mg.noise.NAME{…}` describes.
  static func model(_ definition: LuaDefinition) throws -> any NoiseModel {
    guard definition.kind == .noise, let make = makers[definition.name] else {
      throw PluginError.wrongResult(
        file: definition.file, expected: ["noise.gaussian"],
        got: "mg.\(definition.kind.rawValue){…}")
    }
    return try make(definition.fields)
  }
}
