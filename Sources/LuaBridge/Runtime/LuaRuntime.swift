import CKernels
import Engine
import Foundation
import Synchronization

/// A sandboxed Lua state with the `mg` library: one for each plugin file.
///
/// Calls run on the caller's thread, one at a time under a lock; a function of ours may call back
/// into Lua on the same thread. A deep Lua stack needs up to 8 MB of thread stack, which the main
/// thread has.
///
/// `@unchecked Sendable`: everything mutable is touched only while `lock` is held, except
/// `forgotten`, which has its own.
public final class LuaRuntime: @unchecked Sendable {
  /// Takes one line a plugin prints.
  public typealias Printer = @Sendable (String) -> Void

  /// What a call may use.
  public let limits: LuaLimits
  let lock = NSRecursiveLock()
  let printer: Printer
  let functions: [BoundFunction]
  /// Where `require` looks for modules, in order.
  let moduleFolders: [String]
  /// Files of the modules loaded, in order.
  private var loadedModules: [String] = []
  private var loadedData: [String] = []
  /// What was loaded and not looked through yet for the variables it sets; and those found so far.
  private var sources: [String] = []
  private var names = AssignedNames()
  /// Is told of every call of a library function while set.
  private var tracer: ((TracedCall) -> Void)?
  var handles = HandleTable()
  /// The error the trampoline is about to raise.
  var pendingError: LuaError?
  private var state: OpaquePointer?
  /// The Lua stacks in use, innermost last: the main one, and one for each call under way.
  private var stacks: [OpaquePointer] = []
  private var tensorsAtStart = 0
  private(set) var isInterruptible = false
  /// The address of the state whose call ``interrupt()`` stops; 0 where there is none.
  private static let interruptible = Atomic<UInt>(0)
  static let wasInterrupted = Atomic<Bool>(false)
  /// Room for the arguments of a call, used again by the next.
  private var argumentRoom: [LuaValue] = []
  /// Chunk names by how Lua abbreviates them in messages.
  var displayNames: [String: String] = [:]
  /// The folder of the Lua file that was loaded; `nil` where source came from elsewhere.
  private(set) var folder: String?
  private let forgottenLock = NSLock()
  private var forgotten: [Int32] = []

  /// Makes a state with nothing in it but the library.
  ///
  /// - Parameters:
  ///   - moduleFolders: where `require` may look for modules.
  ///   - extra: functions of the host's own, known to Lua as `mg.host_NAME`.
  /// - Throws: ``LuaError`` of kind `memory` if there is not enough for even that.
  public init(
    limits: LuaLimits = LuaLimits(), moduleFolders: [String] = [],
    extra: [LuaFunction] = [], print printer: @escaping Printer = { Swift.print($0) }
  ) throws(LuaError) {
    self.limits = limits
    self.moduleFolders = moduleFolders
    self.printer = printer
    functions =
      Catalogue.bindings
      + extra.map {
        BoundFunction(
          "host_" + $0.name, .library(isFunction: true, isMethod: false), body: $0.body)
      }
    var host = callbacks
    guard let state = mg_lua_open(&host, limits.memory ?? 0), let main = mg_lua_main(state) else {
      throw LuaError(.memory, "not enough memory to start Lua")
    }
    self.state = state
    stacks = [main]
    guard register(in: state) else { throw LuaError(.memory, "not enough memory to start Lua") }
  }

  deinit { close() }

  /// Ends the state and releases what it holds.
  ///
  /// Functions of it throw from then on.
  public func close() {
    lock.lock()
    defer { lock.unlock() }
    guard let state, stacks.count == 1 else { return }
    self.state = nil
    stacks = []
    mg_lua_close(state)
    handles.removeAll()
  }

  /// Number of our objects Lua holds.
  public var liveObjectCount: Int { lock.withLock { handles.liveCount } }

  /// Bytes Lua itself holds.
  public var byteCount: Int { lock.withLock { state.map { Int(mg_lua_bytes($0)) } ?? 0 } }

  /// Lets all allocations of Lua from the n-th on fail, for tests; 0 switches it off.
  public func failAllocation(_ n: Int) {
    lock.withLock { if let state { mg_lua_fail_allocation(state, n) } }
  }

  /// Runs a Lua file and returns what it returns (its first value).
  ///
  /// - Parameter path: where the file is; messages name it so.
  /// - Throws: ``LuaError``.
  public func load(file path: String) throws(LuaError) -> LuaValue {
    let source = try bytes(of: path)
    lock.withLock {
      folder = URL(fileURLWithPath: path).deletingLastPathComponent().path(percentEncoded: false)
    }
    return try run(bytes: source, name: path).first ?? .nil
  }

  /// The text of a Lua file, for `require`.
  func readSource(_ path: String) throws(LuaError) -> String {
    let bytes = try bytes(of: path)
    try refuseCompiled(bytes, name: path)
    remember(name: path)
    let source = String(decoding: bytes, as: UTF8.self)
    sources.append(source)
    return source
  }

