import Engine
import Foundation
import LuaBridge
import Synchronization
import Testing

@Suite("Errors say where, what and what to do")
struct ErrorTests {
  /// Source, message exactly.
  static let messages: [(String, String)] = [
    (
      "local x = mg.zeros(2)\nreturn x:summ()",
      "test.lua:2: tensor has no method 'summ'; did you mean 'sum'?"
    ),
    ("return mg.zeroes(2)", "test.lua:1: mg has no function 'zeroes'; did you mean 'zeros'?"),
    ("return mg.quux()", "test.lua:1: mg has no function 'quux'"),
    (
      "return mg.zeros(2):sum('x')",
      "test.lua:1: bad argument 'axes' to 'sum': expected an integer or a table of integers, got \"x\""
    ),
    (
      "return mg.zeros(2):softmax('x')",
      "test.lua:1: bad argument 'axis' to 'softmax': expected an integer, got \"x\""
    ),
    (
      "return mg.zeros(2):sum {1, 'a'}",
      "test.lua:1: bad argument 'axes' to 'sum': expected a table of integers, got \"a\""
    ),
    (
      "return mg.zeros(2):sum {1, keepdim = true}",
      "test.lua:1: bad argument 'axes' to 'sum': unknown key 'keepdim'; did you mean 'keepdims'?"
    ),
    ("return mg.zeros(2):sum(2)", "test.lua:1: sum: axis 2 is out of range for a tensor of 1 axes"),
    ("return mg.zeros(2):sum(0)", "test.lua:1: sum: there is no axis 0: axes count from 1"),
    (
      "return mg.zeros(2):roll(1.5, 1)",
      "test.lua:1: bad argument 'shift' to 'roll': expected an integer, got 1.5"
    ),
    (
      "return mg.zeros(2):abs(1)",
      "test.lua:1: too many arguments to 'abs': expected at most 1, got 2"
    ),
    (
      "return mg.zeros()",
      "test.lua:1: bad argument 'sizes' to 'zeros': expected sizes, such as {2, 3}, got nothing"
    ),
    (
      "return mg.zeros {2, 'a'}",
      "test.lua:1: bad argument 'sizes' to 'zeros': expected a table of integers, got \"a\""
    ),
    (
      "return mg.zeros(2.5)",
      "test.lua:1: bad argument 'sizes' to 'zeros': expected sizes, such as {2, 3}, got 2.5"
    ),
    ("return mg.zeros({-1})", "test.lua:1: zeros: invalid shape [-1]: sizes must not be negative"),
    ("return mg.zeros({1 << 40})", "test.lua:1: zeros: [1099511627776] has too many elements"),
    (
      "return mg.zeros({2}, 'float16')",
      "test.lua:1: bad argument 'dtype' to 'zeros': expected a dtype (\"float32\", \"float64\", \"int32\", \"bool\"), got \"float16\""
    ),
    (
      "return mg.zeros(2) + 'a'",
      "test.lua:1: bad argument 'b' to 'add': expected a tensor or a number, got \"a\""
    ),
    ("return mg.zeros(2) + mg.zeros(3)", "test.lua:1: add: shapes [2] and [3] do not fit together"),
    ("return mg.zeros(2) < 1", "test.lua:1: '<' would make one true or false of whole tensors"),
    ("local x = mg.zeros(2)\nx[1] = 3", "test.lua:2: tensors never change in place"),
    ("return mg.zeros(2)[3]", "test.lua:1: slice: index 3 is out of range 1…2 on axis 1"),
    ("return mg.zeros(2)[0]", "test.lua:1: slice: there is no index 0: indices count from 1"),
    ("return mg.zeros(2)[{ {2, 1} }]", "test.lua:1: slice: {2, 1} on axis 1 of 2 is empty"),
    ("return mg.zeros(2)[{ 1, 1 }]", "test.lua:1: slice: 2 entries for a tensor of 1 axes"),
    (
      "return mg.zeros(2)[{ 'a' }]",
      "test.lua:1: slice: entry 1 must be a number, {} or {first, last, step}, got \"a\""
    ),
    ("return mg.tensor {{1}, {1, 2}}", "test.lua:1: tensor: rows must all have the same length"),
    ("return mg.tensor {1, {2}}", "test.lua:1: tensor: rows must all have the same length"),
    ("mg.zeros = nil", "test.lua:1: 'mg' cannot be changed"),
    (
      "return mg.grad(mg.zeros(2), mg.zeros(2))",
      "test.lua:1: grad: y must have one element, got shape [2]"
    ),
    ("return mg.zeros(2):item()", "test.lua:1: item: tensor must be one element, got shape [2]"),
    ("error('mine')", "test.lua:1: mine"),
    ("error('mine', 0)", "test.lua:1: mine"),
    ("\nerror()", "test.lua:2: error raised with a nil instead of a message"),
    ("error({})", "test.lua:1: error raised with a table instead of a message"),
    ("return nothing.x", "test.lua:1: 'nothing' is not defined"),
    (
      "local function f() return g() end f()",
      "test.lua:1: 'g' is not defined"
    ),
    (
      "return require 'socket'",
      "test.lua:1: require: there is no module 'socket'"
    ),
    (
      "setmetatable({}, {__gc = print})",
      "test.lua:1: setmetatable: '__gc' is not available in plugins"
    ),
    ("x = = 1", "test.lua:1: unexpected symbol near '='"),
    // Definitions
    (
      "return mg.constraint {name = 'a', distence = print}",
      "test.lua:1: mg.constraint has no field 'distence'; did you mean 'distance'?"
    ),
    (
      "return mg.constraint {distance = print}",
      "test.lua:1: mg.constraint needs 'name', a text; got nil"
    ),
    (
      "return mg.operator {name = 'a'}",
      "test.lua:1: mg.operator needs 'forward', a function; got nil"
    ),
    (
      "return mg.constraint {name = 'a', distance = print, params = {k = {defalt = 1}}}",
      "test.lua:1: parameter 'k' has an unknown key 'defalt'; did you mean 'default'?"
    ),
    (
      "return mg.constraint {name = 'a', distance = print, params = {k = {default = 1, min = 2}}}",
      "test.lua:1: parameter 'k' must be at least 2, got 1"
    ),
    (
      "local t = {} t.t = t return mg.recipe(t)",
      "test.lua:1: the table is nested too deeply (or contains itself)"
    ),
  ]

