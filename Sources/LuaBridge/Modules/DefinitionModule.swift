import Engine

/// What a Lua file returns.
enum DefinitionModule {
  static let functions = [
    definition(
      .constraint,
      "Defines a constraint by its distance: distance(x, p) takes images [N, C, H, W] and parameters, and "
        + "returns one number for each image: 0 on the set, positive elsewhere, differentiable.",
      "name, distance; optional: summary, params, version, api; kept but not used yet: generate, project, metrics"
    ),
    definition(
      .operator,
      "Defines a forward operator: forward(x, p) takes images [N, C, H, W] and parameters, and returns the "
        + "noiseless measurement, N first.",
      "name, forward; optional: summary, params, version, api; kept but not used yet: linear, adjoint, domain, noise"
    ),
    definition(
      .recipe,
      "Describes a whole experiment: data, constraint, networks, training, sampling.",
      "the settings; the README lists them"),
  ]

  private static func definition(
    _ kind: LuaDefinition.Kind, _ summary: String, _ fields: String
  ) -> LuaFunction {
    LuaFunction(
      kind.rawValue, summary, Param<LuaTable>("definition", fields), Param<LuaCaller>("caller", ""),
      returns: "what the file returns", access: .function
    ) { table, caller in
      let (file, line) = caller.position
      return LuaValue.definition(try LuaDefinition(kind, table, file: file, line: line))
    }
  }
}
