/// The order of a graph's work, element-wise nodes and folds gathered into passes over memory.
///
/// A pass visits the elements of one shape once. It computes element-wise nodes from what lies in memory
/// and stores or folds (sums, maxima) some of them. Three rules make the passes:
///
/// 1. A node whose users are all in one pass is computed there and never stored.
/// 2. A cheap node with users in several passes is computed in each of them where that reads no more than
///    loading its stored value would.
/// 3. Passes that read the same memory, or one the other's result, become one pass where the order of the
///    graph lets them.
struct Fusion {
  /// One visit of all elements of a shape.
  struct Pass {
    /// What is computed, inputs before what uses them.
    var members: [Node]
    /// What is kept: element-wise members are stored, ``Reduce`` nodes hold folds.
    var results: [Node]
    let isDouble: Bool
  }

  enum Item {
    /// A node that runs by itself.
    case node(Node)
    case pass(Pass)
  }

  /// Everything to run, in order. Views are left out: they are made where they are read.
  let schedule: [Item]

  init(_ graph: PlanGraph) {
    var passes = PassBuilder(graph)
    passes.assign()
    passes.merge()
    schedule = passes.schedule()
  }

  static func isPointwise(_ node: Node) -> Bool {
    node.primitive is Pointwise || node.primitive is Cast
  }

  static func isFold(_ node: Node) -> Bool { node.primitive is Reduce }

  /// Int32 values are exact only in Double.
  static func worksInDouble(_ node: Node) -> Bool {
    (node.inputs.map(\.dtype) + [node.dtype]).contains { $0 == .float64 || $0 == .int32 }
  }
}

/// Builds the passes of a graph.
private struct PassBuilder {
  private struct Group {
    var members: Set<UInt64>
    /// What is read from memory, numbers known beforehand among it.
    var leaves: Set<UInt64>
    var results: [Node]
    let shape: Shape
    let isDouble: Bool
    /// Where in the order of the graph the pass runs.
    var position: Int
  }

  // A pass's registers and instructions fit the kernel's tables.
  private static let maximumSize = 60
  private static let maximumResults = 10
  // Passes further apart than this many nodes are left apart: what they store would live long.
  private static let window = 400
  /// What may be computed again instead of loaded, in cheap instructions.
  private static let cheapWork = 20

  private let graph: PlanGraph
  private let indexOf: [UInt64: Int]
  /// Work and full-size operands of the expression a node stands for.
  private var expressions: [UInt64: (work: Int, leaves: Set<UInt64>)] = [:]
  /// The groups a node is computed in.
  private var groupsOf: [UInt64: [Int]] = [:]
  /// The group whose result a node is.
  private var groupStoring: [UInt64: Int] = [:]
  private var groups: [Group?] = []

  init(_ graph: PlanGraph) {
    self.graph = graph
    var indexOf: [UInt64: Int] = [:]
    for (index, node) in graph.order.enumerated() { indexOf[node.serial] = index }
    self.indexOf = indexOf
    for node in graph.order where isFusable(node) && Fusion.isPointwise(node) { describe(node) }
  }

  /// Whether a node is computed inside passes.
  private func isFusable(_ node: Node) -> Bool {
    graph.value(of: node) == nil && (Fusion.isPointwise(node) || Fusion.isFold(node))
  }

  private func inputs(_ node: Node) -> [Node] { node.inputs.map { graph.canonical($0) } }

  private func space(_ node: Node) -> Shape {
    Fusion.isFold(node) ? node.inputs[0].shape : node.shape
  }

  private func isSameSpace(_ a: Node, _ b: Node) -> Bool {
    space(a) == space(b) && Fusion.worksInDouble(a) == Fusion.worksInDouble(b)
  }

  // MARK: Rule 2: what is cheap

  private mutating func describe(_ node: Node) {
    var work = PassBuilder.work(node)
    var leaves: Set<UInt64> = []
    for input in inputs(node) where Tensor(input).literal == nil {
      if let inner = expressionInside(node, from: input) {
        work += inner.work
        leaves.formUnion(inner.leaves)
      } else if !isSmall(input) {
        leaves.insert(input.serial)
      }
    }
    expressions[node.serial] = (work, leaves)
  }

  /// What an operand stands for where it is cheap enough to be part of the expression of its user.
  private func expressionInside(_ user: Node, from input: Node) -> (
    work: Int, leaves: Set<UInt64>
  )? {
    guard let inner = expressions[input.serial], isSameSpace(input, user),
      inner.leaves.count <= 1, inner.work <= PassBuilder.cheapWork
    else { return nil }
    return inner
  }

