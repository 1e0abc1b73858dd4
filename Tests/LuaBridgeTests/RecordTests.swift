import Engine
import LuaBridge
import Testing

@Suite("Misspelt parameters are found out")
struct RecordTests {
  private func message(_ body: String) throws -> LuaError? {
    let runtime = try LuaRuntime()
    defer {
      runtime.close()
      #expect(runtime.liveObjectCount == 0)
    }
    let source = """
      return mg.constraint {name = "a", params = {total = {default = 3}, width = {default = 2}},
        distance = function(x, p)
          \(body)
        end}
      """
    guard case .definition(let definition)? = try runtime.run(source, name: "a.lua").first,
      let function = definition.function
    else { return nil }
    let values = try definition.values(for: LuaTable())
    do {
      _ = try function.call([.tensor(.zeros([2])), .table(values)])
      return nil
    } catch {
      return error
    }
  }

  @Test("The nearest name is given")
  func nearest() throws {
    let error = try message("return x * p.totl")
    #expect(error?.message == "a.lua:3: there is no parameter 'totl'; did you mean 'total'?")
    #expect(error?.hint == "declared in params: total, width")
    #expect(try message("return x * p[1]")?.text == "parameters are read by name, as in p.total")
    #expect(try message("return x * p.total + p.width") == nil)
  }

  @Test("They are tables in every other way")
  func plain() throws {
    #expect(
      try message(
        """
        local sum = 0
        for name, value in pairs(p) do sum = sum + value end
        assert(sum == 5 and next(p) and type(p) == "table")
        p.own = 7
        return x * p.own
        """) == nil)
    #expect(
      try message("setmetatable(p, {}) return x")?.text == "cannot change a protected metatable")
  }

  @Test("A nil operand says so")
  func operand() {
    let error = luaError("local t = {} return mg.zeros(2) * t.totl")
    #expect(
      error?.message
        == "test.lua:1: bad argument 'b' to 'mul': expected a tensor or a number, got nil")
    #expect(error?.hint == "it is nil: is the name spelt as where it was set?")
  }
}
