import Engine

/// Several constraints at once: ℓ(x) = Σ wᵢ ℓᵢ(x), which is 0 where all hold. `mg.all{…}` in Lua.
public struct WeightedConstraints: Constraint {
  public let name: String
  /// The constraints with their weights, which are above 0.
  public let parts: [(weight: Double, constraint: any Constraint)]

  public init(name: String, parts: [(weight: Double, constraint: any Constraint)]) {
    self.name = name
    self.parts = parts
  }

  public var contentHash: String { parts.map(\.constraint.contentHash).joined() }
  public var plugins: [BoundPlugin] { parts.flatMap(\.constraint.plugins) }

  /// What every part allows.
  public var domain: ImageDomain {
    parts.reduce(into: ImageDomain()) { domain, part in
      let own = part.constraint.domain
      domain = ImageDomain(
        channels: domain.channels ?? own.channels, height: domain.height ?? own.height,
        width: domain.width ?? own.width, minimum: domain.minimum ?? own.minimum,
        maximum: domain.maximum ?? own.maximum)
    }
  }

  public func distances(_ x: Tensor) throws -> Tensor {
    var total = Tensor.zeros([x.shape.dimensions.first ?? 1], dtype: x.dtype)
    for (weight, constraint) in parts { total = try total + constraint.distances(x) * weight }
    return total
  }

  /// The distance of each part, unweighted, under its name, and the metrics of the parts.
  public func metrics(_ x: Tensor) throws -> [(name: String, values: Tensor)] {
    try zip(parts, labels).flatMap { part, label in
      try [(label, part.constraint.distances(x))]
        + part.constraint.metrics(x).map { ("\(label).\($0.name)", $0.values) }
    }
  }

  /// The parts' names; where two share one, the later ones are numbered.
  private var labels: [String] {
    var counts: [String: Int] = [:]
    return parts.map { _, constraint in
      let count = (counts[constraint.name] ?? 0) + 1
      counts[constraint.name] = count
      return count == 1 ? constraint.name : "\(constraint.name)_\(count)"
    }
  }
}
