/// Computes tensors node by node in Double, the plainest way: what tests hold the executor against.
public enum ReferenceEvaluator {
  /// The elements of a tensor in row-major order.
  public static func values(of tensor: Tensor) throws(EngineError) -> [Double] {
    try values(of: tensor, knowing: [:])
  }

  /// The same, where the values of some nodes are given by their serial numbers.
  static func values(of tensor: Tensor, knowing known: [UInt64: DenseArray]) throws(EngineError)
    -> [Double]
  {
    var arrays = known
    var pending = [tensor.node]
    while let node = pending.last {
      if arrays[node.serial] != nil {
        pending.removeLast()
        continue
      }
      let missing = node.inputs.filter { arrays[$0.serial] == nil }
      guard missing.isEmpty else {
        pending += missing
        continue
      }
      pending.removeLast()
      if node.primitive is Constant {
        arrays[node.serial] = DenseArray(shape: node.shape, values: try Tensor(node).doubles())
      } else {
        arrays[node.serial] = try node.primitive.reference(
          node.inputs.compactMap { arrays[$0.serial] }, shape: node.shape)
      }
    }
    return arrays[tensor.node.serial]?.values ?? []
  }
}
