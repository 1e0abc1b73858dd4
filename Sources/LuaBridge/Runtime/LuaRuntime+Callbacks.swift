import CKernels
import Engine

extension LuaRuntime {
  /// What the C side calls.
  ///
  /// Each runs while `lock` is held by the thread that entered Lua, returns
  /// plainly and never raises.
  var callbacks: mg_lua_host {
    mg_lua_host(
      context: Unmanaged.passUnretained(self).toOpaque(),
      call: { context, L, function in
        guard let context, let L else { return -1 }
        return LuaRuntime.from(context).dispatch(L, Int(function))
      },
      take_error: { context, source, line in
        guard let context, let source else { return mg_lua_handle() }
        return LuaRuntime.from(context).takeError(file: String(cString: source), line: Int(line))
      },
      release: { context, handle in
        guard let context else { return }
        LuaRuntime.from(context).release(handle)
      },
      print: { context, text, length in
        guard let context else { return }
        let bytes = UnsafeRawBufferPointer(start: text, count: length)
        LuaRuntime.from(context).printer(String.escaping(bytes))
      })
  }

  private static func from(_ context: UnsafeMutableRawPointer) -> LuaRuntime {
    Unmanaged<LuaRuntime>.fromOpaque(context).takeUnretainedValue()
  }

  private func takeError(file: String, line: Int) -> mg_lua_handle {
    let error = pendingError ?? LuaError(.runtime, "unknown failure")
    pendingError = nil
    return handles.add(.error(error.located(file: file, line: line)))
  }

  /// The object leaves the table before it is released: its release may come back here.
  private func release(_ handle: mg_lua_handle) {
    let object = handles.remove(handle)
    withExtendedLifetime(object) {}
  }

  /// Makes everything of the catalogue known to a new state.
  func register(in state: OpaquePointer) -> Bool {
    for (index, function) in functions.enumerated() {
      let id = Int64(index)
      switch function.place {
      case .library(let isFunction, let isMethod):
        guard mg_lua_define(state, function.name, id, isFunction, isMethod) else { return false }
      case .metamethod(let kind):
        guard mg_lua_define_meta(state, kind, function.name, id) else { return false }
      case .unknownName:
        guard mg_lua_define_unknown(state, id) else { return false }
      case .unknownGlobal:
        guard mg_lua_define_globals(state, id) else { return false }
      case .unknownKey:
        guard mg_lua_define_record(state, id) else { return false }
      case .tableText:
        guard mg_lua_define_table_text(state, id) else { return false }
      case .moduleLoader:
        guard mg_lua_define_loader(state, id) else { return false }
      }
    }
    return mg_lua_define_number(state, "pi", Double.pi)
  }
}
