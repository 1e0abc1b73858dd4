/// Which element-wise nodes are computed together, in one pass over memory.
///
/// A node joins the group of its users when all of them are in one group: its value then never needs to
/// be stored. Every group has one result, so no group can wait for itself.
struct PointwiseGroups {
  private struct Group {
    var members: [Node]
    var leaves: Set<UInt64>
    let shape: Shape
    let isDouble: Bool
  }

  // Within what a program of the kernel can hold.
  private static let maximumMembers = 28
  private static let maximumLeaves = 20

  private var groupOf: [UInt64: Int] = [:]
  private var groups: [Group] = []

  init(_ graph: PlanGraph) {
    for node in graph.order.reversed() where PointwiseGroups.isPointwise(node) {
      let inputs = node.inputs.map { graph.canonical($0) }
      if let group = joinable(node, graph), fits(inputs, in: group, leaving: node) {
        groups[group].members.append(node)
        groups[group].leaves.remove(node.serial)
        groups[group].leaves.formUnion(inputs.map(\.serial))
        groupOf[node.serial] = group
      } else {
        groupOf[node.serial] = groups.count
        groups.append(
          Group(
            members: [node], leaves: Set(inputs.map(\.serial)), shape: node.shape,
            isDouble: PointwiseGroups.worksInDouble(node)))
      }
    }
  }

  /// Whether the node is computed inside somebody else's step.
  func isInner(_ node: Node) -> Bool {
    guard let group = groupOf[node.serial] else { return false }
    return groups[group].members[0].serial != node.serial
  }

  /// The nodes computed together with this one, itself last.
  func members(of root: Node) -> [Node] {
    guard let group = groupOf[root.serial] else { return [root] }
    return groups[group].members.sorted { $0.serial < $1.serial }
  }

  /// The group that all users of the node are in, if the node may be computed there.
  private func joinable(_ node: Node, _ graph: PlanGraph) -> Int? {
    guard !graph.outputs.contains(node.serial), let users = graph.users[node.serial],
      let first = users.first, let group = groupOf[first.serial],
      users.allSatisfy({ groupOf[$0.serial] == group })
    else { return nil }
    // Storing as Int32 or Bool, or as Float32 out of Double, changes the value.
    if node.dtype == .int32 { return nil }
    if let cast = node.primitive as? Cast, cast.target != .float64 { return nil }
    let matches =
      groups[group].shape == node.shape
      && groups[group].isDouble == PointwiseGroups.worksInDouble(node)
    return matches ? group : nil
  }

  private func fits(_ inputs: [Node], in group: Int, leaving node: Node) -> Bool {
    let leaves = groups[group].leaves.subtracting([node.serial]).union(inputs.map(\.serial))
    return groups[group].members.count < PointwiseGroups.maximumMembers
      && leaves.count <= PointwiseGroups.maximumLeaves
  }

  static func isPointwise(_ node: Node) -> Bool {
    node.value == nil && (node.primitive is Pointwise || node.primitive is Cast)
  }

  /// Int32 values are exact only in Double.
  static func worksInDouble(_ node: Node) -> Bool {
    (node.inputs.map(\.dtype) + [node.dtype]).contains { $0 == .float64 || $0 == .int32 }
  }
}
