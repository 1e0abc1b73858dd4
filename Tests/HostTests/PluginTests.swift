import Engine
import Foundation
import Host
import LuaBridge
import TestSupport
import Testing

private struct Swifty: Constraint {
  let name: String
  func distances(_ x: Tensor) throws -> Tensor { try x.sum([1, 2, 3]).abs() }
}

private func shippedRegistry() -> PluginRegistry {
  PluginRegistry(
    searchPath: PluginSearchPath(
      environment: ["MOONGLASS_HOME": Repository.root.path], executable: nil),
    constraints: [
      "burgers": { _ in Swifty(name: "swift burgers") },
      "only_swift": { _ in Swifty(name: "only") },
    ])
}

/// Repeatable numbers in -1…1.
private func noise(_ shape: Shape, _ seed: Double = 1) -> Tensor {
  Tensor(
    (0..<shape.count).map { (Double($0) * 12.9898 * seed).remainder(dividingBy: 2) }, shape: shape)
}

@Suite("Shipped plugins")
struct ShippedPluginTests {
  @Test("total_brightness measures the sum")
  func brightness() throws {
    let constraint = try shippedRegistry().constraint(
      .table(LuaTable(array: [.string("total_brightness")], fields: ["total": .number(10)])))
    let x = Tensor.full(0.5, shape: [3, 1, 4, 4], dtype: .float64)
    #expect(try constraint.distances(x).doubles() == [2, 2, 2])
  }

  /// The definition written out with loops, per image.
  private func burgers(_ x: [Double], _ height: Int, _ width: Int) -> Double {
    let (dx, dt, nu) = (10 / Double(height - 1), 0.025, 0.05)
    func state(_ column: Int) -> [Double] {
      (0..<height).map { x[(height - 1 - $0) * width + column] }
    }
    var sum = 0.0
    for column in 0..<width - 1 {
      var u = state(column)
      for _ in 0..<5 {
        let old = u
        for i in 0..<height {
          let (right, left) = (old[(i + 1) % height], old[(i + height - 1) % height])
          u[i] +=
            dt
            * (-old[i] * (right - left) / (2 * dx) + nu * (right - 2 * old[i] + left) / (dx * dx))
        }
      }
      sum += zip(u, state(column + 1)).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    return sum / Double(height * (width - 1))
  }

  @Test("burgers agrees with the scheme written out")
  func burgersValue() throws {
    let constraint = try shippedRegistry().constraint(named: "burgers")
    #expect(constraint is LuaConstraint)
    let (height, width) = (8, 6)
    let x = noise([2, 1, height, width])
    let values = try x.doubles()
    let result = try constraint.distances(x).doubles()
    for image in 0..<2 {
      let own = Array(values[image * height * width..<(image + 1) * height * width])
      #expect(abs(result[image] - burgers(own, height, width)) < 1e-12)
    }
  }

  @Test("burgers agrees with the one built in, and with the authors' values where they are at hand")
  func burgersPeers() throws {
    let constraint = try shippedRegistry().constraint(named: "burgers")
    let x = noise([2, 1, 16, 12])
    let (lua, swift) = (try constraint.distances(x).doubles(), try Burgers().distances(x).doubles())
    #expect(zip(lua, swift).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  private static let burgersFiles = Golden.names("constraint_burgers")

  @Test(
    "burgers agrees with the authors' values where they are at hand",
    .enabled(if: !burgersFiles.isEmpty), arguments: burgersFiles)
  func burgersReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let constraint = try shippedRegistry().constraint(
      named: "burgers",
      parameters: LuaTable(fields: [
        "inner_steps": .integer(Int(golden.setting("inner_steps"))),
        "dt": .number(golden.setting("dt")), "nu": .number(golden.setting("nu")),
        "domain": .number(golden.setting("x1") - golden.setting("x0")),
      ]))
    for set in ["random", "noisy"] where golden.tensors["\(set)/input"] != nil {
      let input = try golden.image("\(set)/input")
      let distances = try constraint.distances(input)
      #expect(try relativeError(distances, golden["\(set)/losses"]) < 1e-5)
      let slope = try gradient(of: distances.mean(), withRespectTo: [input])[0]
      #expect(try relativeError(slope, golden.image("\(set)/grad")) < 2e-5)
    }
  }

  @Test("Gradients are those of finite differences", arguments: ["total_brightness", "burgers"])
  func gradients(_ name: String) throws {
    let constraint = try shippedRegistry().constraint(named: name)
    let x = noise([2, 1, 6, 5])
    let analytic = try gradient(of: constraint.distances(x).sum(), withRespectTo: [x])[0].doubles()
    let values = try x.doubles()
    let step = 1e-6
    for index in stride(from: 0, to: values.count, by: 7) {
      func distance(_ offset: Double) throws -> Double {
        var moved = values
        moved[index] += offset
        return try constraint.distances(Tensor(moved, shape: x.shape)).sum().item()
      }
      let numeric = try (distance(step) - distance(-step)) / (2 * step)
      #expect(abs(numeric - analytic[index]) < 1e-6 * max(1, abs(numeric)))
    }
  }

  @Test("first_columns measures columns, and only as many as there are")
  func columns() throws {
    let registry = shippedRegistry()
    let x = noise([2, 1, 3, 10])
    let three = try registry.forwardOperator(
      named: "first_columns", parameters: LuaTable(fields: ["count": .integer(3)]))
    #expect(try three.measure(x).shape == [2, 1, 3, 3])
    let error = #expect(throws: LuaError.self) {
      try registry.forwardOperator(
        named: "first_columns", parameters: LuaTable(fields: ["count": .integer(11)])
      ).measure(x)
    }
    #expect(error?.text == "slice: index 11 is out of range 1…10 on axis 4")
  }

