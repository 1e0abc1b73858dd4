import Engine
import LuaBridge

extension PluginRegistry {
  /// The registry with everything that is built in.
  ///
  /// - Parameter print: takes what plugins print, a line at a time.
  public static func standard(print: @escaping LuaRuntime.Printer) -> PluginRegistry {
    PluginRegistry(constraints: builtinConstraints, operators: builtinOperators, print: print)
  }

  /// What is built in, in a line each, for lists.
  static let builtinSummaries = [
    "burgers": "columns are solutions of Burgers' equation, each one step after the last",
    "count": "a number of objects, as counted by a trained network",
    "divergence_free": "a velocity field without divergence",
    "kolmogorov": "states of a Kolmogorov flow, each a step after the last",
    "total_brightness": "all pixels add up to `total`",
    "first_columns": "the first columns: early times",
  ]

  /// Constraints written in Swift: each also ships as a Lua file, equal in value and gradient, but for
  /// `count`, which is a network.
  static let builtinConstraints: [String: Builtin<any Constraint>] = [
    "burgers": { table in
      var reader = SettingsReader(table, path: "swift:burgers")
      let burgers = Burgers(
        substeps: try reader.integer("inner_steps", default: 5, in: 1...10_000),
        timeStep: try reader.number("dt", default: 0.025, in: 1e-9...1e3),
        viscosity: try reader.number("nu", default: 0.05, in: 0...1e3),
        domain: try reader.number("domain", default: 10, in: 1e-9...1e9),
        integrator: try reader.choice("integrator", default: .euler),
        tolerance: try reader.number("tolerance", default: 1e-6, in: 1e-15...0.1))
      try reader.finish()
      return burgers
    },
    "count": { table in
      var reader = SettingsReader(table, path: "swift:count")
      let weights = try reader.text("weights", default: "counter.safetensors")
      let count = try ObjectCount(
        weights: weights, target: reader.number("target", default: 8, in: 0...1e6))
      try reader.finish()
      return count
    },
    "divergence_free": { table in
      var reader = SettingsReader(table, path: "swift:divergence_free")
      let constraint = DivergenceFree(layout: try layout(&reader))
      try reader.finish()
      return constraint
    },
    "kolmogorov": { table in
      var reader = SettingsReader(table, path: "swift:kolmogorov")
      let constraint = try KolmogorovResidual(
        layout: layout(&reader),
        substeps: reader.integer("inner_steps", default: 20, in: 1...10_000),
        reynolds: reader.number("reynolds", default: 1000, in: 1e-3...1e9),
        timeStep: reader.number("dt", default: 0.01, in: 1e-9...1e3))
      try reader.finish()
      return constraint
    },
    "total_brightness": { table in
      var reader = SettingsReader(table, path: "swift:total_brightness")
      let constraint = TotalBrightness(
        total: try reader.number("total", default: 120, in: -1e12...1e12))
      try reader.finish()
      return constraint
    },
  ]

  private static func layout(_ reader: inout SettingsReader) throws -> FluidLayout {
    FluidLayout(
      rows: try reader.integer("rows", default: 2, in: 1...64),
      columns: try reader.integer("columns", default: 4, in: 1...64))
  }

  /// Forward operators written in Swift.
  static let builtinOperators: [String: Builtin<any ForwardOperator>] = [
    "first_columns": { table in
      var reader = SettingsReader(table, path: "swift:first_columns")
      let columns = FirstColumns(count: try reader.integer("count", default: 8, in: 1...1_000_000))
      try reader.finish()
      return columns
    }
  ]
}