  @Test("message", arguments: messages)
  func message(_ source: String, _ expected: String) {
    #expect(luaError(source)?.message == expected)
  }

  static let habits: [(String, String)] = [
    ("return np.abs(1)", "mg.abs(x)"),
    ("return abs(mg.zeros(2))", "write mg.abs(…)"),
    ("return math.abs(mg.zeros(2))", "x:abs()"),
    ("return mg.zeros(2):sum(axis=1)", "keepdims = true"),
    ("if 1 != 2 then end", "~="),
    ("local x = 1 x += 1", "x = x + 1"),
    ("return mg.zeros(2) ** 2", "x ^ 2"),
    ("return mg.zeros(2)[:, 1]", "x[{ {}, { 1, 8 } }]"),
    ("for i = 1, len({1}) do end", "#list"),
    ("return mg.zeros(2, 2).sum(2)", "x:sum()"),
    ("return {\n  a = 1\n  b = 2\n}", "comma missing before b"),
    ("local list = [1, 2]", "braces: { 1, 2 }"),
    ("return f([1, 2])", "braces: { 1, 2 }"),
    ("return { \"test\": 200 }", "{ test = 200 }"),
    ("return { test: 200 }", "{ test = 200 }"),
    ("local x = 1 # one", "comments begin with --"),
    ("# one\nlocal x = 1", "comments begin with --"),
    ("return {\n  a = 1, # the first\n}", "comments begin with --"),
    ("def f(x):\n  return x", "local function f(x)"),
    ("local f = lambda x: x + 1", "function(x)"),
    ("import numpy as np", "require"),
    ("local a = mg.ones(2, 2) return a @ a", "a:matmul(b)"),
    ("local x = mg.ones(2, 2) return x[1, 2]", "x[{ 1, 2 }]"),
    ("local f = function(x) return x[..., 0] end", "x[{ {}, {}, {}, 1 }]"),
    ("return mg.ones(2, 2):mean(1, 2)", "x:mean { 1, 2 }"),
    ("return mg.ones(2, 2):sum { axis = 1 }", "x:sum { 2, keepdims = true }"),
    ("return mg.ones(2, 2):shape()", "x.shape[1]"),
    ("return mg.ones(2, 2).size()", "leave the parentheses out"),
    ("return mg.ones(2, 2):sum { 2, keepdims = True }", "written true"),
    ("return None", "written nil"),
    ("for i, v in enumerate({}) do end", "ipairs"),
    ("return mg.ones(2).shape[0]", "x.shape[1]"),
    ("return mg.ones(2).shape[-1]", "x.shape[x.ndim]"),
    ("return mg.ones(2):clone()", "no need for a copy"),
    ("return mg.ones(2):backward()", "mg.grad"),
    ("for i in range(3):\n  print(i)", "for i = 1, 3 do"),
    ("if 1 == 1:\n  print(1)", "if x > 0 then"),
    ("return mg.ones(2):float()", "x:to(\"float32\")"),
    ("return mg.ones(2):dim()", "x.ndim"),
    ("return mg.ones(2):masked_fill(1, 2)", "mg.where(mask, value, x)"),
    ("return mg.ones(2):log_softmax(1)", "x:logsumexp(axis)"),
    ("return mg.sqrt(2)", "math.sqrt(x)"),
    ("return mg.randn(2, 3)", "mg.randn({ 2, 3 }, 7)"),
    ("return mg.inf", "math.huge"),
    ("return mg.ones(2):clamp(min=0)", "x:clamp(nil, 1)"),
    ("return ('%d'):format(1.5)", "whole number"),
    ("return ('%g'):format(mg.ones(1))", "x:item()"),
    ("return mg.jvp(mg.square, mg.ones(3), {1, 0, 0.5})", "mg.tensor { 1, 0, 0.5 }"),
    (
      "local t = { params = { level = { default = 1 } } } return level", "the parameter is p.level"
    ),
  ]

