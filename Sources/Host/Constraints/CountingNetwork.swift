import Engine

/// A small convolutional network that counts the objects of an image.
///
/// Twice 3×3 convolution, rectifier and 2×2 mean; then two dense layers. Source: the counting constraint of
/// Feng et al. 2025, as their code has it.
public struct CountingNetwork: Sendable {
  /// `[C, H, W]` of the images.
  public let imageShape: Shape
  private let convolutions: [Conv2d]
  private let hidden: Linear
  private let output: Linear

  private static let widths = [32, 64]
  private static let hiddenWidth = 256

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless rows and columns are
  ///   divisible by 4.
  public init(imageShape: Shape) throws(EngineError) {
    guard imageShape.rank == 3, imageShape.count > 0, imageShape[1] % 4 == 0,
      imageShape[2] % 4 == 0
    else {
      throw .invalidArgument(
        op: "counting network", argument: "imageShape",
        expected: "[C, H, W] with H and W divisible by 4", got: "\(imageShape)")
    }
    self.imageShape = imageShape
    var inputs = imageShape[0]
    convolutions = Self.widths.enumerated().map { index, outputs in
      defer { inputs = outputs }
      return Conv2d(
        "conv.\(index)", inputs: inputs, outputs: outputs, kernel: 3,
        initializer: .lecunNormal([outputs, inputs, 3, 3]))
    }
    let features = imageShape[1] / 4 * (imageShape[2] / 4) * inputs
    hidden = Linear(
      "dense.0", inputs: features, outputs: Self.hiddenWidth,
      initializer: .lecunNormal([Self.hiddenWidth, features]))
    output = Linear(
      "dense.1", inputs: Self.hiddenWidth, outputs: 1,
      initializer: .lecunNormal([1, Self.hiddenWidth]))
  }

  /// What it learns.
  public var specs: [ParameterSpec] {
    convolutions.flatMap(\.parameters) + hidden.parameters + output.parameters
  }

  /// The number of objects of every image, not rounded: `[N, C, H, W]` → `[N]`.
  public func callAsFunction(_ x: Tensor, _ parameters: Parameters) throws(EngineError) -> Tensor {
    guard x.rank == 4, Array(x.shape.dimensions.dropFirst()) == imageShape.dimensions else {
      throw .invalidArgument(
        op: "counting network", argument: "x", expected: "images of \(imageShape)",
        got: "\(x.shape)")
    }
    let context = LayerContext(parameters)
    var h = x
    for convolution in convolutions {
      h = try convolution(h, context).relu()
      let (n, c, rows, columns) = (h.shape[0], h.shape[1], h.shape[2] / 2, h.shape[3] / 2)
      h = try h.reshaped(to: [n, c, rows, 2, columns, 2]).mean([3, 5])
    }
    // Features in the order row, column, channel, as in the authors' weights.
    h = try h.permuted([0, 2, 3, 1]).reshaped(to: [x.shape[0], -1])
    return try output(hidden(h, context).relu(), context).squeezed(axis: 1)
  }

  // MARK: Files

  private static let shapeKey = "image_shape"

  /// Writes weights, and with them the shape of the images they are for.
  public func write(_ parameters: Parameters, to path: String) throws(EngineError) {
    let shape = imageShape.dimensions.map(String.init).joined(separator: ",")
    try Safetensors.write(
      parameters.dictionary, metadata: [Self.shapeKey: shape, "network": "counting"], to: path)
  }

  /// Reads a network and its weights.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` naming what is missing or of another shape.
  public static func read(_ path: String) throws(EngineError) -> (CountingNetwork, Parameters) {
    let (tensors, metadata) = try Safetensors.read(path)
    let sizes = (metadata[shapeKey] ?? "").split(separator: ",").compactMap { Int($0) }
    guard sizes.count == 3, sizes.allSatisfy({ (1...65536).contains($0) }) else {
      throw .file(
        path: path,
        reason: "expected a counting network: '\(shapeKey)' with three sizes in the metadata; "
          + "`moonglass train counter` makes one")
    }
    let network = try CountingNetwork(imageShape: Shape(sizes))
    let empty = Parameters(
      names: network.specs.map(\.name), tensors: network.specs.map { .zeros($0.shape) })
    return (network, try empty.replacing(with: tensors, from: path))
  }
}
