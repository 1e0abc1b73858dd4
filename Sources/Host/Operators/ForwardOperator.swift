import Engine

/// How the quantity of interest becomes a measurement: y = A(x) + noise.
public protocol ForwardOperator: Sendable {
  /// What it is called in recipes and reports.
  var name: String { get }

  /// Whether A(ax + bz) = aA(x) + bA(z).
  var isLinear: Bool { get }

  /// How a measurement differs from A(x); `nil` where the experiment says.
  var noise: (any NoiseModel)? { get }

  /// What images it is made for.
  var domain: ImageDomain { get }

  /// The Lua plugins it is made of.
  var plugins: [BoundPlugin] { get }

  /// The noiseless measurement.
  ///
  /// - Parameter x: images `[N, C, H, W]`.
  /// - Returns: `[N, …]`, differentiable in `x`; row `i` depends on image `i` alone.
  func measure(_ x: Tensor) throws -> Tensor

  /// The adjoint Aᵀ of a linear operator: ⟨A(x), y⟩ = ⟨x, Aᵀ(y)⟩ for all x and y.
  ///
  /// - Parameters:
  ///   - y: `[N, …]`, as ``measure(_:)`` returns them.
  ///   - shape: of the images, `[N, C, H, W]`.
  /// - Returns: a tensor of that shape.
  func adjoint(_ y: Tensor, imageShape shape: Shape) throws -> Tensor
}

extension ForwardOperator {
  public var isLinear: Bool { false }
  public var noise: (any NoiseModel)? { nil }
  public var domain: ImageDomain { ImageDomain() }
  public var plugins: [BoundPlugin] { [] }

  /// The vector-Jacobian product, which for a linear operator is the adjoint exactly, whatever image it
  /// is taken at.
  public func adjoint(_ y: Tensor, imageShape shape: Shape) throws -> Tensor {
    let x = Tensor.zeros(shape, dtype: y.dtype)
    return try vjp(of: measure(x), cotangent: y, withRespectTo: [x])[0]
  }
}

/// What images a constraint or an operator is made for; what is `nil` may be anything.
public struct ImageDomain: Sendable, Hashable {
  /// Number of channels.
  public var channels: Int?
  /// Rows and columns in pixels.
  public var height: Int?
  public var width: Int?
  /// The range pixels lie in.
  public var minimum: Double?
  public var maximum: Double?

  public init(
    channels: Int? = nil, height: Int? = nil, width: Int? = nil, minimum: Double? = nil,
    maximum: Double? = nil
  ) {
    self.channels = channels
    self.height = height
    self.width = width
    self.minimum = minimum
    self.maximum = maximum
  }

  /// The sizes `[C, H, W]` with those that may be anything taken from elsewhere.
  public func sizes(else sizes: [Int]) -> [Int] {
    zip([channels, height, width], sizes).map { $0 ?? $1 }
  }

  /// A pixel's value, mirrored at `minimum` and `maximum` until it lies between them.
  func folded(_ value: Double) -> Double {
    if value >= minimum ?? value, value <= maximum ?? value { return value }
    switch (minimum, maximum) {
    case (let low?, let high?) where high > low:
      let place = abs(value - low).truncatingRemainder(dividingBy: 2 * (high - low))
      return min(place, 2 * (high - low) - place) + low
    case (let low?, nil): return low + abs(value - low)
    case (nil, let high?): return high - abs(value - high)
    default: return value
    }
  }

  /// Whether images `[N, C, H, W]` have sizes it allows.
  public func contains(_ shape: Shape) -> Bool {
    shape.rank == 4
      && sizes(else: Array(shape.dimensions.dropFirst()))
        == Array(shape.dimensions.dropFirst())
  }
}
