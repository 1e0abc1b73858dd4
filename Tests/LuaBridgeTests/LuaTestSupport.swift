import Engine
import LuaBridge
import Testing

/// Runs a snippet in a fresh state and closes it; at the end nothing of ours may be left in Lua.
func lua(
  _ source: String, limits: LuaLimits = LuaLimits(seconds: 5),
  print: @escaping LuaRuntime.Printer = { _ in }
) throws -> [LuaValue] {
  let runtime = try LuaRuntime(limits: limits, print: print)
  defer {
    runtime.close()
    #expect(runtime.liveObjectCount == 0)
  }
  return try runtime.run(source, name: "test.lua")
}

/// The error a snippet ends with.
func luaError(_ source: String, limits: LuaLimits = LuaLimits(seconds: 5)) -> LuaError? {
  do {
    _ = try lua(source, limits: limits)
    return nil
  } catch {
    return error as? LuaError
  }
}

/// A value as Lua source would show it.
func show(_ value: LuaValue) -> String {
  switch value {
  case .nil: "nil"
  case .bool(let value): "\(value)"
  case .integer, .number: value.summary
  case .string(let text): text
  case .table(let table):
    "{"
      + (table.array.map(show)
      + table.fields.sorted { $0.key < $1.key }.map { "\($0.key)=\(show($0.value))" })
      .joined(separator: ", ") + "}"
  case .tensor(let x):
    (try? x.doubles().map { "\(($0 * 1e5).rounded() / 1e5)" }.joined(separator: " ")).map {
      "\(x.shape) \($0)"
    } ?? "\(x.shape)"
  case .function: "function"
  case .definition(let definition): "\(definition.kind.rawValue) \(definition.name)"
  }
}
