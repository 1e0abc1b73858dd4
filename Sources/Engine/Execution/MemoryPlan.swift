/// Places scratch buffers in one arena so that buffers alive at the same time do not overlap, or in the
/// memory of an output that takes their place.
///
/// Largest first, each at the lowest place that is free during its life: the "greedy by size" rule of
/// Pisarchyk and Lee 2020, "Efficient memory management for deep neural net inference".
struct MemoryPlan {
  /// The buffer in whose memory each buffer lies: mostly itself.
  private(set) var owners: [Int]
  /// Byte offset in the arena of each scratch buffer that lies in memory of its own; 0 for the others.
  private(set) var offsets: [Int]
  private(set) var byteCount = 0

  private struct Life {
    var first: Int
    var last: Int
  }

  init(steps: [Step], buffers: [Buffer]) {
    offsets = [Int](repeating: 0, count: buffers.count)
    var lives = [Life?](repeating: nil, count: buffers.count)
    for (time, step) in steps.enumerated() {
      for buffer in step.reads.map(\.buffer) + step.writes.map(\.buffer) {
        lives[buffer] = Life(first: lives[buffer]?.first ?? time, last: time)
      }
    }
    owners = Array(buffers.indices)
    for (time, step) in steps.enumerated() {
      for (operand, result) in step.replaceable {
        guard case .scratch(let size) = buffers[operand.buffer],
          let needed = buffers[result.buffer].writtenByteCount, size == needed,
          lives[operand.buffer]?.last == time, lives[result.buffer]?.first == time,
          isAlone(result.buffer)
        else { continue }
        join(operand.buffer, result.buffer, buffers: buffers, lives: &lives)
      }
    }
    place(buffers: buffers, lives: lives)
  }

  /// Lets an operand and the result that takes its place share the operand's memory, or an output's.
  private mutating func join(
    _ operand: Int, _ result: Int, buffers: [Buffer], lives: inout [Life?]
  ) {
    var last = lives[result]?.last ?? 0
    var (kept, merged) = (owners[operand], result)
    if case .output = buffers[result] {
      (kept, merged) = (result, kept)
      // It is the caller's: nothing may take its place.
      last = .max
    }
    for buffer in owners.indices where owners[buffer] == merged { owners[buffer] = kept }
    for buffer in owners.indices where owners[buffer] == kept { lives[buffer]?.last = last }
  }

  /// Whether a buffer shares its memory with no other.
  private func isAlone(_ buffer: Int) -> Bool {
    owners.indices.allSatisfy { ($0 == buffer) == (owners[$0] == buffer) }
  }

  /// Whether a result is written where an operand of the same loops lies.
  func isInPlace(_ result: View, in loops: FusedLoops) -> Bool {
    loops.inputs.contains { owners[$0.buffer] == owners[result.buffer] }
  }

  private mutating func place(buffers: [Buffer], lives: [Life?]) {
    func size(_ number: Int) -> Int {
      guard case .scratch(let bytes) = buffers[number] else { return 0 }
      return (bytes + 63) & ~63
    }
    let placeable = buffers.indices.filter {
      owners[$0] == $0 && size($0) > 0 && lives[$0] != nil
    }
    .sorted { (size($0), $1) > (size($1), $0) }
    var placed: [(start: Int, end: Int, life: Life)] = []
    for number in placeable {
      guard let life = lives[number] else { continue }
      var start = 0
      for other in placed.filter({ $0.life.first <= life.last && life.first <= $0.life.last })
        .sorted(by: { $0.start < $1.start })
      {
        if start + size(number) <= other.start { break }
        start = max(start, other.end)
      }
      offsets[number] = start
      placed.append((start, start + size(number), life))
      byteCount = max(byteCount, start + size(number))
    }
  }
}

extension Buffer {
  /// Size of what steps write.
  fileprivate var writtenByteCount: Int? {
    switch self {
    case .scratch(let bytes), .output(_, let bytes): bytes
    case .constant, .input: nil
    }
  }
}
