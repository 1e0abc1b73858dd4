import Engine
import Foundation
import Host
import LuaBridge
import Testing

/// Constraints and operators made of others: not of themselves, and not without end.
@Suite struct PluginNestingTests {
  /// The error that making the plugin `a.lua` ends with.
  private func error(_ files: [String: String], isOperator: Bool = false) throws -> LuaError? {
    try withPluginFiles(files) { folder in
      var registry = standardRegistry()
      registry.searchPath = registry.searchPath.beside(recipe: folder + "/recipe.lua")
      do {
        if isOperator {
          _ = try registry.forwardOperator(named: "a.lua")
        } else {
          _ = try registry.constraint(named: "a.lua")
        }
        return nil
      } catch let error as LuaError {
        return error
      }
    }
  }

  @Test func pluginsThatNameThemselvesAreRefused() throws {
    for source in ["mg.all { 'a.lua' }", "mg.product { 'symmetric', 'a.lua' }", "mg.all { 'a' }"] {
      let error = try error(["a.lua": "return " + source])
      #expect(error?.text.contains("in a circle") == true, "\(source)")
    }
    let composed = try error(["a.lua": "return mg.compose('a.lua')"], isOperator: true)
    #expect(composed?.text.contains("in a circle") == true)
    let round = try error([
      "a.lua": "return mg.all { 'b.lua' }",
      "b.lua": "return mg.product { { 'a.lua', weight = 2 } }",
    ])
    let text = try #require(round?.text)
    #expect(text.contains("a.lua → ") && text.contains("b.lua → ") && text.hasSuffix("a.lua"))
  }

  @Test func thereIsAnEndToPartsOfParts() throws {
    let start = "local c = 'symmetric' "
    #expect(try error(["a.lua": start + "return mg.all { mg.product { c, c }, c }"]) == nil)
    let deep = try error([
      "a.lua": start + "for i = 1, 100 do c = mg.all { c } end return mg.all { c }"
    ])
    #expect(deep?.text.contains("more than 32 deep") == true)
    let endless = try error([
      "a.lua": start + "for i = 1, 3000 do c = mg.all { c } end return mg.all { c }"
    ])
    #expect(endless?.text.contains("more than 1000") == true)
    let wide = try error([
      "a.lua": start + "for i = 1, 30 do c = mg.product { c, c } end return mg.all { c }"
    ])
    #expect(wide?.text.contains("more than 1000") == true)
    // Through files, each of which is small.
    var files = ["f0.lua": "return mg.all { 'symmetric' }"]
    for i in 1...20 { files["f\(i).lua"] = "return mg.all { 'f\(i - 1).lua', 'f\(i - 1).lua' }" }
    files["a.lua"] = "return mg.all { 'f20.lua' }"
    #expect(try error(files)?.text.contains("too many parts") == true)
  }

  @Test func aPluginHasAHundredMetricsAtMost() throws {
    let source = """
      return mg.constraint {
        name = "many", distance = function(x) return x:square():sum { 2, 3, 4 } end,
        metrics = function(x)
          local t = {}
          for i = 1, COUNT do t["m" .. i] = x:sum { 2, 3, 4 } end
          return t
        end,
      }
      """
    for count in [100, 101] {
      try withPluginFiles(["a.lua": source.replacingOccurrences(of: "COUNT", with: "\(count)")]) {
        let constraint = try standardRegistry().constraint(named: $0 + "/a.lua")
        let names = try? constraint.metrics(.zeros([2, 1, 4, 4])).count
        #expect(names == (count == 100 ? 100 : nil))
      }
    }
  }
}
