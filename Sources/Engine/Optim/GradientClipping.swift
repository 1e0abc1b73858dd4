/// The Euclidean norm of all tensors together, a scalar.
public func globalNorm(_ tensors: [Tensor]) throws(EngineError) -> Tensor {
  var total = Tensor.scalar(0)
  for tensor in tensors { total = try total + tensor.square().sum() }
  return try total.sqrt()
}

/// Scales gradients down so that their global norm is at most `limit`.
public func clipped(_ gradients: [Tensor], toGlobalNorm limit: Double, norm: Tensor)
  throws(EngineError) -> [Tensor]
{
  let factor = try limit / norm.maximum(limit)
  var result: [Tensor] = []
  for gradient in gradients { result.append(try gradient * factor) }
  return result
}
