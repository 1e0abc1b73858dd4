import Synchronization

/// Passes everything on, and remembers the warnings for the report.
final class WarningLog: ProgressReporter {
  private let listener: any ProgressReporter
  private let texts = Mutex<[String]>([])

  init(_ listener: any ProgressReporter) { self.listener = listener }

  /// The warnings so far.
  var warnings: [String] { texts.withLock { $0 } }

  func step(_ update: ProgressUpdate) { listener.step(update) }
  func finish(_ stage: String) { listener.finish(stage) }
  func note(_ text: String) { listener.note(text) }
  func warn(_ text: String) {
    texts.withLock { $0.append(text) }
    listener.warn(text)
  }
}
