import Engine
import Synchronization

/// How far a loop has come.
public struct ProgressUpdate: Sendable {
  public let stage: String
  /// Steps done.
  public let step: Int
  /// Steps there will be.
  public let total: Int
  public let secondsPerStep: Double
  /// Numbers worth watching, by name.
  public let values: [(name: String, value: Double)]
}

/// Somebody who is told how a run is going.
public protocol ProgressReporter: Sendable {
  /// A step was taken; called at every one.
  func step(_ update: ProgressUpdate)
  /// A loop is done.
  func finish(_ stage: String)
  /// Something worth a line.
  func note(_ text: String)
  /// Something that went wrong without ending the run.
  func warn(_ text: String)
}

/// Tells nobody.
public struct SilentProgress: ProgressReporter {
  public init() {}
  public func step(_ update: ProgressUpdate) {}
  public func finish(_ stage: String) {}
  public func note(_ text: String) {}
  public func warn(_ text: String) {}
}

/// Whether somebody asked the process to stop: loops look at it between steps, save, and end.
public enum Interrupt {
  private static let flag = Atomic<Bool>(false)

  public static var isRequested: Bool { flag.load(ordering: .relaxed) }
  /// Asks running loops to save and end.
  public static func request() { flag.store(true, ordering: .relaxed) }
  /// Forgets the request: for tests.
  public static func reset() { flag.store(false, ordering: .relaxed) }

  /// Ends a loop that has nothing to save.
  static func check(_ place: String) throws(RunError) {
    if isRequested { throw .interrupted(place) }
  }
}
