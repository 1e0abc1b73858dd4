import CKernels
import Engine

/// What Lua can hold of ours.
enum HostObject {
  case tensor(Tensor)
  indirect case error(LuaError)
  indirect case definition(LuaDefinition)

  var kind: mg_lua_kind {
    switch self {
    case .tensor: mg_lua_tensor
    case .error: mg_lua_error_object
    case .definition: mg_lua_definition
    }
  }

  /// Bytes a tensor's value holds.
  var byteCount: Int {
    if case .tensor(let tensor) = self { tensor.residentByteCount } else { 0 }
  }
}

/// The objects one Lua state holds, by handle.
///
/// Lua's userdata carries a slot and a generation, never a pointer: a stale, forged or twice-freed
/// handle is found out here.
struct HandleTable {
  private struct Slot {
    var object: HostObject?
    /// Bytes it counts for.
    var bytes = 0
    var generation: UInt32 = 0
  }

  private var slots: [Slot] = []
  private var free: [UInt32] = []
  /// Number of objects held.
  private(set) var liveCount = 0
  /// Bytes of the values of the tensors held, as they were when they were added.
  private(set) var byteCount = 0
  /// Number of objects ever added.
  private(set) var addedCount = 0

  mutating func add(_ object: HostObject) -> mg_lua_handle {
    liveCount += 1
    addedCount += 1
    let bytes = object.byteCount
    byteCount += bytes
    if let slot = free.popLast() {
      slots[Int(slot)].object = object
      slots[Int(slot)].bytes = bytes
      return mg_lua_handle(slot: slot, generation: slots[Int(slot)].generation)
    }
    slots.append(Slot(object: object, bytes: bytes))
    return mg_lua_handle(slot: UInt32(slots.count - 1), generation: 0)
  }

  subscript(handle: mg_lua_handle) -> HostObject? {
    let slot = Int(handle.slot)
    guard slot < slots.count, slots[slot].generation == handle.generation else { return nil }
    return slots[slot].object
  }

  /// Takes the object out and returns it, so that the caller decides where it is released.
  mutating func remove(_ handle: mg_lua_handle) -> HostObject? {
    guard let object = self[handle] else { return nil }
    let slot = Int(handle.slot)
    byteCount -= slots[slot].bytes
    slots[slot] = Slot(generation: handle.generation &+ 1)
    free.append(handle.slot)
    liveCount -= 1
    return object
  }

  mutating func removeAll() { self = HandleTable() }
}
