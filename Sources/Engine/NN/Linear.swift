/// An affine map of the last axis.
public struct Linear: Layer {
  let name: String
  let inputs: Int
  let outputs: Int
  let initializer: Initializer

  /// - Parameter initializer: of the weight `[outputs, inputs]`; biases start at 0.
  public init(_ name: String, inputs: Int, outputs: Int, initializer: Initializer? = nil) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.initializer = initializer ?? .fanAverage([outputs, inputs])
  }

  public var parameters: [ParameterSpec] {
    [
      ParameterSpec("\(name).weight", [outputs, inputs], initializer),
      ParameterSpec("\(name).bias", [outputs], .constant(0)),
    ]
  }

  /// `[…, inputs]` → `[…, outputs]`.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    try x.matmul(context["\(name).weight"].transposed()) + context["\(name).bias"]
  }
}