  static let otherNames: [(String, String)] = [
    ("clip", "clamp"), ("T", "transpose"), ("dot", "matmul"), ("view", "reshape"),
    ("detach", "stop_gradient"), ("expand", "broadcast_to"), ("numpy", "tolist"),
  ]

  @Test("Names of NumPy and Torch lead to ours", arguments: otherNames)
  func elsewhere(_ name: String, _ ours: String) throws {
    #expect(
      luaError("return mg.ones(2, 2):\(name)()")?.text.contains("it is '\(ours)' here") == true)
    #expect(Catalogue.function(named: ours) != nil)
  }

  @Test("Names of functions elsewhere lead to ours")
  func elsewhereFunctions() {
    for (name, ours) in [("array", "tensor"), ("cat", "concat"), ("concatenate", "concat")] {
      #expect(luaError("return mg.\(name)({})")?.text.contains("it is '\(ours)' here") == true)
    }
  }

  @Test("A variable that was set to nil is nil, one that never was is an error")
  func strict() throws {
    #expect(try lua("a = 1 a = nil b = nil return a, b").map(show) == ["nil", "nil"])
    #expect(luaError("return misspelt")?.text == "'misspelt' is not defined")
    #expect(luaError("return primt(1)")?.text == "'primt' is not defined; did you mean 'print'?")
    #expect(
      try lua("local n = 0 for _ in ipairs(mg.ones(2, 3).shape) do n = n + 1 end return n")
        .map(show) == ["2"])
    #expect(
      try lua("local s = mg.ones(2, 3).shape return s[3], #s, mg.ones(s).shape[2]").map(show)
        == ["nil", "2", "3"])
  }

  /// Source that ends with a read of `a`, and whether that is an error.
  static let reads: [(String, Bool)] = [
    ("local t = { a = 1 } return a", true),
    ("local t = { f = function() a = nil end } t.f() return a", false),
    ("local function f() return a end local n = f() a = 1", false),
    ("local t = {} t.a = 1 return a", true),
    ("local function f() return a end f() a, b = 1, 2", false),
    ("local function f() return a end f() local a <const>, b = 1, 2", true),
    ("local function f() return a end f() for a = 1, 2 do end", true),
    ("local t = { [1] = { a = 1 }, b = function() return { a = 1 } end } return a", true),
  ]

  @Test("A field of a table is no variable", arguments: reads)
  func fields(_ source: String, _ isError: Bool) {
    #expect((luaError(source) != nil) == isError, "\(luaError(source) as Any)")
  }

  @Test("Print shows what a table holds")
  func printed() throws {
    let lines = Lines()
    _ = try lua(
      """
      print({ 1, 'x', k = { true } }, mg.zeros(2, 3).shape)
      print(setmetatable({}, { __tostring = function() return 'mine' end }))
      local t = {} t.t = t
      print(t, {})
      """, print: lines.add)
    #expect(lines.all == ["{ 1, \"x\", k = { true } }\t{ 2, 3 }", "mine", "table\t{}"])
  }

  private final class Lines: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    @Sendable func add(_ line: String) { list.withLock { $0.append(line) } }
  }

  @Test("A call that is interrupted ends, and the state goes on")
  func interrupted() throws {
    let runtime = try LuaRuntime(limits: LuaLimits(seconds: 60))
    defer { runtime.close() }
    runtime.allowInterrupts()
    // A thread of its own: the tasks' threads may all be busy with other tests.
    let isDone = Atomic(false)
    let stopper = Thread {
      while !isDone.load(ordering: .relaxed) {
        LuaRuntime.interrupt()
        Thread.sleep(forTimeInterval: 0.005)
      }
    }
    stopper.start()
    defer { isDone.store(true, ordering: .relaxed) }
    let error = #expect(throws: LuaError.self) {
      try runtime.run("while true do end", name: "test.lua")
    }
    isDone.store(true, ordering: .relaxed)
    while !stopper.isFinished { Thread.sleep(forTimeInterval: 0.001) }
    #expect(error?.message == "test.lua:1: interrupted")
    #expect(try runtime.run("return 2", name: "test.lua").map(show) == ["2"])
  }

  static let lived: [(String, String)] = [
    ("local a = 1", "a = 1"), ("local a, b = f()", "a, b = f()"), ("local a", "a = nil"),
    ("local a local b = 2", "a = nil b = 2"),
    ("local a <const>, b = 1, 2 -- local c", "a, b = 1, 2 -- local c"),
    ("local function f() local x = 1 end local y = 2", "function f() local x = 1 end y = 2"),
    (
      "if a then local b = 1 elseif c then local d else local e end local g = 1",
      "if a then local b = 1 elseif c then local d else local e end g = 1"
    ),
    (
      "repeat local a = 1 until a local b = 'local c = 1'",
      "repeat local a = 1 until a b = 'local c = 1'"
    ),
    ("for i = 1, 2 do local a = i end", "for i = 1, 2 do local a = i end"),
    (
      "local t = { function() local a = 1 end }\nlocal s = [[\nlocal z]]",
      "t = { function() local a = 1 end }\ns = [[\nlocal z]]"
    ),
    ("locals = 1", "locals = 1"), ("local", "local"), ("local = 3", "= 3"),
  ]

  @Test("Locals of a prompt live on, those of blocks do not", arguments: lived)
  func livingOn(_ source: String, _ expected: String) {
    #expect(TopLevelLocals.livingOn(source) == expected)
  }

  @Test("What people write who come from Python is answered in Lua", arguments: habits)
  func habit(_ source: String, _ advice: String) {
    #expect(luaError(source)?.hint?.contains(advice) == true, "\(luaError(source) as Any)")
  }

  @Test("A caught error of ours reads as its message")
  func caught() throws {
    let values = try lua(
      """
      local ok, e = pcall(mg.zeros)
      return ok, tostring(e):sub(1, 31), ('<' .. e .. '>'):sub(1, 6), e.message:sub(1, 3), type(e)
      """)
    #expect(
      values.map(show) == ["false", "test.lua:1: bad argument 'sizes", "<test.", "tes", "userdata"])
  }

  @Test("An engine error comes out as the same value, also through pcall and error")
  func typed() throws {
    for source in [
      "return mg.zeros(2) + mg.zeros(3)",
      "local ok, e = pcall(function() return mg.zeros(2) + mg.zeros(3) end) error(e)",
      "return mg.grad(function(x) return mg.zeros(2) + mg.zeros(3) end, mg.zeros(2))",
      "return mg.custom {value = mg.zeros(2), inputs = {mg.zeros(2)}, vjp = function() return mg.zeros(2) + mg.zeros(3) end} and select(2, pcall(function() local x = mg.zeros(2) return mg.grad(mg.custom {value = x, inputs = {x}, vjp = function() return mg.zeros(2) + mg.zeros(3) end}:sum(), x) end)).message + mg.zeros(3) or mg.zeros(2) + mg.zeros(3)",
    ].prefix(3) {
      let error = try #require(luaError(source))
      guard case .shapeMismatch("add", [2], [3])? = error.underlying as? EngineError else {
        Issue.record("lost its type: \(error)")
        continue
      }
      #expect(error.code == "shape.mismatch")
      #expect(error.line == 1)
      #expect(error.traceback?.contains("test.lua:1") == true)
    }
  }

  @Test("An error in a gradient written in Lua keeps its line")
  func customGradient() throws {
    let error = luaError(
      """
      local x = mg.zeros(2)
      local y = mg.custom {value = x, inputs = {x}, vjp = function(v)
        return v + mg.zeros(3)
      end}
      return mg.grad(y:sum(), x)
      """)
    #expect(error?.message == "test.lua:3: add: shapes [2] and [3] do not fit together")
    let count = luaError(
      """
      local x = mg.zeros(2)
      local y = mg.custom {value = x, inputs = {x}, vjp = function(v) return v, v end}
      return mg.grad(y:sum(), x)
      """)
    #expect(count?.message == "test.lua:2: vjp must return 1 tensors, one for each input, got 2")
  }

  @Test("Reading a number where only shapes are known says so")
  func unbound() throws {
    let runtime = try LuaRuntime()
    defer { runtime.close() }
    let values = try runtime.run("return function(x) return x:item() end", name: "a.lua")
    guard case .function(let function)? = values.first else { return }
    let x = Tensor.placeholder("x", shape: [1])
    let error = #expect(throws: LuaError.self) { try function.call([.tensor(x)]) }
    #expect(
      error?.message
        == "a.lua:1: item: the numbers are not known here: they depend on 'x', of which only shape and dtype are"
    )
    #expect(error?.hint?.contains("tensor operations") == true)
    #expect(error?.code == "value.unknown")
  }

  @Test("Hostile texts are cut and escaped")
  func escaped() throws {
    let error = try #require(luaError("error('\\27[2J\\0' .. ('x'):rep(1 << 20), 0)"))
    #expect(error.text.hasPrefix("\\x{1b}[2J\\x{0}xxx"))
    #expect(error.message.utf8.count < 4200)
    let raising = luaError("error(setmetatable({}, {__tostring = function() error('no') end}))")
    #expect(raising?.message == "test.lua:1: error raised with a table instead of a message")
  }

  @Test("Long paths are given in full")
  func longPath() throws {
    let name = String(repeating: "folder/", count: 20) + "plugin.lua"
    let runtime = try LuaRuntime()
    defer { runtime.close() }
    let error = #expect(throws: LuaError.self) { try runtime.run("\nerror('x')", name: name) }
    #expect(error?.message == "\(name):2: x")
    let other = #expect(throws: LuaError.self) { try runtime.run("\nmg.zeros()", name: name) }
    #expect(other?.file == name)
  }

  @Test("What the sandbox leaves out is explained")
  func hints() {
    #expect(
      luaError("return coroutine.wrap(print)")?.hint?.contains("coroutines are not available")
        == true)
    #expect(luaError("return io.open('x')")?.hint == "plugins cannot open files")
    #expect(luaError("return math.random()")?.hint?.contains("math.random is left out") == true)
    #expect(luaError("return mg.zeros(2).sum(1)")?.hint?.contains("':'") == true)
    #expect(luaError("return mg.zeros(2).sum()")?.hint == "call methods with ':', as in x:sum()")
    #expect(luaError("return mg.item(mg.zeros(1))")?.hint == "it is a method: x:item()")
  }
}
