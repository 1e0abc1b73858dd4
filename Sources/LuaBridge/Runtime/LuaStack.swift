import CKernels
import Engine

/// A Lua stack, read and written through functions that cannot raise.
struct LuaStack {
  let L: OpaquePointer
  let runtime: LuaRuntime

  static let full = LuaError(.memory, "not enough memory: the script wants more than its limit")
  /// Tables deeper or larger than this are refused when they are handed to us.
  private static let depthLimit = 16, sizeLimit = 1 << 22

  var top: Int { Int(mg_lua_top(L)) }

  func pop(to height: Int) { mg_lua_pop(L, Int32(top - height)) }

  // MARK: Reading

  /// The values from `first` to the top.
  func values(from first: Int) throws(LuaError) -> [LuaValue] {
    var values: [LuaValue] = []
    try read(from: first, into: &values)
    return values
  }

  /// Adds the values from `first` to the top.
  func read(from first: Int, into values: inout [LuaValue]) throws(LuaError) {
    var size = 0
    let last = top
    guard first <= last else { return }
    values.reserveCapacity(values.count + last - first + 1)
    for index in first...last {
      values.append(try value(at: index, depth: 0, size: &size))
    }
  }

  private func value(at index: Int, depth: Int, size: inout Int) throws(LuaError) -> LuaValue {
    let position = Int32(index)
    var handle = mg_lua_handle()
    switch mg_lua_type_at(L, position, &handle) {
    case mg_lua_is_nil: return .nil
    case mg_lua_is_boolean: return .bool(mg_lua_boolean_at(L, position))
    case mg_lua_is_integer: return .integer(Int(mg_lua_integer_at(L, position)))
    case mg_lua_is_number: return .number(mg_lua_number_at(L, position))
    case mg_lua_is_string:
      let text = string(at: position)
      // A table can hold one long text many times: Lua keeps it once, we would not.
      if depth > 0 { try count(text, in: &size) }
      return .string(text)
    case mg_lua_is_table: return .table(try table(at: index, depth: depth, size: &size))
    case mg_lua_is_function: return .function(try function(at: position))
    case mg_lua_is_object: return try object(handle)
    default:
      throw LuaError(
        .argument, "a \(String(cString: mg_lua_type_name(L, position))) cannot be used here")
    }
  }

  private func string(at index: Int32) -> String {
    var length = 0
    guard let bytes = mg_lua_string_at(L, index, &length) else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
  }

  private func count(_ text: String, in size: inout Int) throws(LuaError) {
    size += text.utf8.count
    guard size <= LuaStack.sizeLimit else { throw LuaError(.argument, "the table is too large") }
  }

  private func object(_ handle: mg_lua_handle) throws(LuaError) -> LuaValue {
    switch runtime.handles[handle] {
    case .tensor(let tensor): return .tensor(tensor)
    case .definition(let definition): return .definition(definition)
    case .error(let error): return .string(error.message)
    case nil: throw LuaError(.argument, "this value is no longer valid")
    }
  }

