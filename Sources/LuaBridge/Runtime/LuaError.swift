import Engine

/// What went wrong in, or on the way to, a Lua file.
public struct LuaError: Diagnostic {
  /// What sort of failure it is; the last part of ``code``.
  public enum Kind: String, Sendable {
    /// The file is not a Lua program.
    case syntax
    /// The program raised an error.
    case runtime
    /// A function of ours was called with an argument it cannot take.
    case argument
    /// A definition (`mg.constraint{…}` and the like) or its parameters are not valid.
    case definition
    /// A plugin's function returned what it should not.
    case result
    /// The call took longer than its limit.
    case interrupted
    /// The call wanted more memory than its limit.
    case memory
    /// The file cannot be read.
    case file
  }

  public var kind: Kind
  /// The Lua file, as it was named when it was loaded.
  public var file: String?
  /// The line in ``file``.
  public var line: Int?
  /// What happened, without the position.
  public var text: String
  /// The Lua call stack, innermost first.
  public var traceback: String?
  /// The error of ours that passed through Lua, unchanged.
  public var underlying: (any Error)?
  private var ownHint: String?

  /// Makes an error; the position is added where it passes through Lua.
  public init(
    _ kind: Kind, _ text: String, file: String? = nil, line: Int? = nil, traceback: String? = nil,
    underlying: (any Error)? = nil, hint: String? = nil
  ) {
    self.kind = kind
    self.text = text
    self.file = file
    self.line = line
    self.traceback = traceback
    self.underlying = underlying
    ownHint = hint
  }

  public var code: String { (underlying as? any Diagnostic)?.code ?? "lua.\(kind.rawValue)" }

  /// `file.lua:line: text`, as much of the position as is known.
  public var message: String {
    switch (file, line) {
    case (let file?, let line?): "\(file):\(line): \(text)"
    case (let file?, nil): "\(file): \(text)"
    default: text
    }
  }

  public var hint: String? { ownHint ?? (underlying as? any Diagnostic)?.hint }

  /// The error as it leaves a function of ours for Lua: with a position, once.
  func located(file: String, line: Int) -> LuaError {
    guard self.file == nil, line > 0 else { return self }
    var copy = self
    copy.file = file
    copy.line = line
    return copy
  }

  /// Any error as one that can travel through Lua.
  static func wrapping(_ error: any Error) -> LuaError {
    if let error = error as? LuaError { return error }
    if case .custom(let inner)? = error as? EngineError { return wrapping(inner) }
    let text = (error as? any Diagnostic)?.message ?? "\(error)"
    return LuaError(.runtime, text, underlying: error)
  }
}

extension String {
  /// Text that came from a plugin, made safe to print: cut, and control characters escaped.
  static func escaping(_ bytes: some Sequence<UInt8>, limit: Int = 4096) -> String {
    let text = String(decoding: Array(bytes.prefix(limit)), as: UTF8.self)
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A, 0x09: result.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7F..<0xA0, 0x2028..<0x202F, 0x2066..<0x206A:
        result += "\\x{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
      if result.utf8.count >= limit { return result + "…" }
    }
    return result
  }
}
