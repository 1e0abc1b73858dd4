/// The part of a graph that some outputs need, equal nodes merged, inputs before what uses them.
struct PlanGraph {
  /// The nodes to compute, in an order that respects dependence.
  let order: [Node]
  /// For each node in `order`, the nodes that use it.
  let users: [UInt64: [Node]]
  /// Nodes whose value somebody outside asked for.
  let outputs: Set<UInt64>
  private let representatives: [UInt64: Node]

  init(outputs: [Node]) {
    var order: [Node] = []
    var users: [UInt64: [Node]] = [:]
    var representatives: [UInt64: Node] = [:]
    var known: [String: Node] = [:]
    for node in PlanGraph.ancestors(of: outputs) {
      let inputs = node.value == nil ? node.inputs.map { representatives[$0.serial] ?? $0 } : []
      if let key = PlanGraph.key(node, inputs) {
        if let twin = known[key] {
          representatives[node.serial] = twin
          continue
        }
        known[key] = node
      }
      representatives[node.serial] = node
      for input in inputs { users[input.serial, default: []].append(node) }
      order.append(node)
    }
    self.order = order
    self.users = users
    self.representatives = representatives
    self.outputs = Set(outputs.map { representatives[$0.serial]?.serial ?? $0.serial })
  }

  func canonical(_ node: Node) -> Node { representatives[node.serial] ?? node }

  /// Every node the outputs depend on, by age: inputs are always older than their users.
  private static func ancestors(of outputs: [Node]) -> [Node] {
    var seen: Set<UInt64> = []
    var found: [Node] = []
    var pending = outputs
    while let node = pending.popLast() {
      guard seen.insert(node.serial).inserted else { continue }
      found.append(node)
      // What has been computed already is a leaf.
      if node.value == nil { pending += node.inputs }
    }
    return found.sorted { $0.serial < $1.serial }
  }

  private static func key(_ node: Node, _ inputs: [Node]) -> String? {
    guard node.value == nil, let attributes = node.primitive.attributes else { return nil }
    let operands = inputs.map { String($0.serial) }.joined(separator: ",")
    return "\(node.primitive.name)|\(attributes)|\(node.shape)|\(node.dtype.rawValue)|\(operands)"
  }
}
