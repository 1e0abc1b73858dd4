import Engine
import Foundation
import Host
import LuaBridge
import Synchronization

/// Tells a person or a program how a run is going: one line that is rewritten on a terminal, a line now
/// and then in a pipe, JSON lines for machines.
final class ConsoleProgress: ProgressReporter {
  private let isJSON: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private struct State {
    var lastShown = DispatchTime(uptimeNanoseconds: 1)
    var isLineOpen = false
    var last: ProgressUpdate?
  }
  private let state = Mutex(State())

  init(isJSON: Bool) { self.isJSON = isJSON }

  func step(_ update: ProgressUpdate) {
    state.withLock { state in
      let now = DispatchTime.now()
      let interval = Double(now.uptimeNanoseconds - state.lastShown.uptimeNanoseconds) * 1e-9
      state.last = update
      guard interval >= (isTerminal && !isJSON ? 0.2 : 5) else { return }
      state.lastShown = now
      show(update, &state)
    }
  }

  func finish(_ stage: String) {
    state.withLock { state in
      if let last = state.last, last.stage == stage { show(last, &state) }
      closeLine(&state)
      state.last = nil
    }
  }

  func note(_ text: String) { line(text, kind: "note") }
  func warn(_ text: String) { line("warning: \(text)", kind: "warning") }

  /// The end of a run that went well.
  func result(_ metrics: ExperimentMetrics, directory: URL) {
    let distance = metrics.constraintDistance
    line(
      String(
        format: "constraint distance: data %.3g, dm %.3g, mdm %.3g (%.0f %% %@ than dm)",
        distance.data.mean,
        distance.dm.mean, distance.mdm.mean, abs(metrics.improvement) * 100,
        metrics.improvement >= 0 ? "lower" : "higher"), kind: "result")
    if let inverse = metrics.inverse {
      for (name, solver) in [
        ("dps", inverse.dps), ("cg_dps", inverse.cgDPS), ("mirror_dps", inverse.mirrorDPS),
      ] {
        // Without a truth there is no PSNR; of samples that all diverged there is nothing.
        let numbers = [
          solver.constraintDistance.map { String(format: "constraint distance %.3g", $0) },
          solver.measurementError.map { String(format: "measurement error %.3g", $0) },
          solver.psnr.map { String(format: "PSNR %.1f dB", $0) },
        ].compactMap { $0 }
        line(
          "\(name): " + (numbers.isEmpty ? "all diverged" : numbers.joined(separator: ", ")),
          kind: "result")
      }
    }
    line("report: \(directory.appendingPathComponent("report.html").path)", kind: "result")
  }

  /// Where the time went.
  func profile(_ profile: Profile) {
    for (kernel, entry) in profile.sorted.prefix(30) {
      let calls = Double(entry.calls)
      let rate = kernel.flops.map {
        String(format: "%6.0f GFLOP/s", $0 * calls / entry.seconds / 1e9)
      }
      line(
        String(
          format: "%9.3f s %8d× %@ %6.1f GB/s  %@", entry.seconds, entry.calls,
          rate ?? "".padded(to: 14), Double(kernel.byteCount) * calls / entry.seconds / 1e9,
          "\(kernel.name) \(kernel.shapes)"), kind: "profile")
    }
  }

  /// What ended the run.
  func fail(_ error: any Error) {
    let diagnostic = error as? any Diagnostic
    let message = diagnostic?.message ?? ConsoleProgress.text(of: error)
    if isJSON {
      var fields = [
        "error": Terminal.cut(message), "code": diagnostic?.code ?? "unknown",
      ]
      fields["hint"] = diagnostic?.hint.map { Terminal.cut($0) }
      fields["traceback"] = (error as? LuaError)?.traceback
      emit(fields)
      return
    }
    let label = if case RunError.interrupted = error { "" } else { "error: " }
    line(label + message, kind: "error")
    if let traceback = (error as? LuaError)?.traceback, ConsoleProgress.tellsMore(traceback) {
      line(traceback, kind: "traceback")
    }
    if let hint = diagnostic?.hint { line("hint: \(hint)", kind: "hint") }
  }

  /// An error that is not ours: of the file system, with the file it is about.
  private static func text(of error: any Error) -> String {
    let inner = error as NSError
    guard inner.domain == NSCocoaErrorDomain || inner.domain == NSPOSIXErrorDomain else {
      return "\(error)"
    }
    let path = inner.userInfo[NSFilePathErrorKey] as? String
    return (path.map { "\($0): " } ?? "") + FileReason.text(error)
  }

  /// Whether a call stack names more than the line that the message names.
  static func tellsMore(_ traceback: String) -> Bool {
    traceback.matches(of: #/\n\s+[^\[\s][^\n]*:\d+: in /#).count > 1
  }

  private func line(_ text: String, kind: String) {
    state.withLock { state in
      if isJSON { return emit([kind: Terminal.cut(text)]) }
      closeLine(&state)
      write(Terminal.safe(text) + "\n")
    }
  }

  private func show(_ update: ProgressUpdate, _ state: inout State) {
    if isJSON {
      var fields: [String: Any] = [
        "stage": update.stage, "step": update.step, "total": update.total,
        "seconds_per_step": update.secondsPerStep,
      ]
      for (name, value) in update.values { fields[name] = value.isFinite ? value : "\(value)" }
      return emit(fields)
    }
    let values = update.values.map { "\($0.name) \(String(format: "%.4g", $0.value))" }
    let left = Double(update.total - update.step) * update.secondsPerStep
    let text =
      ([
        "\(update.stage) \(update.step)/\(update.total)",
        String(format: "%.0f ms/step", update.secondsPerStep * 1000), "\(clock(left)) left",
      ] + values.map { Terminal.safe($0) }).joined(separator: "  ")
    write(isTerminal ? "\r\u{1B}[K\(text)" : text + "\n")
    state.isLineOpen = isTerminal
  }

  private func closeLine(_ state: inout State) {
    if state.isLineOpen { write("\n") }
    state.isLineOpen = false
  }

  private func clock(_ seconds: Double) -> String {
    let whole = Int((seconds > 0 ? min(seconds, 1e9) : 0).rounded())
    return String(format: "%d:%02d", whole / 60, whole % 60)
  }

  private func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  private func emit(_ fields: [String: Any]) {
    let data = try? JSONSerialization.data(
      withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
    try? FileHandle.standardOutput.write(contentsOf: (data ?? Data()) + Data("\n".utf8))
  }
}