  @Test("Every shipped plugin loads and works on a placeholder: it needs shapes only")
  func all() throws {
    let registry = shippedRegistry()
    let x = Tensor.placeholder("x", shape: [4, 1, 16, 16])
    let velocities = Tensor.placeholder("x", shape: [4, 2, 16, 32])
    for name in registry.searchPath.names(subfolder: "constraints") {
      let images = ["divergence_free", "kolmogorov"].contains(name) ? velocities : x
      #expect(
        try registry.constraint(named: "lua:" + name).distances(images).shape == [4], "\(name)")
    }
    for name in registry.names(of: .operator) {
      #expect(try registry.forwardOperator(named: name).measure(x).shape[0] == 4, "\(name)")
    }
  }
}

@Suite("The registry finds plugins")
struct PluginRegistryTests {
  private static let plugin = """
    return mg.constraint { name = "mine", params = { k = { default = 2, min = 0, max = 9 } },
      distance = function(x, p) return x:sum { 2, 3, 4 }:abs() * p.k end }
    """

  @Test("Prefixes choose; the Lua file wins otherwise")
  func prefixes() throws {
    let registry = shippedRegistry()
    #expect(try registry.constraint(named: "swift:burgers").name == "swift burgers")
    #expect(try registry.constraint(named: "lua:burgers").name == "burgers")
    #expect(try registry.constraint(named: "burgers").name == "burgers")
    #expect(try registry.constraint(named: "only_swift").name == "only")
    #expect(throws: PluginError.self) { try registry.constraint(named: "lua:only_swift") }
  }

  @Test("Recipes resolve names, paths, tables and definitions in place, beside them first")
  func recipes() throws {
    let files = [
      "mine.lua": Self.plugin,
      "deep/other.lua": Self.plugin,
      "burgers.lua": "return mg.recipe { constraint = 'burgers' }",
      "name.lua":
        "return mg.recipe { constraint = 'mine', train = { steps = 10, list = { 1, 2 } } }",
      "path.lua": "return mg.recipe { constraint = 'deep/other.lua' }",
      "table.lua":
        "return mg.recipe { constraint = { 'mine', k = 3 }, operator = { 'first_columns', count = 1 } }",
      "inline.lua": """
      return mg.recipe { name = "r", constraint = mg.constraint { name = "here",
        distance = function(x) return x:sum { 2, 3, 4 }:abs() end } }
      """,
    ]
    try withPluginFiles(files) { folder in
      let registry = shippedRegistry()
      let x = Tensor.ones([2, 1, 2, 2])
      func distances(_ recipe: String) throws -> [Double]? {
        try registry.recipe(file: "\(folder)/\(recipe).lua").constraint()?.distances(x).doubles()
      }
      #expect(try distances("name") == [8, 8])
      #expect(try distances("path") == [8, 8])
      #expect(try distances("table") == [12, 12])
      #expect(try distances("inline") == [4, 4])
      let recipe = try registry.recipe(file: "\(folder)/table.lua")
      #expect(try recipe.forwardOperator()?.measure(x).shape == [2, 1, 2, 1])
      let named = try registry.recipe(file: "\(folder)/name.lua")
      #expect(named.values["train"].table?["steps"].integer == 10)
      #expect(named.values["train"].table?["list"].table?.array.compactMap(\.integer) == [1, 2])
      #expect(try named.forwardOperator() == nil)
      #expect(try registry.recipe(file: "\(folder)/burgers.lua").constraint()?.name == "burgers")
    }
  }

