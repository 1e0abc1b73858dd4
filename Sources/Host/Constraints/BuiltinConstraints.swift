import Engine
import LuaBridge

extension PluginRegistry {
  /// The registry with everything that is built in.
  ///
  /// - Parameter print: takes what plugins print, a line at a time.
  public static func standard(print: @escaping LuaRuntime.Printer) -> PluginRegistry {
    PluginRegistry(constraints: builtinConstraints, operators: builtinOperators, print: print)
  }

  /// Constraints written in Swift: each also ships as a Lua file, equal in value and gradient.
  static let builtinConstraints: [String: Builtin<any Constraint>] = [
    "burgers": { table in
      var reader = SettingsReader(table, path: "swift:burgers")
      let burgers = Burgers(
        substeps: try reader.integer("inner_steps", default: 5, in: 1...10_000),
        timeStep: try reader.number("dt", default: 0.025, in: 1e-9...1e3),
        viscosity: try reader.number("nu", default: 0.05, in: 0...1e3),
        domain: try reader.number("domain", default: 10, in: 1e-9...1e9))
      try reader.finish()
      return burgers
    },
    "total_brightness": { table in
      var reader = SettingsReader(table, path: "swift:total_brightness")
      let constraint = TotalBrightness(
        total: try reader.number("total", default: 120, in: -1e12...1e12))
      try reader.finish()
      return constraint
    },
  ]

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
