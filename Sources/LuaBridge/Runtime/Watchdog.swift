import Foundation

/// Wakes up at deadlines: one thread for all Lua states.
///
/// `@unchecked Sendable`: `deadlines` and `isRunning` are touched only while `condition` is held.
final class Watchdog: @unchecked Sendable {
  static let shared = Watchdog()

  private let condition = NSCondition()
  private var deadlines: [UInt64: (date: Date, action: @Sendable () -> Void)] = [:]
  private var nextKey: UInt64 = 0
  private var isRunning = false

  /// Has `action` called once at that time, unless cancelled before.
  ///
  /// It must be short: the lock is held.
  func schedule(after seconds: Double, _ action: @escaping @Sendable () -> Void) -> UInt64 {
    condition.lock()
    defer { condition.unlock() }
    nextKey += 1
    deadlines[nextKey] = (Date(timeIntervalSinceNow: seconds), action)
    if !isRunning {
      isRunning = true
      let thread = Thread { [self] in watch() }
      thread.name = "moonglass.lua.watchdog"
      thread.start()
    }
    condition.signal()
    return nextKey
  }

  /// Withdraws a deadline.
  ///
  /// After this returns, its action is not running and never will.
  func cancel(_ key: UInt64) {
    condition.lock()
    deadlines[key] = nil
    condition.unlock()
  }

  private func watch() {
    condition.lock()
    while true {
      let now = Date()
      for (key, deadline) in deadlines where deadline.date <= now {
        deadline.action()
        deadlines[key] = nil
      }
      if let next = deadlines.values.map(\.date).min() {
        _ = condition.wait(until: next)
      } else {
        condition.wait()
      }
    }
  }
}