  /// Files of the modules loaded by `require`, in order.
  var moduleFiles: [String] { lock.withLock { loadedModules } }

  func didLoad(module file: String) {
    if !loadedModules.contains(file) { loadedModules.append(file) }
  }

  /// Whether a source that was loaded gives a variable of this name a value somewhere. Looked for when a
  /// name is not found, so that loading takes no longer.
  func assigns(_ name: String) -> Bool {
    lookThroughSources()
    return names.variables.contains(name)
  }

  /// Whether a source that was loaded declares a parameter of this name.
  func declaresParameter(_ name: String) -> Bool {
    lookThroughSources()
    return names.parameters.contains(name)
  }

  private func lookThroughSources() {
    for source in sources { names.look(at: source) }
    sources = []
  }

  /// Files read by `mg.load`, in order.
  var dataFiles: [String] { lock.withLock { loadedData } }

  /// - Parameter path: relative to the plugin's folder.
  func didLoad(data path: String) {
    let file = URL(fileURLWithPath: folder ?? ".").appendingPathComponent(path).path
    if !loadedData.contains(file) { loadedData.append(file) }
  }

  private func bytes(of path: String) throws(LuaError) -> [UInt8] {
    func problem(_ text: String) -> LuaError { LuaError(.file, text, file: path) }
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw problem("cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { Foundation.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw problem(
        status.st_mode & S_IFMT == S_IFDIR
          ? "is a folder, not a Lua file" : "cannot be read: it is not a regular file")
    }
    func tooMany(_ count: Int) -> LuaError {
      problem("\(count) bytes are too many for a Lua file: at most \(limits.fileSize)")
    }
    guard status.st_size <= limits.fileSize else { throw tooMany(Int(status.st_size)) }
    let data: Data
    do {
      // One more than allowed: the file may have grown.
      data =
        try FileHandle(fileDescriptor: descriptor).read(upToCount: limits.fileSize + 1) ?? Data()
    } catch {
      throw problem("cannot be read: \(FileReason.text(error))")
    }
    guard data.count <= limits.fileSize else { throw tooMany(data.count) }
    return Array(data)
  }

  /// A binary chunk could crash the interpreter.
  private func refuseCompiled(_ bytes: [UInt8], name: String) throws(LuaError) {
    guard bytes.first == 0x1B else { return }
    throw LuaError(
      .file, "is compiled Lua; only source text is loaded", file: name,
      hint: "give the .lua source the file was compiled from")
  }

  /// Runs Lua source and returns what it returns.
  ///
  /// - Parameter name: what messages call it, in place of a file.
  /// - Throws: ``LuaError``.
  public func run(_ source: String, name: String) throws(LuaError) -> [LuaValue] {
    try run(bytes: Array(source.utf8), name: name)
  }

  private func run(bytes: [UInt8], name: String) throws(LuaError) -> [LuaValue] {
    try refuseCompiled(bytes, name: name)
    return try enter { (state, stack) throws(LuaError) in
      remember(name: name)
      sources.append(String(decoding: bytes, as: UTF8.self))
      let isLoaded = (bytes + [0x0A]).withUnsafeBytes { buffer in
        let text = buffer.bindMemory(to: CChar.self)
        return mg_lua_load(state, stack.L, text.baseAddress, text.count, "@" + name)
      }
      guard isLoaded else { throw failure(of: state, fallbackFile: name, source: bytes) }
      return try finish(call: 0, in: state, on: stack, fallbackFile: name)
    }
  }

  /// Runs `body` and lists the library calls that Lua makes meanwhile, in order.
  public func tracing(_ body: () throws -> Void) rethrows -> [TracedCall] {
    lock.lock()
    defer { lock.unlock() }
    var calls: [TracedCall] = []
    tracer = { calls.append($0) }
    defer { tracer = nil }
    try body()
    return calls
  }

  /// Calls a function of this state.
  ///
  /// - Throws: ``LuaError``.
  public func call(
    _ function: LuaFunctionReference, _ arguments: [LuaValue]
  ) throws(LuaError) -> [LuaValue] {
    try enter { (state, stack) throws(LuaError) in
      let top = stack.top
      do throws(LuaError) {
        guard mg_lua_push_kept(stack.L, function.key) else { throw LuaStack.full }
        for argument in arguments { try stack.push(argument) }
      } catch {
        stack.pop(to: top)
        throw error
      }
      return try finish(call: arguments.count, in: state, on: stack, fallbackFile: function.file)
    }
  }

  private func finish(
    call arguments: Int, in state: OpaquePointer, on stack: LuaStack, fallbackFile: String
  ) throws(LuaError) -> [LuaValue] {
    let count = mg_lua_call(state, stack.L, Int32(arguments))
    guard count >= 0 else { throw failure(of: state, fallbackFile: fallbackFile) }
    let first = stack.top - Int(count) + 1
    defer { stack.pop(to: first - 1) }
    do throws(LuaError) {
      return try stack.values(from: first)
    } catch {
      throw error.located(file: fallbackFile, line: 0)
    }
  }

  /// Runs `body` alone, with a time limit if it is the outermost call.
  private func enter<Result>(
    _ body: (OpaquePointer, LuaStack) throws(LuaError) -> Result
  ) throws(LuaError) -> Result {
    lock.lock()
    defer { lock.unlock() }
    guard let state, let innermost = stacks.last else {
      throw LuaError(.runtime, "the Lua state has been closed")
    }
    let stack = LuaStack(L: innermost, runtime: self)
    guard stacks.count == 1 else { return try body(state, stack) }
    mg_lua_begin(state)
    if isInterruptible {
      LuaRuntime.wasInterrupted.store(false, ordering: .relaxed)
      LuaRuntime.interruptible.store(UInt(bitPattern: state), ordering: .relaxed)
    }
    tensorsAtStart = handles.addedCount
    for key in takeForgotten() { mg_lua_forget(innermost, key) }
    let box = StateBox(state: state)
    let deadline = limits.seconds.map { seconds in
      Watchdog.shared.schedule(after: seconds) { mg_lua_stop(box.state, mg_lua_deadline) }
    }
    defer {
      if let deadline { Watchdog.shared.cancel(deadline) }
      if isInterruptible { LuaRuntime.interruptible.store(0, ordering: .relaxed) }
      mg_lua_end(state)
    }
    return try body(state, stack)
  }

  /// Lets ``interrupt()`` stop the calls of this state: for a program's one prompt, which never closes it.
  public func allowInterrupts() { lock.withLock { isInterruptible = true } }

  /// Stops the call that is under way in a state that allows it. Safe in a signal handler, once such a call
  /// has begun: it touches atomics only.
  public static func interrupt() {
    guard let state = OpaquePointer(bitPattern: interruptible.load(ordering: .relaxed)) else {
      return
    }
    wasInterrupted.store(true, ordering: .relaxed)
    mg_lua_stop(state, mg_lua_deadline)
  }

  /// Counts what tensors hold against the limit: Lua sees a few bytes for each.
  private func checkMemory(for results: LuaResults, _ L: OpaquePointer) throws(LuaError) {
    guard let limit = limits.memory else { return }
    let added =
      switch results {
      case .one(let value): value.tensor?.residentByteCount ?? 0
      case .several(let values): values.reduce(0) { $0 + ($1.tensor?.residentByteCount ?? 0) }
      }
    guard added > 0, handles.byteCount + added > limit else { return }
    // Tensors that the script has dropped may only wait to be collected.
    mg_lua_collect(L)
    guard handles.byteCount + added > limit else { return }
    throw LuaError(
      .memory,
      "not enough memory: the tensors it keeps take more than its limit of \(limit >> 20) MB")
  }

  /// Runs a function of ours on the stack Lua called it with.
  func dispatch(_ L: OpaquePointer, _ function: Int) -> Int32 {
    stacks.append(L)
    defer { stacks.removeLast() }
    let stack = LuaStack(L: L, runtime: self)
    // A call inside this one finds no room and makes its own.
    var arguments: [LuaValue] = []
    swap(&arguments, &argumentRoom)
    defer {
      arguments.removeAll(keepingCapacity: true)
      argumentRoom = arguments
    }
    do {
      guard handles.addedCount - tensorsAtStart <= limits.tensors else {
        throw LuaError(.memory, "more than \(limits.tensors) tensors made in one call")
      }
      try stack.read(from: 1, into: &arguments)
      let results = try functions[function].body(arguments, LuaCaller(stack: stack))
      try checkMemory(for: results, L)
      if let tracer {
        let (file, line) = stack.callerPosition
        tracer(
          TracedCall(
            function: functions[function].name, file: file, line: line,
            inputs: arguments.flatMap { $0.tensors() },
            outputs: results.values.flatMap { $0.tensors() }))
      }
      switch results {
      case .one(let value):
        try stack.push(value)
        return 1
      case .several(let values):
        for value in values { try stack.push(value) }
        return Int32(values.count)
      }
    } catch {
      pendingError = .wrapping(error)
      return -1
    }
  }
}

/// A call of a library function from Lua: what a check needs to name the line of a problem.
public struct TracedCall: Sendable {
  /// The function's name; that of operators is their event, such as `__div`.
  public let function: String
  public let file: String
  public let line: Int
  /// The tensors among its arguments and its results, and in tables of these.
  public let inputs: [Tensor]
  public let outputs: [Tensor]
}

/// Lets the watchdog's closure carry the state: ``LuaRuntime`` cancels it before the state ends.
private struct StateBox: @unchecked Sendable {
  let state: OpaquePointer
}

extension LuaRuntime {
  /// A reference is dropped: on whichever thread that is, Lua hears of it at the next call.
  func forget(_ key: Int32) {
    forgottenLock.withLock { forgotten.append(key) }
  }

  private func takeForgotten() -> [Int32] {
    forgottenLock.withLock {
      defer { forgotten = [] }
      return forgotten
    }
  }
}
