import Engine

/// The total brightness of an image is known: ℓ(x) = |Σ x - total|.
public struct TotalBrightness: Constraint {
  public let name = "total_brightness"
  /// What the pixels of an image add up to.
  public let total: Double

  public init(total: Double = 120) { self.total = total }

  public func distances(_ x: Tensor) throws -> Tensor {
    try (x.sum([1, 2, 3]) - total).abs()
  }
}