  /// Rough costs: an addition is 1.
  private static func work(_ node: Node) -> Int {
    guard let operation = (node.primitive as? Pointwise)?.operation else { return 1 }
    switch operation.name {
    case "exp", "log", "log1p", "tanh", "sigmoid", "softplus": return 8
    case "sqrt", "divide", "reciprocal": return 3
    case "sin", "cos", "pow", "floor", "round", "erf", "atan2": return 16
    default: return 1
    }
  }

  /// A few numbers spread over a large shape cost nothing to read.
  private func isSmall(_ node: Node) -> Bool {
    if Tensor(node).literal != nil { return true }
    var source = node
    while graph.value(of: source) == nil, source.role == .broadcast || source.role == .reshape {
      source = source.inputs[0]
    }
    return source.shape.count * 8 <= node.shape.count
  }

  // MARK: Rules 1 and 2: which passes compute a node

  mutating func assign() {
    for node in graph.order.reversed() where isFusable(node) {
      let targets = Fusion.isFold(node) ? [] : joinable(node)
      if targets.isEmpty {
        groupsOf[node.serial] = [groups.count]
        groupStoring[node.serial] = groups.count
        groups.append(
          Group(
            members: [node.serial], leaves: Set(inputs(node).map(\.serial)), results: [node],
            shape: space(node), isDouble: Fusion.worksInDouble(node),
            position: indexOf[node.serial] ?? 0))
      } else {
        groupsOf[node.serial] = targets
        let operands = inputs(node).map(\.serial)
        for group in targets {
          groups[group]?.members.insert(node.serial)
          groups[group]?.leaves.remove(node.serial)
          groups[group]?.leaves.formUnion(operands)
        }
      }
    }
  }

  /// The groups that may compute the node, if then nobody else needs its value.
  private func joinable(_ node: Node) -> [Int] {
    guard !graph.outputs.contains(node.serial), let users = graph.users[node.serial],
      PassBuilder.staysTheSame(node),
      users.allSatisfy({ isFusable($0) && isSameSpace($0, node) })
    else { return [] }
    let targets = Array(Set(users.flatMap { groupsOf[$0.serial] ?? [] })).sorted()
    guard targets.allSatisfy({ fits(inputs(node), in: $0, leaving: node) }) else { return [] }
    if targets.count == 1 { return targets }
    guard let expression = expressions[node.serial], expression.work <= PassBuilder.cheapWork,
      targets.allSatisfy({ readsNoMore(expression.leaves, in: $0) }), repays(node, targets)
    else { return [] }
    return targets
  }

  /// Whether computing a node from these in a group reads at most one operand more: as loading it would.
  private func readsNoMore(_ leaves: Set<UInt64>, in index: Int) -> Bool {
    guard let group = groups[index] else { return false }
    return leaves.subtracting(group.leaves).subtracting(group.members).count <= 1
  }

  /// Storing as Int32 or Bool, or as Float32 out of Double, changes the value.
  private static func staysTheSame(_ node: Node) -> Bool {
    if node.dtype == .int32 { return false }
    if let cast = node.primitive as? Cast { return cast.target == .float64 }
    return true
  }

  /// A mask takes a quarter of the memory of what it is made of: it is made again only where that is read
  /// anyway.
  private func repays(_ node: Node, _ targets: [Int]) -> Bool {
    guard node.dtype == .bool else { return true }
    var pending = inputs(node)
    var seen: Set<UInt64> = []
    while let source = pending.popLast() {
      guard seen.insert(source.serial).inserted else { continue }
      let others = (graph.users[source.serial] ?? []).filter { $0.serial != node.serial }
      let readers = Set(others.flatMap { groupsOf[$0.serial] ?? [] })
      if targets.allSatisfy(readers.contains) { return true }
      if expressionInside(node, from: source) != nil { pending += inputs(source) }
    }
    return false
  }

  private func fits(_ inputs: [Node], in index: Int, leaving node: Node) -> Bool {
    guard let group = groups[index] else { return false }
    let leaves = group.leaves.subtracting([node.serial]).union(inputs.map(\.serial))
    return group.members.count + 1 + leaves.count <= PassBuilder.maximumSize
  }

  // MARK: Rule 3: which passes become one

  mutating func merge() {
    var readers: [UInt64: [Int]] = [:]
    let order = groups.indices.sorted { (groups[$0]?.position ?? 0) < (groups[$1]?.position ?? 0) }
    for index in order {
      guard let group = groups[index] else { continue }
      var candidates: Set<Int> = []
      for leaf in group.leaves {
        if let producer = groupStoring[leaf] { candidates.insert(producer) }
        if let node = nodeOf(leaf), !isSmall(node) || node.shape == group.shape {
          candidates.formUnion(readers[leaf] ?? [])
        }
      }
      candidates.remove(index)
      var current = index
      for other in candidates.sorted(by: >) where groups[other] != nil {
        if let merged = join(other, current) { current = merged }
      }
      for leaf in groups[current]?.leaves ?? [] { readers[leaf, default: []].append(current) }
    }
  }

