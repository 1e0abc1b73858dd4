import Engine
import Foundation
import Host
import LuaBridge
import Testing

@Suite("require")
struct RequireTests {
  private func plugin(_ head: String, _ value: String = "1") -> String {
    """
    \(head)
    return mg.constraint { name = "p", distance = function(x)
      return x:abs():sum { 2, 3, 4 } * \(value) end }
    """
  }

  private func distance(_ files: [String: String], _ file: String = "p.lua") throws -> Double {
    try withPluginFiles(files) { folder in
      var registry = standardRegistry()
      registry.searchPath.folders = ["\(folder)/plugins"]
      return try registry.constraint(named: "\(folder)/\(file)").distances(.ones([1, 1, 1, 1]))
        .item()
    }
  }

  private func message(_ files: [String: String]) -> String {
    do {
      _ = try distance(files)
      return "no error"
    } catch {
      return (error as? any Diagnostic).map { "\($0.message) | \($0.hint ?? "")" } ?? "\(error)"
    }
  }

  @Test("Modules beside the plugin, in folders, in packages; each runs once")
  func finds() throws {
    let head = """
      local a, b, c = require "a", require "deep.b", require "pack"
      assert(require "a" == a and require("deep.b").n == 3)
      """
    let files = [
      "p.lua": plugin(head, "(a.n + b.n + c.n)"),
      "a.lua": "loads = (loads or 0) + 1 assert(loads == 1) return { n = 1 }",
      "deep/b.lua": "return { n = require('a').n + 2 }",
      "plugins/pack/init.lua": "return { n = require('pack.inner').n }",
      "plugins/pack/inner.lua": "return { n = 10 }",
    ]
    #expect(try distance(files) == 14)
  }

  @Test("A package is a plugin too, with its own modules beside it")
  func package() throws {
    let files = [
      "plugins/flux/init.lua": plugin("local part = require 'part'", "part"),
      "plugins/flux/part.lua": "return 7",
    ]
    try withPluginFiles(files) { folder in
      var registry = standardRegistry()
      registry.searchPath.folders = ["\(folder)/plugins"]
      let constraint = try registry.constraint(named: "flux")
      #expect(try constraint.distances(.ones([1, 1, 1, 1])).item() == 7)
      #expect(
        constraint.plugins.flatMap(\.files).map { ($0 as NSString).lastPathComponent } == [
          "init.lua", "part.lua",
        ])
    }
  }

  @Test("Circles, missing modules, versions and ways out are explained")
  func errors() throws {
    let circle = message([
      "p.lua": plugin("require 'a'"), "a.lua": "return require 'b'", "b.lua": "return require 'a'",
    ])
    #expect(circle.contains("go round in a circle"))
    #expect(circle.contains("a.lua requires") && circle.contains("b.lua requires"))
    let missing = message(["p.lua": plugin("require 'nothing.here'")])
    #expect(missing.contains("there is no module 'nothing.here'"))
    #expect(missing.contains("nothing/here/init.lua"))
    for name in ["../a", "/etc/passwd", "a..b", "", "a/b", "a.lua\\0"] {
      #expect(
        message(["p.lua": plugin("require '\(name)'"), "a.lua": "return 1"]).contains(
          "is not the name"))
    }
    let old = message([
      "p.lua": plugin("require('a', '>=1.2')"), "a.lua": "return { version = '1.1.9' }",
    ])
    #expect(old.contains("module 'a' is version 1.1.9"))
    #expect(old.contains(">=1.2 is wanted"))
    #expect(
      message(["p.lua": plugin("require('a', '>=1')"), "a.lua": "return {}"]).contains(
        "has no version"))
    let versions = [
      "p.lua": plugin("require('a', '>=1.2, <2')"), "a.lua": "return { version = '1.12' }",
    ]
    #expect(message(versions) == "no error")
    #expect(
      message(["p.lua": plugin("require 'a'"), "a.lua": "local x = 1"]).contains("returned nothing")
    )
    let syntax = message(["p.lua": plugin("require 'a'"), "a.lua": "return {\n  1,\n  = 2 }"])
    #expect(syntax.contains("a.lua:3:"))
    #expect(
      message(["p.lua": plugin("require 'a'"), "a.lua": "\u{1B}Lua"]).contains("compiled Lua"))
  }

  @Test("A failed module can be asked for again, and is no circle then")
  func retries() throws {
    let head =
      "for i = 1, 3 do local ok, e = pcall(require, 'a') assert(not ok and tostring(e):find('oops'), tostring(e)) end"
    #expect(message(["p.lua": plugin(head), "a.lua": "error('oops')"]) == "no error")
  }

  @Test("Links that lead out of the folder are refused")
  func links() throws {
    try withPluginFiles(["in/p.lua": plugin("require 'a'"), "out/secret.lua": "return 1"]) {
      folder in
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/in/a.lua", withDestinationPath: "\(folder)/out/secret.lua")
      let error = #expect(throws: LuaError.self) {
        try standardRegistry().constraint(named: "\(folder)/in/p.lua")
      }
      #expect(error?.text.contains("leads out of the plugin folder") == true)
    }
  }

  @Test("Plugins say which Moonglass they need")
  func requires() throws {
    func load(_ requirement: String) throws {
      let source =
        "return mg.constraint { name = 'p', requires = \(requirement), distance = function(x) return x:sum { 2, 3, 4 }:abs() end }"
      try withPluginFiles(["p.lua": source]) {
        _ = try standardRegistry().constraint(named: "\($0)/p.lua")
      }
    }
    try load("'>=0.1'")
    let error = #expect(throws: LuaError.self) { try load("'>=99.2'") }
    #expect(error?.text.contains("the plugin requires Moonglass >=99.2") == true)
    #expect(throws: LuaError.self) { try load("'new'") }
  }
}
