import Synchronization

/// A value of the computation graph: which primitive makes it, from what.
///
/// `@unchecked Sendable`: everything but `inputs` and `value` is immutable; `inputs` changes only in
/// `deinit`, where nobody else can see it, and `value` is guarded by its mutex.
final class Node: @unchecked Sendable {
  let primitive: any Primitive
  private(set) var inputs: NodeInputs
  let shape: Shape
  let dtype: DType
  /// That of the primitive.
  let role: NodeRole
  /// Grows with creation, so inputs always have smaller numbers than what uses them.
  let serial: UInt64
  /// The value once computed: dense, row-major.
  private let computed: Mutex<Storage?>

  private static let counter = Atomic<UInt64>(0)

  init(
    _ primitive: any Primitive, _ inputs: NodeInputs, shape: Shape, dtype: DType,
    value: Storage? = nil
  ) {
    self.primitive = primitive
    role = primitive.role
    self.inputs = inputs
    self.shape = shape
    self.dtype = dtype
    computed = Mutex(value)
    serial = Node.counter.add(1, ordering: .relaxed).newValue
  }

  var value: Storage? {
    get { computed.withLock { $0 } }
    set { computed.withLock { $0 = newValue } }
  }

  /// A chain of a million nodes must not be released by a million nested calls.
  deinit {
    var pending = inputs.filter { !$0.inputs.isEmpty }
    inputs = .none
    while var node = pending.popLast() {
      if isKnownUniquelyReferenced(&node) {
        for input in node.inputs where !input.inputs.isEmpty { pending.append(input) }
        node.inputs = .none
      }
    }
  }
}
