/// The part of a graph that some outputs need, inputs before what uses them; equal nodes are one, and what
/// can be computed with less is.
///
/// Which nodes have a value is read once, here: one that another thread evaluates meanwhile stays what it
/// was.
struct PlanGraph {
  /// The nodes to compute, in an order that respects dependence.
  let order: [Node]
  /// For each node in `order`, the nodes that use it.
  let users: [UInt64: [Node]]
  /// Nodes whose value somebody outside asked for.
  let outputs: Set<UInt64>
  private let representatives: [UInt64: Node]
  private let values: [UInt64: Storage]

  init(outputs: [Node]) {
    let (ancestors, values) = PlanGraph.ancestors(of: outputs)
    var representatives: [UInt64: Node] = [:]
    var known: [String: Node] = [:]
    func canonical(_ node: Node) -> Node { representatives[node.serial] ?? node }
    func inputs(_ node: Node) -> [Node] {
      values[node.serial] == nil ? node.inputs.map(canonical) : []
    }

    var distinct: [Node] = []
    for original in ancestors {
      var node = original
      if values[node.serial] == nil {
        node = canonical(
          Simplification.of(node, inputs: inputs(node)) { values[$0.serial] != nil })
        if let key = PlanGraph.key(node, inputs(node)) {
          node = known[key] ?? node
          known[key] = node
        }
      }
      if node === original || representatives[node.serial] == nil { distinct.append(node) }
      representatives[original.serial] = node
      representatives[node.serial] = node
    }

    // What was simplified away may have been the only use of other nodes.
    var needed: Set<UInt64> = []
    var pending = outputs.map(canonical)
    while let node = pending.popLast() {
      if needed.insert(node.serial).inserted { pending += inputs(node) }
    }
    order = distinct.filter { needed.contains($0.serial) }
    var users: [UInt64: [Node]] = [:]
    for node in order {
      for input in inputs(node) { users[input.serial, default: []].append(node) }
    }
    self.users = users
    self.outputs = Set(outputs.map { canonical($0).serial })
    self.representatives = representatives
    self.values = values
  }

  /// The node that stands for all nodes equal to this one.
  func canonical(_ node: Node) -> Node { representatives[node.serial] ?? node }

  /// The value of a node that had been computed when planning began.
  func value(of node: Node) -> Storage? { values[node.serial] }

  /// Every node the outputs depend on, by age (inputs are always older than their users), and the values
  /// there are.
  private static func ancestors(of outputs: [Node]) -> ([Node], values: [UInt64: Storage]) {
    var values: [UInt64: Storage] = [:]
    var seen: Set<UInt64> = []
    var found: [Node] = []
    var pending = outputs
    while let node = pending.popLast() {
      guard seen.insert(node.serial).inserted else { continue }
      found.append(node)
      if let value = node.value {
        // What has been computed already is a leaf.
        values[node.serial] = value
      } else {
        pending += node.inputs
      }
    }
    return (found.sorted { $0.serial < $1.serial }, values)
  }

  /// What nodes that compute the same have in common; `nil` for a node like no other.
  private static func key(_ node: Node, _ inputs: [Node]) -> String? {
    guard let attributes = node.primitive.attributes else { return nil }
    let operands = inputs.map { String($0.serial) }.joined(separator: ",")
    return "\(node.primitive.name)|\(attributes)|\(node.shape)|\(node.dtype.rawValue)|\(operands)"
  }
}
