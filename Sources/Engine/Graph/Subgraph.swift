/// Passes its input on, as a node like no other: what is computed from it is not merged with what is computed
/// from the input itself.
struct Barrier: ViewPrimitive {
  let name = "barrier"
  var attributes: String? { nil }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [context.cotangent] }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.define(node, as: planner.view(of: node.inputs[0]))
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    inputs[0]
  }
}

extension Tensor {
  func barrier() -> Tensor { Tensor(Node(Barrier(), [node], shape: shape, dtype: dtype)) }
}

/// The part of a graph between some nodes and what was computed from them: a function that can be applied
/// again.
struct Subgraph: Sendable {
  /// What the function is of.
  let arguments: [Node]
  /// What else it reads: values made outside that do not depend on the arguments; numbers that nobody can
  /// ask a gradient for stay part of the function.
  let captured: [Node]
  let result: Node
  /// The nodes in between, oldest first, the result last; none if the result does not depend on the
  /// arguments.
  private let inner: [Node]

  init(from arguments: [Tensor], to result: Tensor) {
    self.arguments = arguments.map(\.node)
    self.result = result.node
    let targets = Set(arguments.map(\.node.serial))
    let path = dependents(of: targets, upTo: result.node)
    inner = path.values.filter { !targets.contains($0.serial) }.sorted { $0.serial < $1.serial }
    var seen = targets.union(path.keys)
    var captured: [Node] = []
    for input in inner.flatMap(\.inputs)
    where seen.insert(input.serial).inserted && Tensor(input).number == nil {
      captured.append(input)
    }
    self.captured = captured
  }

  /// Whether the result depends on the arguments at all.
  var isConstant: Bool { inner.isEmpty && !arguments.contains { $0 === result } }

  /// The same computation on other values, given for the arguments and then for what is captured.
  func applied(to values: [Tensor]) -> Tensor {
    var copies: [UInt64: Node] = [:]
    for (node, value) in zip(arguments + captured, values) { copies[node.serial] = value.node }
    for node in inner {
      copies[node.serial] = Node(
        node.primitive, NodeInputs(node.inputs.map { copies[$0.serial] ?? $0 }),
        shape: node.shape, dtype: node.dtype)
    }
    return Tensor(copies[result.serial] ?? result)
  }
}
