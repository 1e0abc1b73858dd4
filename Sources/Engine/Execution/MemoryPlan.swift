/// Places scratch buffers in one arena so that buffers alive at the same time do not overlap.
///
/// Largest first, each at the lowest place that is free during its life: the "greedy by size" rule of
/// Pisarchyk and Lee 2020, "Efficient memory management for deep neural net inference".
struct MemoryPlan {
  /// Byte offset of each scratch buffer; 0 for the others.
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
    // A result that takes the place of its operand shares the operand's buffer.
    var owner = Array(buffers.indices)
    for (time, step) in steps.enumerated() {
      for (operand, result) in step.replaceable {
        guard case .scratch(let needed) = buffers[result.buffer],
          case .scratch(let size) = buffers[operand.buffer], size == needed,
          lives[operand.buffer]?.last == time, lives[result.buffer]?.first == time
        else { continue }
        let (kept, merged) = (owner[operand.buffer], result.buffer)
        guard owner[merged] == merged, kept != merged else { continue }
        for buffer in owner.indices where owner[buffer] == merged { owner[buffer] = kept }
        let last = lives[merged]?.last ?? time
        for buffer in owner.indices where owner[buffer] == kept { lives[buffer]?.last = last }
      }
    }
    place(buffers: buffers, owner: owner, lives: lives)
  }

  private mutating func place(buffers: [Buffer], owner: [Int], lives: [Life?]) {
    func size(_ number: Int) -> Int {
      guard case .scratch(let bytes) = buffers[number] else { return 0 }
      return (bytes + 63) & ~63
    }
    let owners = buffers.indices.filter { owner[$0] == $0 && size($0) > 0 && lives[$0] != nil }
      .sorted { (size($0), $1) > (size($1), $0) }
    var placed: [(start: Int, end: Int, life: Life)] = []
    for number in owners {
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
    for number in buffers.indices { offsets[number] = offsets[owner[number]] }
  }
}
