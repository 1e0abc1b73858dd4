import Synchronization

/// Plans of graphs that were evaluated before, by structure: the same operations on other values run without
/// being planned again.
final class PlanCache: Sendable {
  static let shared = PlanCache()

  private struct Entry {
    let plan: Plan
    var lastUse: UInt64
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var clock: UInt64 = 0
  }

  /// Plans that are kept, and bytes of working memory of each: what a longer sequence of steps needs
  /// belongs in a ``Program``.
  private let capacity: Int
  private let largest: Int
  private let state = Mutex(State())

  init(capacity: Int = 64, largest: Int = 1 << 22) {
    self.capacity = capacity
    self.largest = largest
  }

  /// A plan of `outputs` and the values it takes.
  func plan(outputs: [Node]) throws(EngineError) -> (plan: Plan, values: [Storage]) {
    let graph = PlanGraph(outputs: outputs)
    guard let signature = graph.signature(outputs: outputs) else {
      return (try Planner.plan(graph, outputs: outputs), [])
    }
    let values = signature.leaves.compactMap { graph.value(of: $0) }
    let known = state.withLock { state -> Plan? in
      state.clock += 1
      state.entries[signature.key]?.lastUse = state.clock
      return state.entries[signature.key]?.plan
    }
    if let known { return (known, values) }
    let plan = try Planner.plan(graph, outputs: outputs, inputs: signature.leaves)
    if plan.scratchByteCount <= largest {
      state.withLock { state in
        if state.entries.count >= capacity,
          let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
          state.entries[oldest.key] = nil
        }
        state.entries[signature.key] = Entry(plan: plan, lastUse: state.clock)
      }
    }
    return (plan, values)
  }
}

extension PlanGraph {
  /// What the graph computes from which leaves, apart from their values; `nil` where a node cannot be told
  /// from others of its kind.
  func signature(outputs: [Node]) -> (key: String, leaves: [Node])? {
    var numbers: [UInt64: Int] = [:]
    var leaves: [Node] = []
    var key = ""
    for (number, node) in order.enumerated() {
      numbers[node.serial] = number
      if value(of: node) != nil {
        leaves.append(node)
        key += "leaf"
      } else {
        guard let attributes = node.primitive.attributes else { return nil }
        key += "\(node.primitive.name)|\(attributes)|"
        for input in node.inputs { key += "\(numbers[canonical(input).serial] ?? -1)," }
      }
      key += "|\(node.shape)|\(node.dtype.rawValue)\n"
    }
    for output in outputs { key += "\(numbers[canonical(output).serial] ?? -1)," }
    return (key, leaves)
  }
}
