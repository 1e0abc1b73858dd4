import Foundation
import Synchronization

/// Where the time of runs goes, by kernel: collected while one is `current`.
public final class Profile: Sendable {
  /// A kernel call as a plan makes it: what is the same each time it runs.
  public struct Kernel: Sendable, Hashable {
    /// The operation, or those of a fused group.
    public let name: String
    /// Shapes read and written: `[16, 64] [64, 8] → [16, 8]`.
    public let shapes: String
    /// Distinct bytes read and written; elements that are repeated count once.
    public let byteCount: Int
    /// Floating-point operations, a multiply-add being two; `nil` where they are not counted.
    public let flops: Double?

    init(_ step: Step) {
      name = step.name
      shapes = "\(Kernel.shapes(step.reads)) → \(Kernel.shapes(step.writes))"
      byteCount = (step.reads + step.writes).reduce(0) { $0 + $1.distinctByteCount }
      flops = step.flops
    }

    /// Each shape once, with how many views have it.
    private static func shapes(_ views: [View]) -> String {
      var counts: [(sizes: [Int], count: Int)] = []
      for view in views {
        if let known = counts.firstIndex(where: { $0.sizes == view.sizes }) {
          counts[known].count += 1
        } else {
          counts.append((view.sizes, 1))
        }
      }
      return counts.map { $0.count > 1 ? "\($0.count)×\($0.sizes)" : "\($0.sizes)" }
        .joined(separator: " ")
    }
  }

  /// Calls and seconds of one kind of kernel call.
  public struct Entry: Sendable {
    public var calls = 0
    public var seconds = 0.0
  }

  /// One kernel call.
  struct Event {
    let kernel: Kernel
    /// Nanoseconds on the clock of `DispatchTime`.
    let start: UInt64
    let end: UInt64
  }

  private struct State {
    var entries: [Kernel: Entry] = [:]
    /// The last calls, in a ring.
    var events: [Event] = []
    var eventCount = 0
  }

  private let state = Mutex(State())
  private let start = DispatchTime.now().uptimeNanoseconds
  /// How many calls are kept one by one, the last ones.
  let eventLimit: Int
  private static let active = Mutex<Profile?>(nil)
  private static let isActive = Atomic<Bool>(false)

  /// - Parameter eventLimit: how many calls are kept one by one for ``trace()``: the last ones.
  public init(eventLimit: Int = 0) { self.eventLimit = max(eventLimit, 0) }

  /// The profile that runs add to; `nil`: none, at no cost.
  public static var current: Profile? {
    get { isActive.load(ordering: .relaxed) ? active.withLock { $0 } : nil }
    set {
      active.withLock { $0 = newValue }
      isActive.store(newValue != nil, ordering: .relaxed)
    }
  }

  /// Entries, the most expensive first.
  public var sorted: [(kernel: Kernel, entry: Entry)] {
    state.withLock { $0.entries.map { ($0.key, $0.value) } }
      .sorted { ($0.1.seconds, $1.0.name) > ($1.1.seconds, $0.0.name) }
  }

  /// Floating-point operations of all counted kernel calls.
  public var flops: Double {
    state.withLock { $0.entries.reduce(0) { $0 + ($1.key.flops ?? 0) * Double($1.value.calls) } }
  }

  /// The kept calls in the order of time, in nanoseconds since the profile began, and how many older ones
  /// were let go.
  var recent: (events: [Event], droppedCount: Int) {
    let (events, count) = state.withLock { ($0.events, $0.eventCount) }
    let first = events.count < eventLimit ? 0 : count % max(eventLimit, 1)
    let inOrder = (events[first...] + events[..<first]).map {
      Event(kernel: $0.kernel, start: $0.start - start, end: $0.end - start)
    }
    return (inOrder, count - events.count)
  }

  func measure(_ step: Step, _ body: () throws(EngineError) -> Void) throws(EngineError) {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    let event = Event(
      kernel: Kernel(step), start: start, end: DispatchTime.now().uptimeNanoseconds)
    state.withLock { state in
      state.entries[event.kernel, default: Entry()].calls += 1
      state.entries[event.kernel, default: Entry()].seconds += Double(event.end - start) * 1e-9
      guard eventLimit > 0 else { return }
      if state.events.count < eventLimit {
        state.events.append(event)
      } else {
        state.events[state.eventCount % eventLimit] = event
      }
      state.eventCount += 1
    }
  }
}

extension View {
  /// Bytes of the elements, each counted once however often the view repeats it.
  fileprivate var distinctByteCount: Int {
    sizes.indices.reduce(dtype.size) { $0 * (strides[$1] == 0 ? 1 : sizes[$1]) }
  }
}