  private func function(at index: Int32) throws(LuaError) -> LuaFunctionReference {
    var source = [CChar](repeating: 0, count: 1024)
    let line = mg_lua_function_line(L, index, &source, source.count)
    let key = mg_lua_keep(L, index)
    guard key > 0 else { throw LuaStack.full }
    let file = String(
      decoding: source.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return LuaFunctionReference(runtime: runtime, key: key, file: file, line: Int(line))
  }

  private func table(at index: Int, depth: Int, size: inout Int) throws(LuaError) -> LuaTable {
    guard depth < LuaStack.depthLimit else {
      throw LuaError(.argument, "the table is nested too deeply (or contains itself)")
    }
    let index = index > 0 ? index : top + index + 1
    var table = LuaTable()
    let length = Int(mg_lua_length_at(L, Int32(index)))
    size += length
    guard size <= LuaStack.sizeLimit else { throw LuaError(.argument, "the table is too large") }
    for position in 0..<length {
      guard mg_lua_push_element(L, Int32(index), Int64(position + 1)) else { throw LuaStack.full }
      defer { mg_lua_pop(L, 1) }
      table.array.append(try value(at: top, depth: depth + 1, size: &size))
    }
    try readFields(of: index, into: &table, depth: depth, size: &size)
    return table
  }

  private func readFields(
    of index: Int, into table: inout LuaTable, depth: Int, size: inout Int
  ) throws(LuaError) {
    let bottom = top
    guard mg_lua_push_nil(L) else { throw LuaStack.full }
    while true {
      let status = mg_lua_next(L, Int32(index))
      if status == 0 { return }
      guard status > 0 else { throw LuaStack.full }
      do throws(LuaError) {
        try readField(into: &table, depth: depth, size: &size)
      } catch {
        pop(to: bottom)
        throw error
      }
      mg_lua_pop(L, 1)
    }
  }

  /// The key and its value are on top.
  private func readField(into table: inout LuaTable, depth: Int, size: inout Int) throws(LuaError) {
    let key = Int32(top - 1)
    size += 1
    guard size <= LuaStack.sizeLimit else { throw LuaError(.argument, "the table is too large") }
    var handle = mg_lua_handle()
    switch mg_lua_type_at(L, key, &handle) {
    case mg_lua_is_string:
      let name = string(at: key)
      try count(name, in: &size)
      table.fields[name] = try value(at: top, depth: depth + 1, size: &size)
    case mg_lua_is_integer
    where (1...max(table.array.count, 1)).contains(Int(mg_lua_integer_at(L, key))):
      break  // an element, read already
    case mg_lua_is_integer:
      throw LuaError(
        .argument, "the table has a gap before element \(mg_lua_integer_at(L, key))")
    default:
      let type = String(cString: mg_lua_type_name(L, key))
      throw LuaError(
        .argument, "the table has a key that is neither a name nor a position but a \(type)")
    }
  }

  // MARK: Pushing

  /// Pushes a value; nothing is left on the stack if it fails.
  func push(_ value: LuaValue) throws(LuaError) {
    let isPushed =
      switch value {
      case .nil: mg_lua_push_nil(L)
      case .bool(let value): mg_lua_push_boolean(L, value)
      case .integer(let value): mg_lua_push_integer(L, Int64(value))
      case .number(let value): mg_lua_push_number(L, value)
      case .string(let value): push(value)
      case .table(let table): try push(table)
      case .tensor(let tensor): push(object: .tensor(tensor))
      case .definition(let definition): push(object: .definition(definition))
      case .function(let function): try push(function)
      }
    guard isPushed else { throw LuaStack.full }
  }

  private func push(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { mg_lua_push_string(L, $0.baseAddress, $0.count) }
    }
  }

  private func push(object: HostObject) -> Bool {
    let handle = runtime.handles.add(object)
    if mg_lua_push_object(L, object.kind, handle) { return true }
    let removed = runtime.handles.remove(handle)
    withExtendedLifetime(removed) {}
    return false
  }

  private func push(_ function: LuaFunctionReference) throws(LuaError) -> Bool {
    guard function.runtime === runtime else {
      throw LuaError(.argument, "a function of another Lua file cannot be used here")
    }
    return mg_lua_push_kept(L, function.key)
  }

  private func push(_ table: LuaTable) throws(LuaError) -> Bool {
    let bottom = top
    guard
      mg_lua_push_table(L, Int32(clamping: table.array.count), Int32(clamping: table.fields.count))
    else { return false }
    let index = Int32(top)
    do throws(LuaError) {
      for (position, element) in table.array.enumerated() {
        try push(element)
        guard mg_lua_set_element(L, index, Int64(position + 1)) else { throw LuaStack.full }
      }
      for (name, value) in table.fields.sorted(by: { $0.key < $1.key }) {
        try push(value)
        let bytes = name.utf8CString
        let isSet = bytes.withUnsafeBufferPointer {
          mg_lua_set_field(L, index, $0.baseAddress, $0.count - 1)
        }
        guard isSet else { throw LuaStack.full }
      }
      if table.isRecord, !mg_lua_make_record(L, index) { throw LuaStack.full }
    } catch {
      pop(to: bottom)
      throw error
    }
    return true
  }

  // MARK: Position

  /// Where the Lua code that called us stands.
  var callerPosition: (file: String, line: Int) {
    var source = [CChar](repeating: 0, count: 1024)
    let line = mg_lua_caller_line(L, &source, source.count)
    return (
      String(decoding: source.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
      Int(line)
    )
  }
}
