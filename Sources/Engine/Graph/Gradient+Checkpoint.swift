/// Passes its first input on; backwards, computes it again from the other inputs instead of keeping what was
/// between.
///
/// Its inputs are the result, the nodes the computation starts from, and the values these have; being inputs,
/// all three are followed when a graph around it is copied.
private struct Checkpoint: ViewPrimitive {
  /// How many nodes the computation starts from.
  let sourceCount: Int
  let name = "checkpoint"
  var attributes: String? { nil }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let sources = Array(context.inputs[1...sourceCount])
    let computation = Subgraph(from: sources, to: context.inputs[0])
    let values = context.inputs[(1 + sourceCount)...].map { $0.barrier() }
    let slopes = try Engine.vjp(
      of: computation.applied(to: values), cotangent: context.cotangent,
      withRespectTo: values.filter { $0.dtype.isFloating })
    var floating = slopes.makeIterator()
    return [Tensor?](repeating: nil, count: 1 + sourceCount)
      + values.map { $0.dtype.isFloating ? floating.next() : nil }
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.define(node, as: planner.view(of: node.inputs[0]))
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    inputs[0]
  }
}

/// A computation whose intermediate values are not kept for the gradient but computed again when it is
/// needed: less memory, about one more forward pass.
///
/// Gradients reach everything the function uses, its arguments and what it captures.
///
/// - Parameters:
///   - inputs: the function's arguments.
///   - function: called once; what it builds is what is computed again.
/// - Returns: the function's result.
public func checkpoint<Failure: Error>(
  _ inputs: [Tensor], _ function: ([Tensor]) throws(Failure) -> Tensor
) throws(Failure) -> Tensor {
  let arguments = inputs.map { $0.barrier() }
  let result = try function(arguments)
  let computation = Subgraph(from: arguments, to: result)
  if computation.isConstant { return result }
  // Arguments the result does not depend on are left out: their gradient is zero.
  let used = dependents(of: Set(arguments.map(\.node.serial)), upTo: result.node)
  let pairs = zip(arguments, inputs).filter { used[$0.0.node.serial] != nil }
  // Barriers, which nothing else uses, and what is captured, which is its own value.
  let captured = Subgraph(from: pairs.map(\.0), to: result).captured
  let sources = pairs.map(\.0.node) + captured
  return Tensor(
    Node(
      Checkpoint(sourceCount: sources.count),
      NodeInputs([result.node] + sources + pairs.map(\.1.node) + captured),
      shape: result.shape, dtype: result.dtype))
}
