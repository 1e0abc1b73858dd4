import CKernels
import Engine
import Synchronization

extension LuaRuntime {
  /// Lua shows the last 56 bytes of long chunk names; this remembers which is which.
  func remember(name: String) {
    let bytes = Array(name.utf8)
    guard bytes.count > 59 else { return }
    displayNames["..." + String(decoding: bytes.suffix(56), as: UTF8.self)] = name
  }

  /// The latest failed call as an error with position, traceback and cause.
  ///
  /// - Parameter source: what could not be read as Lua, where that is what failed.
  func failure(of state: OpaquePointer, fallbackFile: String, source code: [UInt8]? = nil)
    -> LuaError
  {
    guard let failure = mg_lua_last_failure(state) else { return LuaStack.full }
    let traceback = String(cString: failure.pointee.traceback)
    if failure.pointee.has_object, case .error(var error) = handles[failure.pointee.object] {
      if error.traceback == nil { error.traceback = String.escaping(traceback.utf8) }
      return error
    }
    let text = UnsafeRawBufferPointer(
      start: failure.pointee.text, count: failure.pointee.text_length)
    let source = String(cString: failure.pointee.source)
    return explain(
      kind: failure.pointee.kind, text: String.escaping(text),
      file: source.isEmpty ? fallbackFile : source,
      line: failure.pointee.line > 0 ? Int(failure.pointee.line) : nil,
      traceback: String.escaping(traceback.utf8), code: code)
  }

  /// A line of source, counted from 1.
  private func line(_ number: Int?, of code: [UInt8]?) -> String? {
    guard let code, let number, number > 0 else { return nil }
    let lines = code.split(
      separator: 0x0A, maxSplits: number, omittingEmptySubsequences: false)
    return number <= lines.count ? String(decoding: lines[number - 1], as: UTF8.self) : nil
  }

  private func explain(
    kind: mg_lua_failure_kind, text: String, file: String, line: Int?, traceback: String,
    code: [UInt8]?
  ) -> LuaError {
    switch kind {
    case mg_lua_failed_deadline
    where isInterruptible && LuaRuntime.wasInterrupted.load(ordering: .relaxed):
      return LuaError(.interrupted, "interrupted", file: file, line: line, traceback: traceback)
    case mg_lua_failed_deadline:
      return LuaError(
        .interrupted,
        "stopped after \(LuaValue.text(of: limits.seconds ?? 0)) s: it did not finish",
        file: file, line: line, traceback: traceback,
        hint: "look for a loop that does not end, or for work that belongs into tensor operations")
    case mg_lua_failed_memory:
      let limit = limits.memory.map { " of \($0 >> 20) MB" } ?? ""
      return LuaError(
        .memory,
        "not enough memory: the script wants more than its limit\(limit), or a text of more than 2 MB",
        file: file, line: line, traceback: traceback)
    default:
      let (position, rest) = split(text, defaultFile: file)
      return LuaError(
        kind == mg_lua_failed_syntax ? .syntax : .runtime, rest,
        file: position?.file ?? file, line: position?.line ?? line,
        traceback: traceback.isEmpty ? nil : traceback,
        hint: Sandbox.hint(for: rest)
          ?? Habits.hint(for: rest, line: self.line(position?.line ?? line, of: code)))
    }
  }

  /// Splits Lua's `file:line: ` off a message.
  private func split(_ text: String, defaultFile: String) -> ((file: String, line: Int)?, String) {
    for (shown, name) in [(defaultFile, defaultFile)] + displayNames.map({ ($0.key, $0.value) }) {
      guard text.hasPrefix(shown + ":") else { continue }
      let rest = text.dropFirst(shown.count + 1)
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      let tail = rest.dropFirst(digits.count)
      guard let line = Int(digits), tail.hasPrefix(": ") else { continue }
      return ((name, line), String(tail.dropFirst(2)))
    }
    return (nil, text)
  }
}
