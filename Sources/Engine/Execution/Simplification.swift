/// Nodes that do the work of two.
///
/// A graph holds every tensor somebody made, whose gradient may be asked for; only when it is planned does
/// it matter which of them need not be computed.
enum Simplification {
  /// What computes the same as a node with less; mostly the node itself.
  ///
  /// - Parameters:
  ///   - inputs: the nodes that stand for its inputs.
  ///   - isKnown: whether a node's value is there already.
  static func of(_ node: Node, inputs: [Node], isKnown: (Node) -> Bool) -> Node {
    guard let first = inputs.first, !isKnown(first) else { return node }
    if node.role == .reshape { return reshape(node, of: first) }
    if let convolution = node.primitive as? Convolution, convolution.kind != .data {
      return wrapped(convolution, of: first, inputs[1]) ?? node
    }
    if let fold = node.primitive as? CircularFold { return unfolded(fold, of: first) ?? node }
    return node
  }

  /// A reshape of a reshape is one; back to the first shape it is nothing.
  private static func reshape(_ node: Node, of input: Node) -> Node {
    guard input.role == .reshape else { return node }
    let source = input.inputs[0]
    if source.shape == node.shape { return source }
    return Node(node.primitive, .one(source), shape: node.shape, dtype: node.dtype)
  }

  /// A convolution, or its weight adjoint, of a periodic pad looks at the other side of the image itself.
  private static func wrapped(_ convolution: Convolution, of input: Node, _ other: Node) -> Node? {
    guard let pad = input.primitive as? CircularPad,
      let sizes = convolution.sizes.wrapping(pad.padding)
    else { return nil }
    return Convolution.tensor(convolution.kind, sizes, Tensor(input.inputs[0]), Tensor(other)).node
  }

  /// The data adjoint adds to the other side of the image itself, where a fold would do so afterwards.
  private static func unfolded(_ fold: CircularFold, of input: Node) -> Node? {
    guard let convolution = input.primitive as? Convolution, convolution.kind == .data,
      let sizes = convolution.sizes.wrapping(fold.padding)
    else { return nil }
    let (cotangent, weight) = (Tensor(input.inputs[0]), Tensor(input.inputs[1]))
    return Convolution.tensor(.data, sizes, cotangent, weight).node
  }
}
