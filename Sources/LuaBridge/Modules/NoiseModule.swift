import Engine

/// Noise models of forward operators: one object that both samples and gives the likelihood.
enum NoiseModule {
  static let functions = [
    noise(
      "gaussian", "Independent normal noise: y = a + sigma z.",
      "sigma: standard deviation, a number above 0 or a tensor of the shape of one measurement",
      keys: ["sigma"], example: "sigma = 0.1"),
    noise(
      "poisson", "Counting noise: y is Poisson(peak a + background) / peak.",
      "peak: counts where a is 1; background: counts where a is 0, default 0",
      keys: ["peak"], optional: ["background"], example: "peak = 100"),
    noise(
      "laplace",
      "Independent Laplace noise, of heavier tails: density exp(-|y - a| / scale) / (2 scale).",
      "scale: mean absolute value, a number above 0", keys: ["scale"],
      example: "scale = 0.1"),
    noise(
      "correlated", "Normal noise of known covariance, over the elements of one measurement.",
      "covariance: a tensor [M, M], symmetric and positive definite; M elements in row-major order",
      keys: ["covariance"], example: "covariance = mg.eye(4)"),
  ]

  /// The settings that may be tensors.
  private static let tensors = ["sigma", "covariance"]

  private static func noise(
    _ name: String, _ summary: String, _ fields: String, keys: [String], optional: [String] = [],
    example: String
  ) -> LuaFunction {
    LuaFunction(
      "noise.\(name)", summary, Param<LuaTable>("settings", fields), Param<LuaCaller>("caller", ""),
      returns: "a noise model", access: .function
    ) { table, caller in
      let known = keys + optional
      for key in table.fields.keys.sorted() where !known.contains(key) {
        throw ArgumentProblem("unknown field '\(key)'" + NearestName.suggestion(key, in: known))
      }
      for key in keys where table[key].isNil { throw ArgumentProblem("needs '\(key)'") }
      for key in known {
        switch table[key] {
        case .nil: break
        case .tensor where tensors.contains(key): break
        case let value where key == "covariance":
          throw ArgumentProblem("'covariance' must be a tensor [M, M], got \(value.summary)")
        case let value where value.double.map({ $0.isFinite && $0 >= 0 }) == true:
          guard value.double != 0 || optional.contains(key) else {
            throw ArgumentProblem("'\(key)' must be above 0, got 0")
          }
        case let value:
          throw ArgumentProblem("'\(key)' must be a positive number, got \(value.summary)")
        }
      }
      return LuaValue.definition(
        try LuaDefinition(.noise, name: name, summary: summary, fields: table, caller: caller))
    }
    .example("mg.noise.\(name) {\(example)}", "noise '\(name)'")
    .mistake("mg.noise.\(name) {}", "noise.\(name): needs '\(keys[0])'")
  }
}
