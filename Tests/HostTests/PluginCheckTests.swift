import Engine
import Foundation
import Host
import LuaBridge
import TestSupport
import Testing

@Suite("Checks of plugins")
struct PluginCheckTests {
  /// A constraint with that distance, checked.
  private func check(_ distance: String, extra: String = "") throws -> PluginReport {
    let source = """
      local mg = require "moonglass"
      return mg.constraint {
        name = "tried", \(extra)
        distance = function(x, p)
          \(distance)
        end,
      }
      """
    return try withPluginFiles(["tried.lua": source]) {
      try PluginCheck(registry: standardRegistry())("\($0)/tried.lua")
    }
  }

  /// What is wrong, which check says so, and what it must say.
  static let bad: [(distance: String, check: String, text: String)] = [
    (
      """
      local d = (x:sum { 2, 3, 4 } - 1):square()
      return mg.custom { value = d, inputs = { x }, vjp = function(v)
        return (v * (x:sum { 2, 3, 4 } - 1)):reshape(-1, 1, 1, 1):broadcast_to(x.shape) end }
      """, "gradient", "wrong gradient"
    ),
    ("return mg.full({ x.shape[1] }, 3, x.dtype)", "reaches input", "ignores its input"),
    (
      "return x:sum { 2, 3, 4 }:floor():abs()", "reaches input", "no gradient through floor at"
    ),
    ("return mg.stop_gradient(x):sum { 2, 3, 4 }:abs()", "reaches input", "its gradient is 0"),
    ("return x:square():mean { 2, 3, 4 } - 1e-4", "non-negative", "the distance of"),
    // Negative only in a narrow band between all images that are tried: descent finds it.
    ("return (x:sum { 2, 3, 4 } - 7):abs() - 0.5", "non-negative", "descent from random images"),
    ("return x:square():sum { 2, 3, 4 }:sqrt()", "kinks", "from sqrt at"),
    ("return x:abs():log():abs():mean { 2, 3, 4 }", "kinks", "from log at"),
    (
      "return ((x - 1) / (x - 1):sum { 2, 3, 4, keepdims = true }):abs():sum { 2, 3, 4 }", "kinks",
      "from a / b at"
    ),
    (
      """
      local n = x:norm { 2, 3, 4 }
      return mg.custom { value = n, inputs = { x }, vjp = function(v)
        return (v / n):reshape(-1, 1, 1, 1) * x end }
      """, "kinks", "from custom at"
    ),
    (
      "return (x / x:mean() - 1):abs():mean { 2, 3, 4 }", "independent images",
      "when the others of its batch change"
    ),
    ("return x:abs():sum { 2, 3, 4 } / x.shape[1]", "batch size", "alone and"),
    ("count = (count or 0) + 1 return x:abs():sum { 2, 3, 4 } * count", "deterministic", "then"),
    ("return x:sum { 2, 3 }", "images", "distance must return [N]"),
    ("return x:summ { 2, 3 }", "images", "did you mean 'sum'"),
    ("return x:abs():sum { 2, 3, 4 } * 0 / 0", "finite", "nan"),
    ("return (x * mg.linspace(0, 1, x.shape[4])):abs():sum { 2, 3, 4 }", "shape", "float64"),
  ]

  @Test("What is wrong is caught by name", arguments: bad)
  func caught(_ distance: String, _ name: String, _ text: String) throws {
    let report = try check(distance)
    let result = try #require(report.result(name), "\(report.results)")
    #expect(result.status == .failed, "\(report.failures)")
    #expect(result.detail.contains(text), "\(result.detail)")
    #expect(!report.isGreen)
  }

  @Test("A wrong gradient names mg.custom's line; a root names norm")
  func hints() throws {
    let wrong = try check(Self.bad[0].distance)
    #expect(wrong.result("gradient")?.hint?.contains("tried.lua:6") == true)
    #expect(wrong.result("gradient")?.detail.contains("0.5 times") == true)
    let root = try check("return x:square():sum { 2, 3, 4 }:sqrt()")
    #expect(root.result("kinks")?.detail.contains("tried.lua:5") == true)
    #expect(root.result("kinks")?.hint?.contains("norm") == true)
  }

  @Test("Valid data, projection and metrics are held to what they promise")
  func optionalParts() throws {
    let distance = "return (x:sum { 2, 3, 4 } - 2):abs()"
    let good = try check(
      distance,
      extra: """
        generate = function(count, p, rng)
          local x = rng:uniform { count, 1, 8, 8 }
          return x * 2 / x:sum { 2, 3, 4, keepdims = true }
        end,
        project = function(x, p) return x + (2 - x:sum { 2, 3, 4, keepdims = true }) / x[1].size end,
        metrics = function(x, p) return { total = x:sum { 2, 3, 4 } } end,
        """)
    #expect(good.isGreen, "\(good.failures)")
    #expect(good.imageSize == [1, 8, 8])
    #expect(good.result("valid data")?.status == .passed)
    #expect(good.result("projection")?.status == .passed)
    #expect(good.result("metrics")?.detail == "total")
    let bad = try check(
      distance,
      extra: """
        generate = function(count, p, rng) return rng:normal { count, 1, 8, 8 } end,
        project = function(x, p) return x * 0 end,
        """)
    #expect(bad.result("valid data")?.status == .failed)
    #expect(bad.result("projection")?.status == .failed)
  }

