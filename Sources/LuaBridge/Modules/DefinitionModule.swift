import Engine

/// What a Lua file returns.
enum DefinitionModule {
  static let functions = [
    definition(
      .constraint,
      "Defines a constraint by its distance: distance(x, p) takes images [N, C, H, W] and parameters, and "
        + "returns one number for each image: 0 on the set, positive elsewhere, differentiable.",
      "name, distance; optional: summary, params, version, api, requires, domain, "
        + "generate(count, p, rng) -> valid images, project(x, p) -> images on the set, "
        + "metrics(x, p) -> { name = [N] }"
    )
    .example(
      """
      mg.constraint {
        name = "total",
        params = { total = { default = 120, doc = "sum of all pixels" } },
        distance = function(x, p) return (x:sum {2, 3, 4} - p.total):abs() end,
      }
      """, "constraint 'total'"
    )
    .mistake(
      "mg.constraint {name = 'a', distence = print}",
      "mg.constraint has no field 'distence'; did you mean 'distance'?"),
    definition(
      .operator,
      "Defines a forward operator: forward(x, p) takes images [N, C, H, W] and parameters, and returns the "
        + "noiseless measurement, N first.",
      "name, forward; optional: summary, params, version, api, requires, domain, "
        + "linear: true or function(p), adjoint(y, p, shape) -> images of that shape, "
        + "noise: mg.noise.… or function(p)"
    )
    .example(
      "mg.operator {name = 'left', forward = function(x) return x[{ {}, {}, {}, {1, 8} }] end}",
      "operator 'left'"
    )
    .mistake(
      "mg.operator {name = 'left'}",
      "mg.operator needs 'forward', a function; got nil"),
    definition(
      .recipe,
      "Describes a whole experiment: data, constraint, networks, training, sampling.",
      "the settings; docs/recipe.md lists them"
    )
    .example("mg.recipe {name = 'quick'}", "recipe 'quick'")
    .mistake(
      "mg.recipe('quick')",
      "bad argument 'definition' to 'recipe': expected a table, got \"quick\""),
    LuaFunction(
      "all",
      "A constraint that holds where all of the given ones do: its distance is their weighted sum.",
      Param<LuaTable>(
        "constraints",
        "{ \"burgers\", { \"total_brightness\", total = 120, weight = 0.1 }, … }: names, paths or "
          + "definitions; weight is 1 unless given; name and summary are optional"),
      Param<LuaCaller>("caller", ""), returns: "a constraint", access: .function
    ) { try combined(.sum, "all", $0, $1) }
    .example("mg.all {\"burgers\", {\"total_brightness\", weight = 0.1}}", "constraint 'all'")
    .mistake("mg.all {}", "all: at least one constraint is needed"),
    LuaFunction(
      "product",
      "A constraint that holds where one of the given ones does: its distance is their product.",
      Param<LuaTable>(
        "constraints",
        "{ { \"symmetric\", group = \"up_down\" }, \"symmetric\", … }: names, paths or definitions; "
          + "name and summary are optional"),
      Param<LuaCaller>("caller", ""), returns: "a constraint", access: .function
    ) { try combined(.product, "product", $0, $1) }
    .example(
      "mg.product {name = \"even\", \"symmetric\", {\"symmetric\", group = \"up_down\"}}",
      "constraint 'even'"
    )
    .mistake("mg.product {}", "product: at least one constraint is needed"),
    LuaFunction(
      "compose", "A forward operator that applies the given ones one after the other.",
      Param<References>(
        "operators",
        "in the order they are applied: names, paths, { name, parameter = value }, "
          + "or definitions"),
      Param<LuaCaller>("caller", ""), returns: "an operator with the last one's noise",
      access: .function
    ) { references, caller in
      .definition(
        try LuaDefinition(
          .operator, name: "composition", summary: "\(references.values.count) operators in a row",
          parts: references.values, caller: caller)) as LuaValue
    }
    .example("mg.compose('gaussian_blur', 'mask')", "operator 'composition'")
    .mistake(
      "mg.compose()",
      "bad argument 'operators' to 'compose': expected names or definitions, got nothing"),
  ]

  private static func definition(
    _ kind: LuaDefinition.Kind, _ summary: String, _ fields: String
  ) -> LuaFunction {
    LuaFunction(
      kind.rawValue, summary, Param<LuaTable>("definition", fields), Param<LuaCaller>("caller", ""),
      returns: "what the file returns", access: .function
    ) { table, caller in
      LuaValue.definition(try LuaDefinition(kind, table, caller: caller))
    }
  }

  private static func combined(
    _ combination: LuaDefinition.Combination, _ function: String, _ table: LuaTable,
    _ caller: LuaCaller
  ) throws -> LuaValue {
    let keys = ["name", "summary"]
    for key in table.fields.keys.sorted() where !keys.contains(key) {
      throw ArgumentProblem("unknown field '\(key)'" + NearestName.suggestion(key, in: keys))
    }
    guard !table.array.isEmpty else {
      throw ArgumentProblem(
        "at least one constraint is needed",
        hint: "mg.\(function) { \"burgers\", \"total_brightness\" }")
    }
    return .definition(
      try LuaDefinition(
        .constraint, name: table["name"].string ?? function,
        summary: table["summary"].string
          ?? (combination == .sum
            ? "\(table.array.count) constraints at once"
            : "one of \(table.array.count) constraints"),
        parts: table.array, combination: combination, caller: caller))
  }
}

/// All arguments there are: references to plugins.
struct References: LuaReadable {
  let values: [LuaValue]

  static var expectation: String { "names or definitions" }
  static var stubType: String { "string|table" }
  static var extent: ArgumentExtent { .rest }
  static func convert(_ value: LuaValue) -> References? { nil }

  static func read(_ reader: inout ArgumentReader, name: String) throws(LuaError) -> References {
    var values: [LuaValue] = []
    while !reader.next.isNil { values.append(reader.take()) }
    guard !values.isEmpty else {
      let missing = reader.take()
      throw reader.bad(name, expected: expectation, got: missing)
    }
    return References(values: values)
  }
}
