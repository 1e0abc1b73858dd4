/// Named tensors in a fixed order: what a network learns, or anything of the same structure (gradients,
/// moments, averages).
public struct Parameters: Sendable {
  /// Names in the order of creation, such as `blocks.0.conv1.weight`.
  public let names: [String]
  /// The tensors, in the order of `names`.
  public var tensors: [Tensor]
  private let index: [String: Int]

  /// - Precondition: names are distinct and as many as tensors.
  public init(names: [String], tensors: [Tensor]) {
    precondition(names.count == tensors.count, "\(names.count) names for \(tensors.count) tensors")
    self.names = names
    self.tensors = tensors
    index = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
  }

  /// Initial values: each tensor's numbers depend on the seed and its name's position alone.
  public init(_ specs: [ParameterSpec], seed: UInt64) throws(EngineError) {
    var tensors: [Tensor] = []
    for (number, spec) in specs.enumerated() {
      tensors.append(
        try spec.initializer.tensor(
          shape: spec.shape,
          key: RandomKey(seed: seed, for: .parameters, stream: UInt32(number))))
    }
    try evaluate(tensors)
    self.init(names: specs.map(\.name), tensors: tensors)
  }

  /// The tensor of that name.
  ///
  /// - Precondition: it exists: names are fixed by a network's layers, not by a user.
  public subscript(name: String) -> Tensor {
    guard let position = index[name] else { preconditionFailure("no parameter '\(name)'") }
    return tensors[position]
  }

  /// Number of learned numbers.
  public var elementCount: Int { tensors.reduce(0) { $0 + $1.count } }

  /// The same names with other tensors.
  public func replacing(_ tensors: [Tensor]) -> Parameters {
    Parameters(names: names, tensors: tensors)
  }

  /// Placeholders of the same names, shapes and dtypes, for a ``Program``.
  public func placeholders(prefix: String = "") -> Parameters {
    replacing(
      zip(names, tensors).map { .placeholder(prefix + $0, shape: $1.shape, dtype: $1.dtype) })
  }

  /// All zeros of the same structure.
  public func zeros() -> Parameters {
    replacing(tensors.map { .zeros($0.shape, dtype: $0.dtype) })
  }

  /// As a dictionary, for saving.
  public var dictionary: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: zip(names, tensors))
  }

  /// Takes tensors of these names, shapes and dtypes from a dictionary.
  ///
  /// - Throws: ``EngineError/file(path:reason:)`` naming what is missing, unknown or of another shape.
  public func replacing(with saved: [String: Tensor], from path: String) throws(EngineError)
    -> Parameters
  {
    if let unknown = saved.keys.sorted().first(where: { index[$0] == nil }) {
      throw .file(path: path, reason: "holds '\(unknown)', which this network does not have")
    }
    var result: [Tensor] = []
    for (name, tensor) in zip(names, tensors) {
      guard let found = saved[name] else { throw .file(path: path, reason: "lacks '\(name)'") }
      guard found.shape == tensor.shape, found.dtype == tensor.dtype else {
        throw .file(
          path: path,
          reason: "'\(name)' should be \(tensor.dtype.rawValue) \(tensor.shape), "
            + "it is \(found.dtype.rawValue) \(found.shape)")
      }
      result.append(found)
    }
    return replacing(result)
  }
}

/// What a layer needs of one learned tensor.
public struct ParameterSpec: Sendable {
  public let name: String
  public let shape: Shape
  public let initializer: Initializer
  /// Whether training keeps every element at or above 0.
  public let isNonNegative: Bool

  public init(
    _ name: String, _ shape: Shape, _ initializer: Initializer, isNonNegative: Bool = false
  ) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.isNonNegative = isNonNegative
  }
}

/// How a learned tensor starts.
public enum Initializer: Sendable {
  case constant(Double)
  case uniform(ClosedRange<Double>)
  case normal(standardDeviation: Double)
  /// Normal cut off at two standard deviations, rescaled to the given one.
  case truncatedNormal(standardDeviation: Double)

  /// Uniform with variance `scale / fan`, fan the mean of inputs and outputs of a unit.
  public static func fanAverage(_ shape: Shape, scale: Double = 1) -> Initializer {
    let receptive = shape.dimensions.dropFirst(2).reduce(1, *)
    let fan = Double((shape[0] + shape[1]) * receptive) / 2
    let limit = (3 * max(scale, 1e-10) / fan).squareRoot()
    return .uniform(-limit...limit)
  }

  /// Truncated normal with variance 1 / fan-in: flax's default for convolutions.
  public static func lecunNormal(_ shape: Shape) -> Initializer {
    let fan = Double(shape.dimensions.dropFirst().reduce(1, *))
    return .truncatedNormal(standardDeviation: (1 / fan).squareRoot())
  }

  func tensor(shape: Shape, key: RandomKey) throws(EngineError) -> Tensor {
    switch self {
    case .constant(let value): return .full(value, shape: shape)
    case .uniform(let range):
      let unit = try Tensor.uniform(keys: key.tensor, shape: shape)
      return try unit * (range.upperBound - range.lowerBound) + range.lowerBound
    case .normal(let deviation):
      return try Tensor.normal(keys: key.tensor, shape: shape) * deviation
    case .truncatedNormal(let deviation):
      // A normal cut at ±2 has standard deviation 0.8796…; draws outside are drawn again.
      var result = try Tensor.normal(keys: key.tensor, shape: shape)
      for retry in 1...16 {
        let again = RandomKey(seed: key.seed, stream: key.stream, step: UInt32(retry))
        result = try .select(
          result.abs().isLessOrEqual(to: 2), result, .normal(keys: again.tensor, shape: shape))
      }
      return try result.clamped(min: -2, max: 2) * (deviation / 0.87962566103423978)
    }
  }
}
