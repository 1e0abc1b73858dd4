/// Passes its input on and stops gradients.
struct StopGradient: ViewPrimitive {
  let name = "stop gradient"
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [nil] }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.define(node, as: planner.view(of: node.inputs[0]))
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    inputs[0]
  }
}

/// Passes its first input on; its gradient with respect to the others is what somebody else states.
struct CustomGradient: ViewPrimitive {
  let name = "custom gradient"
  /// Its rule is a closure, which no key can tell from another.
  var attributes: String? { nil }
  let rule: @Sendable (_ output: Tensor, _ cotangent: Tensor) throws -> [Tensor]
  /// The inputs the rule was written for; a copy of the graph has others in their place.
  let inputSerials: [UInt64]

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let gradients: [Tensor]
    do {
      gradients = try rule(context.output, context.cotangent)
    } catch let error as EngineError {
      throw error
    } catch {
      throw .custom(error)
    }
    let inputs = context.inputs.dropFirst()
    guard gradients.count == inputs.count else {
      throw .invalidArgument(
        op: name, argument: "gradients", expected: "\(inputs.count), one for each input",
        got: "\(gradients.count)")
    }
    for (gradient, input) in zip(gradients, inputs) where gradient.shape != input.shape {
      throw .shapeMismatch(op: name, lhs: input.shape, rhs: gradient.shape)
    }
    var result: [Tensor?] = [nil]
    for (gradient, input) in zip(gradients, inputs) {
      result.append(try moved(gradient, to: Array(inputs)).cast(to: input.dtype))
    }
    return result
  }
  /// The gradient as computed from the inputs there are, where the rule has used those it was written for.
  private func moved(_ gradient: Tensor, to inputs: [Tensor]) -> Tensor {
    let changed = zip(inputSerials, inputs).filter { $0 != $1.node.serial }
    if changed.isEmpty { return gradient }
    let path = dependents(of: Set(changed.map(\.0)), upTo: gradient.node)
    let used = changed.compactMap { serial, input in path[serial].map { (Tensor($0), input) } }
    return Subgraph(from: used.map(\.0), to: gradient).applied(to: used.map(\.1))
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.define(node, as: planner.view(of: node.inputs[0]))
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    inputs[0]
  }
}

extension Tensor {
  /// The same value as a constant to differentiation.
  public func stoppingGradient() throws(EngineError) -> Tensor {
    Tensor(Node(StopGradient(), [node], shape: shape, dtype: dtype))
  }
}

/// A value with a gradient of one's own.
///
/// - Parameters:
///   - value: the result; nothing is differentiated through how it was computed.
///   - inputs: what the result is a function of.
///   - vjp: from the cotangent of the result the cotangents of `inputs`, in their order and shapes.
/// - Returns: a tensor equal to `value`.
public func customGradient(
  value: Tensor, inputs: [Tensor], vjp: @escaping @Sendable (Tensor) throws -> [Tensor]
) throws(EngineError) -> Tensor {
  try customGradient(value: value, inputs: inputs) { _, cotangent in try vjp(cotangent) }
}

/// A value with a gradient that is stated in terms of the value.
///
/// - Parameters:
///   - value: the result; nothing is differentiated through how it was computed.
///   - inputs: what the result is a function of.
///   - vjp: from the result, as the function of `inputs` it is, and its cotangent the cotangents of
///     `inputs`. A rule that used `value` itself would take it for a constant when it is differentiated.
/// - Returns: a tensor equal to `value`.
public func customGradient(
  value: Tensor, inputs: [Tensor],
  vjp: @escaping @Sendable (_ output: Tensor, _ cotangent: Tensor) throws -> [Tensor]
) throws(EngineError) -> Tensor {
  Tensor(
    Node(
      CustomGradient(rule: vjp, inputSerials: inputs.map(\.node.serial)),
      NodeInputs([value.node] + inputs.map(\.node)), shape: value.shape,
      dtype: value.dtype))
}
