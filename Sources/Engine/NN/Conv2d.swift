/// A square 2-D convolution that keeps rows and columns (divided by the stride).
public struct Conv2d: Layer {
  /// What lies outside the image.
  public enum Border: Sendable {
    /// Zeros, placed as XLA's "SAME": with stride 2 and an even size none before, one after.
    case zero
    /// The image repeats. Stride 1 only.
    case circular
    /// No padding: the image shrinks.
    case none
  }

  let name: String
  let weightShape: Shape
  let stride: Int
  let border: Border
  let hasBias: Bool
  let initializer: Initializer
  let isNonNegative: Bool

  /// - Parameters:
  ///   - name: prefix of the parameters' names.
  ///   - inputs: channels in.
  ///   - outputs: channels out.
  ///   - kernel: rows and columns of the kernel.
  ///   - initializer: of the weight `[outputs, inputs, kernel, kernel]`; biases start at 0.
  public init(
    _ name: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, border: Border = .zero,
    hasBias: Bool = true, initializer: Initializer, isNonNegative: Bool = false
  ) {
    self.name = name
    weightShape = [outputs, inputs, kernel, kernel]
    self.stride = stride
    self.border = border
    self.hasBias = hasBias
    self.initializer = initializer
    self.isNonNegative = isNonNegative
  }

  public var parameters: [ParameterSpec] {
    let weight = ParameterSpec(
      "\(name).weight", weightShape, initializer, isNonNegative: isNonNegative)
    return hasBias
      ? [weight, ParameterSpec("\(name).bias", [weightShape[0]], .constant(0))] : [weight]
  }

  /// `[N, inputs, H, W]` → `[N, outputs, H / stride, W / stride]`.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    let result = try withoutBias(x, context)
    return hasBias ? try result + bias(context) : result
  }

  /// `[1, outputs, 1, 1]`.
  ///
  /// - Precondition: the layer has a bias.
  public func bias(_ context: LayerContext) throws(EngineError) -> Tensor {
    try context["\(name).bias"].reshaped(to: [1, weightShape[0], 1, 1])
  }

  /// The convolution alone: for callers that can add the bias where it costs less.
  public func withoutBias(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    let kernel = weightShape[2]
    let weight = context["\(name).weight"]
    switch border {
    case .zero:
      let rows = same(x.shape[2], kernel)
      let columns = same(x.shape[3], kernel)
      return try .conv2d(
        x, weight, stride: stride,
        padding: Padding2D(
          top: rows.before, bottom: rows.after, left: columns.before, right: columns.after))
    case .circular:
      let half = (kernel - 1) / 2
      let margin = (half, kernel - 1 - half)
      return try .conv2d(x.padded([(0, 0), (0, 0), margin, margin], mode: .circular), weight)
    case .none: return try .conv2d(x, weight, stride: stride)
    }
  }

  private func same(_ size: Int, _ kernel: Int) -> (before: Int, after: Int) {
    let outputs = (size + stride - 1) / stride
    let total = max((outputs - 1) * stride + kernel - size, 0)
    return (total / 2, total - total / 2)
  }
}

/// A 3×3 transposed convolution that doubles rows and columns, aligned as flax's "SAME".
///
///     out[2i] = k[2] x[i] + k[0] x[i-1]      out[2i+1] = k[1] x[i]        (along each axis)
public struct UpsamplingConv2d: Layer {
  let name: String
  let inputs: Int
  let outputs: Int
  let initializer: Initializer

  /// - Parameter initializer: of the weight `[inputs, outputs, 3, 3]`; biases start at 0.
  public init(_ name: String, inputs: Int, outputs: Int, initializer: Initializer) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.initializer = initializer
  }

  public var parameters: [ParameterSpec] {
    [
      ParameterSpec("\(name).weight", [inputs, outputs, 3, 3], initializer),
      ParameterSpec("\(name).bias", [outputs], .constant(0)),
    ]
  }

  /// `[N, inputs, H, W]` → `[N, outputs, 2H, 2W]`.
  public func callAsFunction(_ x: Tensor, _ context: LayerContext) throws(EngineError) -> Tensor {
    // As the adjoint of a strided convolution the kernel is applied the other way round.
    let weight = try context["\(name).weight"].flipped(axes: [2, 3])
    let result = try Tensor.convTranspose2d(
      x, weight, stride: 2, padding: Padding2D(bottom: 1, right: 1),
      outputSize: [2 * x.shape[2], 2 * x.shape[3]])
    return try result + context["\(name).bias"].reshaped(to: [1, outputs, 1, 1])
  }
}