  private func nodeOf(_ serial: UInt64) -> Node? { indexOf[serial].map { graph.order[$0] } }

  /// Makes one pass of two, at the earlier or the later place; `nil` where neither will do.
  private mutating func join(_ first: Int, _ second: Int) -> Int? {
    guard let a = groups[first], let b = groups[second], a.shape == b.shape,
      a.isDouble == b.isDouble, abs(a.position - b.position) <= PassBuilder.window,
      a.results.count + b.results.count <= PassBuilder.maximumResults
    else { return nil }
    let (early, late) = a.position < b.position ? (a, b) : (b, a)
    // A fold's value is there only after the pass, and a converted one only in memory.
    let final = Set(
      (early.results + late.results).filter {
        Fusion.isFold($0) || !PassBuilder.staysTheSame($0)
      }.map(\.serial))
    guard early.leaves.isDisjoint(with: final), late.leaves.isDisjoint(with: final) else {
      return nil
    }
    let members = a.members.union(b.members)
    let leaves = a.leaves.union(b.leaves).subtracting(members)
    guard members.count + leaves.count <= PassBuilder.maximumSize else { return nil }
    let position: Int
    if isReady(late, at: early.position, inside: members) {
      position = early.position
    } else if isUnused(
      a.position < b.position ? first : second, before: late.position,
      partner: a.position < b.position ? second : first)
    {
      position = late.position
    } else {
      return nil
    }
    groups[second] = nil
    for serial in b.members {
      groupsOf[serial] = Array(Set((groupsOf[serial] ?? []).map { $0 == second ? first : $0 }))
    }
    for result in b.results { groupStoring[result.serial] = first }
    var merged = a
    merged.members = members
    merged.leaves = leaves
    merged.position = position
    merged.results = (a.results + b.results).filter { result in
      let isNeeded =
        Fusion.isFold(result) || graph.outputs.contains(result.serial)
        || (graph.users[result.serial] ?? []).contains { (groupsOf[$0.serial] ?? []) != [first] }
      if !isNeeded { groupStoring[result.serial] = nil }
      return isNeeded
    }
    groups[first] = merged
    return first
  }

  /// Whether all that a group reads is there at an earlier place.
  private func isReady(_ group: Group, at position: Int, inside members: Set<UInt64>) -> Bool {
    group.leaves.allSatisfy { members.contains($0) || availability(of: $0) < position }
  }

  /// Whether nobody uses a group's results before a later place, where `partner` runs, but the two groups.
  private func isUnused(_ index: Int, before position: Int, partner: Int) -> Bool {
    guard let group = groups[index] else { return false }
    return group.results.allSatisfy { isUnused($0, before: position, exceptIn: [index, partner]) }
  }

  private func isUnused(_ node: Node, before position: Int, exceptIn exempt: [Int]) -> Bool {
    (graph.users[node.serial] ?? []).allSatisfy { user in
      if let computing = groupsOf[user.serial] {
        return computing.allSatisfy {
          exempt.contains($0) || (groups[$0]?.position ?? .max) > position
        }
      }
      // A view of the result is read by whoever reads the view, who needs the whole of it.
      return user.primitive is any ViewPrimitive
        ? isUnused(user, before: position, exceptIn: [])
        : (indexOf[user.serial] ?? 0) > position
    }
  }

  /// The place after which a value can be read.
  private func availability(of serial: UInt64) -> Int {
    guard let node = nodeOf(serial), graph.value(of: node) == nil else { return -1 }
    if let storing = groupStoring[serial] { return groups[storing]?.position ?? 0 }
    if node.primitive is Placeholder || node.primitive is Literal { return -1 }
    guard node.primitive is any ViewPrimitive else { return indexOf[serial] ?? 0 }
    return inputs(node).map { availability(of: $0.serial) }.max() ?? -1
  }

  // MARK: The result

  func schedule() -> [Fusion.Item] {
    var items: [(position: Int, item: Fusion.Item)] = []
    for (index, node) in graph.order.enumerated()
    where !isFusable(node) && !(node.primitive is any ViewPrimitive) {
      items.append((index, .node(node)))
    }
    for case let group? in groups {
      let members = group.members.compactMap(nodeOf).sorted { $0.serial < $1.serial }
      items.append(
        (
          group.position,
          .pass(
            Fusion.Pass(
              members: members,
              results: group.results.sorted { $0.serial < $1.serial }, isDouble: group.isDouble))
        ))
    }
    return items.sorted { $0.position < $1.position }.map(\.item)
  }
}
