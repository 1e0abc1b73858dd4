import Foundation
import Synchronization

/// Where the time of runs goes, by kernel: collected while one is `current`.
public final class Profile: Sendable {
  /// Calls and seconds of one kind of kernel call.
  public struct Entry: Sendable {
    public var calls = 0
    public var seconds = 0.0
  }

  private let entries = Mutex<[String: Entry]>([:])
  private static let active = Mutex<Profile?>(nil)
  private static let isActive = Atomic<Bool>(false)

  public init() {}

  /// The profile that runs add to; `nil`: none, at no cost.
  public static var current: Profile? {
    get { isActive.load(ordering: .relaxed) ? active.withLock { $0 } : nil }
    set {
      active.withLock { $0 = newValue }
      isActive.store(newValue != nil, ordering: .relaxed)
    }
  }

  /// Entries, the most expensive first.
  public var sorted: [(name: String, entry: Entry)] {
    entries.withLock { $0.map { ($0.key, $0.value) } }.sorted { $0.1.seconds > $1.1.seconds }
  }

  func measure(_ step: Step, _ body: () throws(EngineError) -> Void) throws(EngineError) {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    let key =
      "\(step.name) \(step.reads.map { "\($0.sizes)" }.joined(separator: " ")) → \(step.writes.first?.sizes ?? [])"
    entries.withLock {
      $0[key, default: Entry()].calls += 1
      $0[key, default: Entry()].seconds += seconds
    }
  }
}
