import Foundation

extension Profile {
  /// The last kernel calls as a JSON trace that Perfetto (ui.perfetto.dev) and Chrome's `about:tracing` show.
  ///
  /// Every call is a complete event (`"ph": "X"`) with its start `ts` and duration `dur` in microseconds and
  /// in `args` the shapes, the bytes read and written and, where counted, GFLOP and GFLOP/s. `otherData` says
  /// how many older calls the limit of ``init(eventLimit:)`` left out.
  public func trace() throws(EngineError) -> Data {
    let (events, droppedCount) = recent
    let file = TraceFile(
      traceEvents: events.map(TraceEvent.init),
      otherData: TraceNotes(droppedEvents: droppedCount, eventLimit: eventLimit))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(file)
    } catch {
      throw .library(name: "JSON", reason: "\(error)")
    }
  }
}

/// The trace event format's object form.
private struct TraceFile: Encodable {
  let traceEvents: [TraceEvent]
  let displayTimeUnit = "ms"
  let otherData: TraceNotes
}

private struct TraceNotes: Encodable {
  enum CodingKeys: String, CodingKey {
    case droppedEvents = "dropped_events"
    case eventLimit = "event_limit"
  }
  let droppedEvents: Int
  let eventLimit: Int
}

private struct TraceEvent: Encodable {
  struct Arguments: Encodable {
    enum CodingKeys: String, CodingKey {
      case shapes, bytes, gflop
      case gflopPerS = "gflop_per_s"
    }
    let shapes: String
    let bytes: Int
    let gflop: Double?
    let gflopPerS: Double?
  }

  let name: String
  let cat = "kernel"
  let ph = "X"
  let ts: Double
  let dur: Double
  let pid = 1
  let tid = 1
  let args: Arguments

  init(_ event: Profile.Event) {
    let nanoseconds = Double(event.end - event.start)
    name = event.kernel.name
    ts = Double(event.start) / 1000
    dur = nanoseconds / 1000
    args = Arguments(
      shapes: event.kernel.shapes, bytes: event.kernel.byteCount,
      gflop: event.kernel.flops.map { $0 / 1e9 },
      gflopPerS: event.kernel.flops.map { $0 / max(nanoseconds, 1) })
  }
}
