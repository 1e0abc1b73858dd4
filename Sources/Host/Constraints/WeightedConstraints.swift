import Engine

/// Several constraints at once: ℓ(x) = Σ wᵢ ℓᵢ(x), which is 0 where all hold. `mg.all{…}` in Lua.
public struct WeightedConstraints: CompositeConstraint {
  public let name: String
  /// The constraints with their weights, which are above 0.
  public let parts: [(weight: Double, constraint: any Constraint)]
  public let domain: ImageDomain

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` where no image fits all parts.
  public init(
    name: String, parts: [(weight: Double, constraint: any Constraint)]
  ) throws(EngineError) {
    domain = try Self.commonDomain(of: name, parts.map(\.constraint))
    self.name = name
    self.parts = parts
  }

  public var constraints: [any Constraint] { parts.map(\.constraint) }

  public func distances(_ x: Tensor) throws -> Tensor {
    var total = Tensor.zeros([x.shape.dimensions.first ?? 1], dtype: x.dtype)
    for (weight, constraint) in parts { total = try total + constraint.distances(x) * weight }
    return total
  }
}