  @Test("Unknown names and files say what there is and where was looked")
  func unknown() throws {
    let registry = shippedRegistry()
    let name = #expect(throws: PluginError.self) { try registry.constraint(named: "burger") }
    #expect(name?.message == "there is no constraint 'burger'; did you mean 'burgers'?")
    #expect(name?.hint?.contains("total_brightness") == true)
    #expect(name?.hint?.contains("\(Repository.root.path)/plugins") == true)
    let path = #expect(throws: PluginError.self) { try registry.constraint(named: "no/such.lua") }
    #expect(path?.message == "no/such.lua: no such file")
    let kind = #expect(throws: PluginError.self) {
      try registry.constraint(named: "\(Repository.root.path)/plugins/operators/first_columns.lua")
    }
    #expect(
      kind?.message.hasSuffix("first_columns.lua must return mg.constraint{…}, got mg.operator{…}")
        == true)
    let value = #expect(throws: PluginError.self) { try registry.constraint(.integer(3)) }
    #expect(
      value?.message
        == "the constraint must be a name, a path, { name, parameter = value } or mg.constraint{…}, got 3"
    )
  }

  static let wrongParameters: [(LuaTable, String)] = [
    (
      LuaTable(fields: ["dtt": .number(1)]),
      "constraint 'burgers' has no parameter 'dtt' (it has domain, dt, inner_steps, integrator, nu, tolerance); did you mean 'dt'?"
    ),
    (LuaTable(fields: ["nu": .number(-1)]), "parameter 'nu' must be at least 0, got -1"),
    (LuaTable(fields: ["nu": .string("x")]), "parameter 'nu' must be a number, got \"x\""),
    (LuaTable(fields: ["nu": .number(.nan)]), "parameter 'nu' must be finite, got nan"),
    (
      LuaTable(fields: ["inner_steps": .number(1.5)]),
      "parameter 'inner_steps' must be an integer, got 1.5"
    ),
    (
      LuaTable(fields: ["integrator": .string("eule")]),
      "parameter 'integrator' must be one of euler, crank_nicolson, got 'eule'; did you mean 'euler'?"
    ),
    (
      LuaTable(array: [.integer(1)]),
      "parameters of 'burgers' are given by name, as in { total = 120 }"
    ),
  ]

  @Test("Parameters are checked", arguments: wrongParameters)
  func parameters(_ given: LuaTable, _ message: String) {
    let error = #expect(throws: LuaError.self) {
      try shippedRegistry().constraint(named: "burgers", parameters: given)
    }
    #expect(error?.message == message)
  }
}

@Suite("What plugins return is checked")
struct PluginResultTests {
  static let results: [(String, String)] = [
    ("x", "distance must return [N] = [2], got [2, 1, 3, 3]. Sum over axes 2 to 4 too?"),
    ("x:sum{2, 3}", "distance must return [N] = [2], got [2, 3]. Sum over the last axis too?"),
    (
      "x:sum()",
      "distance must return [N] = [2], got []. Keep the first axis: sum over {2, 3, 4} only."
    ),
    (
      "x:sum(1)",
      "distance must return [N] = [2], got [1, 3, 3]. Keep the first axis and sum over the others."
    ),
    ("1", "distance must return [N] = [2], got 1"),
    ("nil", "distance must return [N] = [2], got nil"),
    ("x:sum{2, 3, 4}:lt(0)", "distance must return a floating tensor, got bool"),
  ]

  @Test("distance", arguments: results)
  func distance(_ expression: String, _ message: String) throws {
    let source =
      "return mg.constraint { name = 'a',\n  distance = function(x) return \(expression) end }"
    try withPluginFiles(["a.lua": source]) { folder in
      let file = "\(folder)/a.lua"
      let constraint = try PluginRegistry().constraint(named: file)
      let error = #expect(throws: LuaError.self) { try constraint.distances(.ones([2, 1, 3, 3])) }
      #expect(error?.message == "\(file):2: \(message)")
    }
  }

  @Test("A file that returns no definition says so")
  func notADefinition() throws {
    try withPluginFiles(["a.lua": "mg.constraint { name = 'a', distance = print }"]) { folder in
      let error = #expect(throws: PluginError.self) {
        try PluginRegistry().constraint(named: "\(folder)/a.lua")
      }
      #expect(
        error?.message
          == "\(folder)/a.lua must return mg.constraint{…} or mg.operator{…} or mg.recipe{…}, got nil"
      )
    }
  }
}
