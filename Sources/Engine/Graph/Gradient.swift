/// Gradients of a scalar.
///
/// The result is a graph like any other: it can be differentiated again.
///
/// - Parameters:
///   - output: a floating tensor with one element.
///   - inputs: floating tensors `output` was computed from.
/// - Returns: one tensor for each input, of its shape; zeros where `output` does not depend on it.
/// - Throws: ``EngineError/noGradient(op:reason:)`` where an operation on the way has none.
public func gradient(of output: Tensor, withRespectTo inputs: [Tensor]) throws(EngineError)
  -> [Tensor]
{
  guard output.count == 1 else {
    throw .invalidArgument(
      op: "gradient", argument: "output", expected: "a single number (sum it, or use vjp)",
      got: "shape \(output.shape)")
  }
  return try vjp(
    of: output, cotangent: .ones(output.shape, dtype: output.dtype), withRespectTo: inputs)
}

/// Vector-Jacobian products: the gradient of `Σ output · cotangent` with respect to each input.
///
/// - Parameters:
///   - output: a floating tensor.
///   - cotangent: same shape and dtype as `output`.
///   - inputs: floating tensors `output` was computed from.
/// - Returns: one tensor for each input, of its shape; zeros where `output` does not depend on it.
public func vjp(of output: Tensor, cotangent: Tensor, withRespectTo inputs: [Tensor])
  throws(EngineError) -> [Tensor]
{
  for tensor in [output] + inputs where !tensor.dtype.isFloating {
    throw .dtypeMismatch(op: "gradient", expected: "floating tensors", got: tensor.dtype)
  }
  guard cotangent.shape == output.shape else {
    throw .shapeMismatch(op: "vjp", lhs: output.shape, rhs: cotangent.shape)
  }
  guard cotangent.dtype == output.dtype else {
    throw .dtypeMismatch(op: "vjp", expected: output.dtype.rawValue, got: cotangent.dtype)
  }
  let targets = Set(inputs.map(\.node.serial))
  let path = dependents(of: targets, upTo: output.node)
  var cotangents: [UInt64: Tensor] = [:]
  if path.keys.contains(output.node.serial) { cotangents[output.node.serial] = cotangent }
  for node in path.values.sorted(by: { $0.serial > $1.serial }) {
    guard let cotangent = cotangents[node.serial], !node.inputs.isEmpty else { continue }
    let needs = node.inputs.map { path[$0.serial] != nil && $0.dtype.isFloating }
    guard needs.contains(true) else { continue }
    let context = GradientContext(
      inputs: node.inputs.map { Tensor($0) }, output: Tensor(node), cotangent: cotangent,
      needs: needs)
    let contributions = try node.primitive.vjp(context)
    for (index, input) in node.inputs.enumerated() where needs[index] {
      guard let contribution = contributions[index] else { continue }
      if let sum = cotangents[input.serial] {
        cotangents[input.serial] = try sum + contribution
      } else {
        cotangents[input.serial] = contribution
      }
    }
  }
  return inputs.map { cotangents[$0.node.serial] ?? .zeros($0.shape, dtype: $0.dtype) }
}

/// The nodes between the targets and the output: those that depend on a target, targets included.
func dependents(of targets: Set<UInt64>, upTo output: Node) -> [UInt64: Node] {
  guard let oldest = targets.min() else { return [:] }
  var ancestors: [UInt64: Node] = [:]
  var pending = [output]
  while let node = pending.popLast() {
    // Nothing older than every target can depend on one.
    guard node.serial >= oldest, ancestors[node.serial] == nil else { continue }
    ancestors[node.serial] = node
    pending += node.inputs
  }
  var path: [UInt64: Node] = [:]
  for node in ancestors.values.sorted(by: { $0.serial < $1.serial })
  where targets.contains(node.serial) || node.inputs.contains(where: { path[$0.serial] != nil }) {
    path[node.serial] = node
  }
  return path
}
