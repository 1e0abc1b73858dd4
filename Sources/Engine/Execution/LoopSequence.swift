import CKernels

/// Joins consecutive passes that treat the images of a batch independently, so that each image goes through
/// all of them while it is in the cache, and threads wait for each other once.
enum LoopSequence {
  // Fewer images would leave threads idle.
  private static let minimumImages = 4

  static func joined(_ steps: [Step], buffers: [Buffer]) -> [Step] {
    var result: [Step] = []
    for step in steps {
      if let last = result.last, let both = join(last, step, buffers) {
        result[result.count - 1] = both
      } else {
        result.append(step)
      }
    }
    return result.map { step in
      var step = step
      if case .loops(let loops) = step.work { step.replaceable = replaceable(loops) }
      return step
    }
  }

  private static func join(_ a: Step, _ b: Step, _ buffers: [Buffer]) -> Step? {
    guard case .loops(let before) = a.work, case .loops(let after) = b.work, let next = after.first,
      let units = next.leadUnits, units.lead >= minimumImages, next.leadAxis == 0
    else { return nil }
    for loops in before + [next] {
      guard loops.leadAxis == 0, loops.leadUnits?.lead == units.lead else { return nil }
      guard !loops.hasFolds || loops.units == loops.leadUnits else { return nil }
    }
    // What one of them writes the other may touch only within the same image.
    let written = before.flatMap(\.writes)
    let shared = before.flatMap(\.sharedResults)
    for view in next.reads + next.writes {
      for other in written where other.buffer == view.buffer {
        guard !shared.contains(view.buffer), isByImage(view, units.lead, buffers),
          isByImage(other, units.lead, buffers)
        else { return nil }
      }
    }
    for view in next.writes {
      for other in before.flatMap(\.reads) where other.buffer == view.buffer {
        guard isByImage(view, units.lead, buffers), isByImage(other, units.lead, buffers) else {
          return nil
        }
      }
    }
    return Step(
      name: a.name + " | " + b.name, reads: a.reads + b.reads, writes: a.writes + b.writes,
      work: .loops(before + [next]))
  }

  /// Whether the image at each index of axis 0 lies in that index's part of the buffer.
  private static func isByImage(_ view: View, _ images: Int, _ buffers: [Buffer]) -> Bool {
    let bytes: Int
    switch buffers[view.buffer] {
    case .scratch(let byteCount), .output(_, let byteCount): bytes = byteCount
    case .constant, .input: return false
    }
    let part = bytes / view.dtype.size / images
    guard view.sizes.first == images, view.strides[0] == part,
      part * images * view.dtype.size == bytes
    else { return false }
    var (low, high) = (view.offset, view.offset)
    for axis in view.sizes.indices.dropFirst() where view.sizes[axis] > 1 {
      let reach = view.strides[axis] * (view.sizes[axis] - 1)
      low += min(reach, 0)
      high += max(reach, 0)
    }
    return low >= 0 && high < part
  }

  /// Buffers of results so large that they leave the caches before the next step reads them.
  ///
  /// Storing past the caches saves reading what is overwritten: a third of the traffic of a pass with one
  /// operand. What takes the place of an operand overwrites what was just read.
  static func streamed(_ index: Int, of loops: [FusedLoops], _ plan: MemoryPlan) -> Set<Int> {
    let readHere = Set(loops[(index + 1)...].flatMap(\.reads).map(\.buffer))
    let stored = loops[index].results.compactMap { result -> View? in
      if case .store(let view) = result.result { view } else { nil }
    }
    return Set(
      stored.filter {
        $0.count * $0.dtype.size >= MG_STREAMED_BYTES && !readHere.contains($0.buffer)
          && !plan.isInPlace($0, in: loops[index])
      }.map(\.buffer))
  }

  /// Where a result is stored element for element in the order of an operand that no later loops read.
  private static func replaceable(_ loops: [FusedLoops]) -> [(operand: View, result: View)] {
    var pairs: [(operand: View, result: View)] = []
    for (index, current) in loops.enumerated() {
      guard current.results.count == 1, case .store(let result) = current.results[0].result else {
        continue
      }
      let others = loops[...index].flatMap(\.reads)
      let later = loops[(index + 1)...].flatMap { $0.reads + $0.writes }.map(\.buffer)
      // An earlier pass may have stored another part of the result: a pad's border.
      guard !loops[..<index].flatMap(\.writes).contains(where: { $0.buffer == result.buffer })
      else { continue }
      for operand in current.inputs
      where operand.buffer != result.buffer && operand.offset == result.offset
        && operand.sizes == result.sizes && operand.strides == result.strides
        && operand.dtype == result.dtype && !later.contains(operand.buffer)
        && others.allSatisfy({ $0.buffer != operand.buffer || $0 == operand })
      {
        pairs.append((operand, result))
      }
    }
    return pairs
  }
}

extension FusedLoops {
  /// Buffers of folds that are complete only when all units are.
  fileprivate var sharedResults: [Int] {
    results.compactMap {
      if case .fold(_, _, let into, _) = $0.result, isShared(into) { into.buffer } else { nil }
    }
  }
}

extension Step {
  /// What runs the step.
  func kernel(_ plan: MemoryPlan) -> (Memory) throws(EngineError) -> Void {
    switch work {
    case .call(let run): return run
    case .loops(let loops):
      let prepared = loops.indices.map { index in
        let current = loops[index]
        return current.prepared(
          loops.count > 1 ? current.leadUnits ?? current.units : current.units,
          streamed: LoopSequence.streamed(index, of: loops, plan))
      }
      let records = prepared.map { Optional(UnsafePointer($0.record)) }
      return { memory in
        withExtendedLifetime(prepared) {
          records.withUnsafeBufferPointer {
            mg_fused_run($0.baseAddress, Int32(records.count), memory.table)
          }
        }
      }
    }
  }
}
