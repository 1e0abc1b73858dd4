import Foundation
import Testing

/// The commands for people who write plugins, from the outside.
@Suite(.serialized) struct PluginCommandTests {
  @Test func aNewPluginIsGreenAndListed() throws {
    try withFolder([:]) { folder in
      let made = try Invocation.run(["plugin", "new", "rows"], in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let path = "plugins/constraints/rows.lua"
      #expect(made.output.hasPrefix(path))
      for file in [path, ".luarc.json", ".luacheckrc"] {
        #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path))
      }
      let check = try Invocation.run(["plugin", "check", "rows"], in: folder)
      #expect(check.status == 0, "\(check.output)\(check.errors)")
      #expect(check.output.contains("✓ gradient"))
      #expect(check.output.contains("all green"))
      let again = try Invocation.run(["plugin", "new", "rows"], in: folder)
      #expect(again.status == 74 && again.errors.contains("already"))
      let list = try Invocation.run(["plugin", "list"], in: folder)
      #expect(list.output.contains("rows") && list.output.contains("every row adds up"))
      let docs = try Invocation.run(["plugin", "docs", "rows"], in: folder)
      #expect(docs.output.contains("what a row adds up to"))
      #expect(try Invocation.run(["plugin", "new", "1x"], in: folder).status == 64)
    }
  }

  @Test func aBadPluginFailsWithItsLineAndExitCode65() throws {
    let source = """
      return mg.constraint { name = "bad",
        distance = function(x)
          return x:square():sum { 2, 3, 4 }:sqrt()
        end }
      """
    try withFolder(["bad.lua": source]) { folder in
      let check = try Invocation.run(["plugin", "check", "bad.lua"], in: folder)
      #expect(check.status == 65)
      #expect(check.output.contains("✗ kinks"))
      #expect(check.output.contains("from sqrt at bad.lua:3"))
      let json = try Invocation.run(["plugin", "check", "bad.lua", "--json"], in: folder)
      #expect(json.status == 65)
      let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect(report?["fault"] as? String == "bad-gradient")
      #expect(report?["green"] as? Bool == false)
      let results = try #require(report?["results"] as? [[String: Any]])
      #expect(
        results.contains { $0["name"] as? String == "kinks" && $0["status"] as? String == "failed" }
      )
      #expect(try Invocation.run(["plugin", "check", "none.lua"], in: folder).status != 0)
      let parameter = try Invocation.run(
        ["plugin", "check", "bad.lua", "--param", "k=1"], in: folder)
      #expect(parameter.status == 65 && parameter.output.contains("has no parameter 'k'"))
    }
  }

