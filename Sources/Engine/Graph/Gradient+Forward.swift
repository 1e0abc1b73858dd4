/// Jacobian-vector product: how `output` changes when `inputs` move along `tangents`.
///
/// Twice backwards: the vector-Jacobian product is linear in its cotangent, and the gradient of that, at any
/// cotangent, is the product wanted.
///
/// - Parameters:
///   - output: a floating tensor.
///   - inputs: floating tensors `output` was computed from.
///   - tangents: one for each input, of its shape and dtype.
/// - Returns: a tensor of `output`'s shape.
public func jvp(of output: Tensor, withRespectTo inputs: [Tensor], along tangents: [Tensor])
  throws(EngineError) -> Tensor
{
  guard inputs.count == tangents.count else {
    throw .invalidArgument(
      op: "jvp", argument: "tangents", expected: "\(inputs.count), one for each input",
      got: "\(tangents.count)")
  }
  for (input, tangent) in zip(inputs, tangents) {
    guard input.shape == tangent.shape else {
      throw .shapeMismatch(op: "jvp", lhs: input.shape, rhs: tangent.shape)
    }
    guard input.dtype == tangent.dtype else {
      throw .dtypeMismatch(op: "jvp", expected: input.dtype.rawValue, got: tangent.dtype)
    }
  }
  // A node of its own: as a plain zero it would be simplified away.
  let cotangent = Tensor.zeros(output.shape, dtype: output.dtype).barrier()
  let slopes = try vjp(of: output, cotangent: cotangent, withRespectTo: inputs)
  var total = Tensor.zeros(output.shape, dtype: output.dtype)
  for (slope, tangent) in zip(slopes, tangents) {
    total =
      try total + vjp(of: slope, cotangent: tangent, withRespectTo: [cotangent])[0]
  }
  return total
}
