/// What a node is computed from: mostly one or two nodes, which then cost no memory of their own.
enum NodeInputs: RandomAccessCollection, ExpressibleByArrayLiteral {
  case none
  case one(Node)
  case two(Node, Node)
  case many([Node])

  init(_ nodes: [Node]) {
    switch nodes.count {
    case 0: self = .none
    case 1: self = .one(nodes[0])
    case 2: self = .two(nodes[0], nodes[1])
    default: self = .many(nodes)
    }
  }

  init(arrayLiteral elements: Node...) { self.init(elements) }

  var startIndex: Int { 0 }

  var endIndex: Int {
    switch self {
    case .none: 0
    case .one: 1
    case .two: 2
    case .many(let nodes): nodes.count
    }
  }

  subscript(position: Int) -> Node {
    switch self {
    case .one(let node) where position == 0: return node
    case .two(let first, let second) where position < 2: return position == 0 ? first : second
    case .many(let nodes): return nodes[position]
    default: preconditionFailure("input \(position) of \(count)")
    }
  }
}