  @Test func evalMeasuresImages() throws {
    try withFolder([:]) { folder in
      // Two images of 2 × 2 in the .npy format, written out.
      var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 2), }"
      header += String(repeating: " ", count: (64 - (10 + header.count + 1) % 64) % 64) + "\n"
      var bytes = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
      bytes.append(contentsOf: [UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)])
      bytes.append(contentsOf: header.utf8)
      for value: Float in [1, 2, 3, 4, 0, 0, 0, 1] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
      try bytes.write(to: folder.appendingPathComponent("x.npy"))
      let result = try Invocation.run(
        ["eval", "total_brightness", "x.npy", "--param", "total=9"], in: folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("min 1  mean 4.5  max 8"))
      let json = try Invocation.run(
        ["eval", "total_brightness", "x.npy", "--json", "--param", "total=9"], in: folder)
      #expect(json.output.contains("\"distances\":[1,8]"))
      #expect(try Invocation.run(["eval", "total_brightness", "y.npy"], in: folder).status == 66)
    }
  }

  @Test func theReplReadsAPipe() throws {
    let input = """
      mg.ones(2, 2)
      t = {}
      for i = 1, 3 do
        t[i] = i * i
      end
      t
      local hidden = 1
      nothing.here
      mg.tensor { 1.5, -2 }:sum():item() + hidden
      """
    try withFolder(["input.lua": input]) { folder in
      let result = try Invocation.run(
        ["repl"], in: folder, input: folder.appendingPathComponent("input.lua"))
      #expect(result.output == "tensor [2, 2] float32\n  1  1\n  1  1\n{ 1, 4, 9 }\n0.5\n")
      #expect(result.errors.contains("stdin:8: 'nothing' is not defined"), "\(result.errors)")
      #expect(result.status == 65)
    }
  }

  @Test func theReplReadsFilesAndMeasures() throws {
    let input = """
      1 +
      2
      x = mg.ones(2, 1, 4, 4)
      save("x.npy", x)
      load("x.npy").shape[1]
      d = constraint("total_brightness", { total = 10 })
      d(x):max():item()
      load("y.npy")
      """
    try withFolder(["input.lua": input]) { folder in
      let result = try Invocation.run(
        ["repl"], in: folder, input: folder.appendingPathComponent("input.lua"))
      #expect(result.output == "3\nx.npy: [2, 1, 4, 4] float32\n2\n6\n", "\(result)")
      #expect(result.errors.contains("y.npy: "), "\(result.errors)")
    }
  }

  @Test func oneParamForEach() throws {
    try withFolder([:]) { folder in
      let result = try Invocation.run(
        ["plugin", "check", "total_brightness", "--param", "total=2,weight=3"], in: folder)
      #expect(result.status == 64 && result.errors.contains("one --param for each"), "\(result)")
    }
  }

  @Test func importedImagesSayWhatTheyAre() throws {
    try withFolder([
      "run.lua": """
      return mg.recipe { data = { "own", count = 8 }, constraint = "total_brightness" }
      """,
      "input.lua": """
      save("own/a.npy", mg.arange(0, 255):reshape(1, 1, 16, 16):tile(10, 1, 1, 1))
      save("last/a.npy", mg.ones(10, 16, 16, 3))
      """,
    ]) { folder in
      for name in ["own", "last"] {
        try FileManager.default.createDirectory(
          at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
      }
      let made = try Invocation.run(
        ["repl"], in: folder, input: folder.appendingPathComponent("input.lua"))
      #expect(made.status == 0, "\(made.errors)")
      let own = try Invocation.run(["data", "import", "own"], in: folder)
      #expect(
        own.status == 0 && own.errors.contains("values 0…255 (whole numbers: divide by 255?)"))
      #expect(
        own.errors.contains("data = { \"data/own/\", count = 8, test = 2 }"), "\(own.errors)")
      let last = try Invocation.run(["data", "import", "last"], in: folder)
      #expect(last.status == 74, "\(last.errors)")
      #expect(last.errors.contains("[C, H, W]") && last.errors.contains("np.moveaxis(x, -1, 1)"))
      let run = try Invocation.run(["run", "run.lua"], in: folder)
      #expect(run.errors.contains("written with a slash, \"data/own/\""), "\(run.errors)")
    }
  }

  @Test func localsOfTheReplLiveOnAndPythonIsNotWaitedFor() throws {
    let input = """
      local a, b <const> = 2, 3
      local function double(v)
        local half = v -- gone with the function
        return 2 * half
      end
      local nothing
      double(a) + b, nothing
      local t = {
        text = "local x = 1", -- local y = 2
      }
      t.text
      half
      for i in range(3): print(i)
      if a:
      help()
      quit()
      error("never read")
      """
    try withFolder(["input.lua": input]) { folder in
      let result = try Invocation.run(
        ["repl"], in: folder, input: folder.appendingPathComponent("input.lua"))
      #expect(result.output.hasPrefix("7\nnil\nlocal x = 1\n"), "\(result.output)")
      #expect(result.output.contains("docs/lua-api.md"))
      #expect(result.errors.contains("stdin:12: 'half' is not defined"), "\(result.errors)")
      #expect(result.errors.contains("stdin:13: "), "\(result.errors)")
      #expect(result.errors.contains("a loop is for i = 1, 3 do"), "\(result.errors)")
      #expect(result.errors.contains("it is if x > 0 then"), "\(result.errors)")
      #expect(!result.errors.contains("never read"))
      #expect(result.status == 65)
    }
  }

  @Test func misspeltCommandsAreNamed() throws {
    try withFolder([:]) { folder in
      for (words, expected) in [
        (["rn", "x.lua"], "moonglass has no command 'rn'; did you mean 'run'?"),
        (["plugin", "chek"], "moonglass plugin has no command 'chek'; did you mean 'check'?"),
        (["quux"], "it has run"),
      ] {
        let result = try Invocation.run(words, in: folder)
        #expect(result.status == 64 && result.errors.contains(expected), "\(result.errors)")
      }
    }
  }

  @Test func evalListsTheWorstAndFailsWhereNothingIsFinite() throws {
    let none = """
      return mg.constraint { name = "none", distance = function(x) return (-1 - x:square():sum { 2, 3, 4 }):log() end }
      """
    let rows = """
      return mg.constraint { name = "rows", distance = function(x) return x:sum { 2, 3, 4 }:abs() end,
        generate = function(count, p, rng)
          return mg.arange(1, count):reshape(count, 1, 1, 1):broadcast_to { count, 1, 4, 4 } / 16
        end }
      """
    try withFolder(["none.lua": none, "rows.lua": rows]) { folder in
      let made = try Invocation.run(
        ["plugin", "generate", "rows.lua", "x.npy", "--count", "12"], in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let some = try Invocation.run(["eval", "rows.lua", "x.npy"], in: folder)
      let lines = some.output.split(separator: "\n")
      #expect(lines.count == 14, "\(some.output)")
      #expect(lines[1] == "min 1  mean 6.5  max 12", "\(some.output)")
      #expect(lines[4].hasPrefix("12 ") && lines[13].hasPrefix("3 "), "\(some.output)")
      let bad = try Invocation.run(["eval", "none.lua", "x.npy"], in: folder)
      #expect(bad.status == 65 && bad.output.contains("no distance is finite"), "\(bad.output)")
    }
  }

  /// A part whose name is what another's would be numbered with.
  @Test func evalNamesEveryPart() throws {
    func part(_ name: String) -> String {
      """
      return mg.constraint { name = "\(name)", distance = function(x) return x:abs():mean { 2, 3, 4 } end,
        generate = function(count) return mg.zeros(count, 1, 4, 4) end }
      """
    }
    let all = "return mg.all { 'a.lua', 'b.lua', 'c.lua' }"
    try withFolder([
      "a.lua": part("x"), "b.lua": part("x_2"), "c.lua": part("x"), "all.lua": all,
    ]) { folder in
      let made = try Invocation.run(
        ["plugin", "generate", "a.lua", "x.npy", "--count", "70"], in: folder)
      #expect(made.status == 0, "\(made.errors)")
      let shown = try Invocation.run(["eval", "all.lua", "x.npy", "--json"], in: folder)
      #expect(shown.status == 0, "\(shown.errors)")
      for name in ["x", "x_2", "x_3"] {
        #expect(shown.output.contains("\"\(name)\":[0,0,"), "\(shown.output)")
      }
    }
  }
}
