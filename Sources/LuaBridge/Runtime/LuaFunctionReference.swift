/// A function that lives in a Lua state, kept alive from outside.
public final class LuaFunctionReference: Sendable {
  /// The state it belongs to; kept alive too.
  public let runtime: LuaRuntime
  let key: Int32
  /// The file it was written in, as named when loaded.
  public let file: String
  /// The line its definition begins on; 0 for a function that is not Lua code.
  public let line: Int

  init(runtime: LuaRuntime, key: Int32, file: String, line: Int) {
    self.runtime = runtime
    self.key = key
    self.file = file
    self.line = line
  }

  deinit { runtime.forget(key) }

  /// Calls it.
  ///
  /// - Returns: what it returns, in order.
  /// - Throws: ``LuaError`` with position, traceback and the error of ours that caused it, if one
  ///   did.
  public func call(_ arguments: [LuaValue]) throws(LuaError) -> [LuaValue] {
    try runtime.call(self, arguments)
  }
}