  @Test("Flat images that satisfy a rule are a warning")
  func minimisers() throws {
    let report = try check("return (x - x:flip(4)):abs():mean { 2, 3, 4 }")
    #expect(report.isGreen, "\(report.failures)")
    #expect(report.result("cheap minimisers")?.status == .warning)
    let flat = try check("return (x:mean { 2, 3, 4 } - 0.3):abs()")
    #expect(flat.result("cheap minimisers")?.detail.contains("flat image") == true)
  }

  /// A forward operator's bodies that are wrong.
  static let badOperators: [(body: String, check: String, text: String)] = [
    ("linear = true, forward = function(x) return x + 1 end", "linear", "is declared"),
    (
      "linear = true, forward = function(x) return x * 2 end, adjoint = function(y) return y * 3 end",
      "adjoint", "⟨Ax, y⟩"
    ),
    (
      "forward = function(x) return mg.ones({ x.shape[1], 3 }, x.dtype) end", "reaches input",
      "ignores"
    ),
    ("forward = function(x) return x:reshape(-1) end", "images", "N = 2"),
    ("forward = function(x) return x:square():sum(4):sqrt() end", "kinks", "from sqrt"),
    ("forward = function(x) return x - x:mean(1) end", "independent images", "others"),
  ]

  @Test("What is wrong with an operator is caught by name", arguments: badOperators)
  func operators(_ body: String, _ name: String, _ text: String) throws {
    try withPluginFiles(["op.lua": "return mg.operator { name = 'op', \(body) }"]) { folder in
      let report = try PluginCheck(registry: standardRegistry())("\(folder)/op.lua")
      let result = try #require(report.result(name))
      #expect(result.status == .failed, "\(report.results)")
      #expect(result.detail.contains(text), "\(result.detail)")
    }
  }

  static let shipped =
    standardRegistry().names(of: .constraint).map { ("constraints", $0) }
    + standardRegistry().names(of: .operator).map { ("operators", $0) }

  @Test("Every shipped plugin is green", arguments: shipped)
  func allGreen(_ folder: String, _ name: String) throws {
    let path = Repository.root.appendingPathComponent("plugins/\(folder)/\(name).lua").path
    let reference = FileManager.default.fileExists(atPath: path) ? path : "swift:\(name)"
    let report = try PluginCheck(registry: standardRegistry())(reference)
    #expect(report.isGreen, "\(name): \(report.failures)")
    #expect(report.results.count > 8)
  }

  /// Parameters that lead into other branches of shipped operators.
  static let otherParameters: [(String, [String: LuaValue])] = [
    ("mask", ["kind": .string("box"), "size": .integer(5)]),
    ("mask", ["noise": .number(0.2)]),
    ("gaussian_blur", ["sigma": .number(3), "boundary": .string("circular")]),
    ("motion_blur", ["angle": .number(115), "boundary": .string("zero")]),
    ("radon", ["detectors": .integer(9), "angles": .integer(5), "noise": .number(0.1)]),
    ("fourier_mask", ["coils": .integer(3), "acceleration": .number(2)]),
    ("closure_quantities", ["quantity": .string("amplitudes")]),
    ("phase_retrieval", ["quantity": .string("intensity"), "oversampling": .number(1.5)]),
    ("saturation", ["noise": .number(0.05)]),
    (
      "state_observation",
      [
        "rows": .integer(4), "columns": .integer(1), "noise": .number(0.1),
        "states": .table(LuaTable(array: [.integer(2), .integer(-2)])),
        "channels": .table(LuaTable(array: [.integer(1)])),
      ]
    ),
  ]

  @Test("Shipped operators are green with other parameters too", arguments: otherParameters)
  func variants(_ name: String, _ parameters: [String: LuaValue]) throws {
    var check = PluginCheck(registry: standardRegistry())
    check.parameters = LuaTable(fields: parameters)
    let report = try check("\(Repository.root.path)/plugins/operators/\(name).lua")
    #expect(report.isGreen, "\(name): \(report.failures)")
    if parameters["noise"] != nil { #expect(report.result("noise")?.status == .passed) }
  }

  @Test("Templates are green as they stand")
  func templates() throws {
    for kind in [LuaDefinition.Kind.constraint, .operator] {
      let text = PluginTemplate.text(name: "mine", kind: kind)
      try withPluginFiles(["mine.lua": text]) { folder in
        let report = try PluginCheck(registry: standardRegistry())("\(folder)/mine.lua")
        #expect(report.isGreen, "\(report.failures)")
        #expect(!report.results.contains { $0.status == .warning && kind == .operator })
      }
    }
  }
}
