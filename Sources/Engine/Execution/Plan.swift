import Synchronization

/// The addresses of a plan's buffers while it runs.
struct Memory {
  let base: UnsafeMutablePointer<UnsafeMutableRawPointer>

  subscript(buffer: Int) -> UnsafeMutableRawPointer { base[buffer] }

  /// The addresses as the kernels take them.
  var table: UnsafePointer<UnsafeMutableRawPointer?> {
    UnsafePointer(
      UnsafeMutableRawPointer(base).assumingMemoryBound(to: UnsafeMutableRawPointer?.self))
  }

  /// Address of a view's first element.
  func start(of view: View) -> UnsafeMutableRawPointer {
    base[view.buffer] + view.offset * view.dtype.size
  }

  /// The same, typed.
  func elements<T>(of view: View) -> UnsafeMutablePointer<T> {
    start(of: view).assumingMemoryBound(to: T.self)
  }
}

/// One kernel call of a plan.
struct Step {
  enum Work {
    case call((Memory) throws(EngineError) -> Void)
    /// Loops to run one after the other for each unit.
    case loops([FusedLoops])
  }

  let name: String
  let reads: [View]
  let writes: [View]
  let work: Work
  /// Floating-point operations, a multiply-add being two; `nil` where nobody counts them.
  var flops: Double?
  /// Operands whose memory a result may take, if nothing else needs them.
  var replaceable: [(operand: View, result: View)] = []
}

/// What a buffer of a plan is.
enum Buffer {
  /// Memory of the plan itself, reused from step to step.
  case scratch(byteCount: Int)
  /// A value known when the plan was made.
  case constant(Storage)
  /// An input, given at every run.
  case input(Int)
  /// A result, freshly allocated at every run.
  case output(Int, byteCount: Int)
}

/// A graph made ready to run: kernel calls in order over buffers with fixed places.
///
/// `@unchecked Sendable`: everything is immutable but the arena, which `lock` guards during a run.
final class Plan: @unchecked Sendable {
  private let steps: [(step: Step, run: (Memory) throws(EngineError) -> Void)]
  private let buffers: [Buffer]
  /// Where the scratch buffers lie.
  private let memoryPlan: MemoryPlan
  private var arena: Storage?
  private let lock = Mutex(())

  init(steps: [Step], buffers: [Buffer]) {
    let memoryPlan = MemoryPlan(steps: steps, buffers: buffers)
    self.steps = steps.map { ($0, $0.kernel(memoryPlan)) }
    self.buffers = buffers
    self.memoryPlan = memoryPlan
  }

  /// Number of kernel calls.
  var stepCount: Int { steps.count }
  /// Bytes of working memory besides inputs, constants and results.
  var scratchByteCount: Int { memoryPlan.byteCount }

  /// Runs all steps.
  ///
  /// - Parameter inputs: dense row-major values of the plan's inputs.
  /// - Returns: the values of its outputs, in order.
  func run(_ inputs: [Storage]) throws(EngineError) -> [Storage] {
    // A typed throw does not pass through `withLock`; the result carries it instead.
    try lock.withLock { _ in
      Result { () throws(EngineError) in try runLocked(inputs) }
    }.get()
  }

  private func runLocked(_ inputs: [Storage]) throws(EngineError) -> [Storage] {
    let arena: Storage
    if let kept = self.arena {
      arena = kept
    } else {
      arena = try Storage(reserving: memoryPlan.byteCount)
    }
    self.arena = arena
    var outputs: [Int: Storage] = [:]
    let base = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(
      capacity: max(buffers.count, 1))
    defer { base.deallocate() }
    for (number, buffer) in buffers.enumerated() {
      switch buffer {
      case .scratch: base[number] = arena.pointer + memoryPlan.offsets[number]
      case .constant(let storage): base[number] = storage.pointer
      case .input(let index): base[number] = inputs[index].pointer
      case .output(let index, let byteCount):
        let storage = try Storage(reserving: byteCount)
        outputs[index] = storage
        base[number] = storage.pointer
      }
    }
    for (number, owner) in memoryPlan.owners.enumerated() { base[number] = base[owner] }
    let memory = Memory(base: base)
    for (step, run) in steps {
      if let profile = Profile.current {
        try profile.measure(step) { () throws(EngineError) in try run(memory) }
      } else {
        try run(memory)
      }
    }
    return withExtendedLifetime(inputs) { outputs.sorted { $0.key < $1.key }.map(\.value) }
  }
}
