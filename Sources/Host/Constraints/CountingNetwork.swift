import Engine

/// A small convolutional network that counts the objects of an image.
public struct CountingNetwork: Sendable {
  /// How features become a number.
  public enum Architecture: String, Sendable {
    /// A map of objects per place, summed over the image (Lempitsky and Zisserman 2010): what counts an
    /// object knows nothing of the rest of the image, and images may have any size.
    case density
    /// Two dense layers on all features, for images of one size: the network of Feng et al. 2025, as their
    /// code has it.
    case dense
  }

  private enum Head: Sendable {
    case density(Conv2d)
    case dense(hidden: Linear, output: Linear)

    var parameters: [ParameterSpec] {
      switch self {
      case .density(let map): map.parameters
      case .dense(let hidden, let output): hidden.parameters + output.parameters
      }
    }
  }

  /// `[C, H, W]` of the images it was made for.
  public let imageShape: Shape
  public let architecture: Architecture
  /// 3×3, each followed by a rectifier.
  private let convolutions: [Conv2d]
  private let head: Head

  /// So many of the convolutions are followed by a mean over 2×2 pixels.
  private static let pooled = 2
  private static let hiddenWidth = 256

  /// - Parameter architecture: a `.density` network counts on images of any rows and columns that 4 divides,
  ///   a `.dense` one on those of `imageShape` alone.
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless rows and columns are
  ///   divisible by 4.
  public init(imageShape: Shape, architecture: Architecture = .density) throws(EngineError) {
    guard imageShape.rank == 3, imageShape.count > 0, imageShape[1] % 4 == 0,
      imageShape[2] % 4 == 0
    else {
      throw .invalidArgument(
        op: "counting network", argument: "imageShape",
        expected: "[C, H, W] with H and W divisible by 4", got: "\(imageShape)")
    }
    self.imageShape = imageShape
    self.architecture = architecture
    var inputs = imageShape[0]
    let widths = architecture == .density ? [16, 32, 32, 32] : [32, 64]
    convolutions = widths.enumerated().map { index, outputs in
      defer { inputs = outputs }
      return Conv2d(
        "conv.\(index)", inputs: inputs, outputs: outputs, kernel: 3,
        initializer: .lecunNormal([outputs, inputs, 3, 3]))
    }
    switch architecture {
    case .density:
      head = .density(
        Conv2d(
          "density", inputs: inputs, outputs: 1, kernel: 1,
          initializer: .lecunNormal([1, inputs, 1, 1])))
    case .dense:
      let features = imageShape[1] / 4 * (imageShape[2] / 4) * inputs
      head = .dense(
        hidden: Linear(
          "dense.0", inputs: features, outputs: Self.hiddenWidth,
          initializer: .lecunNormal([Self.hiddenWidth, features])),
        output: Linear(
          "dense.1", inputs: Self.hiddenWidth, outputs: 1,
          initializer: .lecunNormal([1, Self.hiddenWidth])))
    }
  }

  /// What it learns.
  public var specs: [ParameterSpec] { convolutions.flatMap(\.parameters) + head.parameters }

  /// The number of objects of every image, not rounded: `[N, C, H, W]` → `[N]`.
  public func callAsFunction(_ x: Tensor, _ parameters: Parameters) throws(EngineError) -> Tensor {
    guard accepts(x.shape) else {
      throw .invalidArgument(
        op: "counting network", argument: "x",
        expected: architecture == .dense
          ? "images of \(imageShape)"
          : "images [N, \(imageShape[0]), H, W] with H and W divisible by 4",
        got: "\(x.shape)")
    }
    let context = LayerContext(parameters)
    var h = x
    for (index, convolution) in convolutions.enumerated() {
      h = try convolution(h, context).relu()
      guard index < Self.pooled else { continue }
      let (n, c, rows, columns) = (h.shape[0], h.shape[1], h.shape[2] / 2, h.shape[3] / 2)
      h = try h.reshaped(to: [n, c, rows, 2, columns, 2]).mean([3, 5])
    }
    switch head {
    case .density(let map): return try map(h, context).sum([1, 2, 3])
    case .dense(let hidden, let output):
      // Features in the order row, column, channel, as in the authors' weights.
      h = try h.permuted([0, 2, 3, 1]).reshaped(to: [x.shape[0], -1])
      return try output(hidden(h, context).relu(), context).squeezed(axis: 1)
    }
  }

  private func accepts(_ shape: Shape) -> Bool {
    guard shape.rank == 4, shape[1] == imageShape[0] else { return false }
    return architecture == .dense
      ? Array(shape.dimensions.dropFirst()) == imageShape.dimensions
      : shape[2] % 4 == 0 && shape[3] % 4 == 0
  }

  // MARK: Files

  private static let shapeKey = "image_shape"
  private static let architectureKey = "architecture"

  /// Writes weights, and with them what images and architecture they are for.
  public func write(_ parameters: Parameters, to path: String) throws(EngineError) {
    let shape = imageShape.dimensions.map(String.init).joined(separator: ",")
    try Safetensors.write(
      parameters.dictionary,
      metadata: [
        "network": "counting", Self.shapeKey: shape, Self.architectureKey: architecture.rawValue,
      ], to: path)
  }

  /// Reads a network and its weights.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` naming what is missing or of another shape.
  public static func read(_ path: String) throws(EngineError) -> (CountingNetwork, Parameters) {
    let (tensors, metadata) = try Safetensors.read(path)
    let sizes = (metadata[shapeKey] ?? "").split(separator: ",").compactMap { Int($0) }
    // Files that name no architecture are from when there was one.
    let architecture = Architecture(rawValue: metadata[architectureKey] ?? "dense")
    guard sizes.count == 3, sizes.allSatisfy({ (1...65536).contains($0) }), let architecture else {
      throw .file(
        path: path,
        reason: "expected a counting network: '\(shapeKey)' with three sizes in the metadata, and "
          + "'\(architectureKey)' density or dense; `moonglass train counter` makes one")
    }
    let network = try CountingNetwork(imageShape: Shape(sizes), architecture: architecture)
    let empty = Parameters(
      names: network.specs.map(\.name), tensors: network.specs.map { .zeros($0.shape) })
    return (network, try empty.replacing(with: tensors, from: path))
  }
}
