import Foundation
import Testing

@testable import Engine

/// What a profile says of kernel calls, and the trace it writes.
@Suite struct ProfileTests {
  /// A step that reads `[2, 3]` and one number spread over as many elements, and does nothing.
  private func step(_ name: String, flops: Double? = nil) -> Step {
    func view(strides: [Int]) -> View {
      View(buffer: 0, offset: 0, sizes: [2, 3], strides: strides, dtype: .float32)
    }
    return Step(
      name: name, reads: [view(strides: [3, 1]), view(strides: [0, 0])],
      writes: [view(strides: [3, 1])], work: .call { _ in }, flops: flops)
  }

  private func measured(_ steps: [Step], eventLimit: Int = 0) throws -> Profile {
    let profile = Profile(eventLimit: eventLimit)
    for step in steps { try profile.measure(step) { () throws(EngineError) in } }
    return profile
  }

  @Test func callsOfAKindAreAddedUp() throws {
    let profile = try measured([step("a", flops: 12), step("b"), step("a", flops: 12)])
    #expect(profile.flops == 24)
    let a = try #require(profile.sorted.first { $0.kernel.name == "a" })
    #expect(a.entry.calls == 2)
    #expect(a.kernel.shapes == "2×[2, 3] → [2, 3]")
    // A number that is repeated is read once.
    #expect(a.kernel.byteCount == 24 + 4 + 24)
  }

  @Test func aTraceHoldsTheLastCallsInOrder() throws {
    let names = (0..<7).map { "step \($0) \"quoted\"" }
    let profile = try measured(names.map { step($0, flops: 5) }, eventLimit: 3)
    let trace = try #require(
      try JSONSerialization.jsonObject(with: profile.trace()) as? [String: Any])
    let notes = try #require(trace["otherData"] as? [String: Any])
    #expect(notes["dropped_events"] as? Int == 4)
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    #expect(events.map { $0["name"] as? String } == names[4...].map { $0 })
    var end = 0.0
    for event in events {
      #expect(event["ph"] as? String == "X" && event["pid"] != nil && event["tid"] != nil)
      let (start, duration) = (
        try #require(event["ts"] as? Double), try #require(event["dur"] as? Double)
      )
      #expect(start >= end && duration >= 0)
      end = start + duration
      let arguments = try #require(event["args"] as? [String: Any])
      #expect(arguments["bytes"] as? Int == 52)
      #expect(arguments["gflop"] as? Double == 5e-9 && arguments["gflop_per_s"] is Double)
    }
  }

  @Test func withoutALimitNothingIsKept() throws {
    let trace = try #require(
      try JSONSerialization.jsonObject(with: measured([step("a")]).trace()) as? [String: Any])
    #expect((trace["traceEvents"] as? [Any])?.isEmpty == true)
  }

  @Test func operationsOfProductsAndConvolutions() throws {
    let sizes = ConvolutionSizes(
      input: [2, 3, 8, 8], weight: [5, 3, 3, 3], output: [2, 5, 4, 4], stride: [2, 2],
      before: [1, 1], after: [0, 0])
    #expect(sizes.flops == 2 * 2 * 5 * 4 * 4 * 3 * 3 * 3)
  }
}
