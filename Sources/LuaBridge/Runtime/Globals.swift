/// Variables that are in no block: what plugins find there, and what they look for in vain.
enum Globals {
  /// Reading a variable that nothing sets is an error: `keepdims = True` would be `keepdims = nil`. One that
  /// is set elsewhere is nil before, so that `n = (n or 0) + 1` counts.
  static let unknown = BoundFunction("global", .unknownGlobal) { values, caller in
    guard let name = values.first?.string else {
      throw LuaError(.runtime, "variables have names, got \(values.first?.summary ?? "nothing")")
    }
    if caller.runtime.assigns(name) { return .one(.nil) }
    let hint =
      caller.runtime.declaresParameter(name)
      ? "the parameter is p.\(name)" : Sandbox.missing[name] ?? Habits.hint(forName: name)
    throw LuaError(
      .runtime,
      "'\(name)' is not defined"
        + (hint == nil && name.count > 2 ? NearestName.suggestion(name, in: known) : ""),
      hint: hint ?? "a local variable is known from its line to the end of its block; "
        + "a parameter is p.\(name)")
  }

  /// What `print` shows of a table: its content.
  static let tableText = BoundFunction("print", .tableText) { values, _ in
    .one(.string(values.first.map(LuaText.describe) ?? "table"))
  }

  private static let known = [
    "assert", "error", "ipairs", "math", "mg", "next", "pairs", "pcall", "print", "require",
    "select",
    "setmetatable", "string", "table", "tonumber", "tostring", "type", "utf8", "xpcall", "true",
    "false",
    "nil",
  ]
}
