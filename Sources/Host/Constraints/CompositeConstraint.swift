import Engine

/// A constraint made of others.
public protocol CompositeConstraint: Constraint {
  var constraints: [any Constraint] { get }
}

extension CompositeConstraint {
  public var contentHash: String { constraints.map(\.contentHash).joined() }
  public var plugins: [BoundPlugin] { constraints.flatMap(\.plugins) }

  /// What every part allows.
  public var domain: ImageDomain {
    constraints.reduce(into: ImageDomain()) { domain, part in
      let own = part.domain
      domain = ImageDomain(
        channels: domain.channels ?? own.channels, height: domain.height ?? own.height,
        width: domain.width ?? own.width, minimum: domain.minimum ?? own.minimum,
        maximum: domain.maximum ?? own.maximum)
    }
  }

  /// The distance of each part, unweighted, under its name, and the metrics of the parts.
  public func metrics(_ x: Tensor) throws -> [(name: String, values: Tensor)] {
    try zip(constraints, labels).flatMap { part, label in
      try [(label, part.distances(x))]
        + part.metrics(x).map { ("\(label).\($0.name)", $0.values) }
    }
  }

  /// The parts' names; where two share one, the later ones are numbered.
  private var labels: [String] {
    var counts: [String: Int] = [:]
    return constraints.map { part in
      let count = (counts[part.name] ?? 0) + 1
      counts[part.name] = count
      return count == 1 ? part.name : "\(part.name)_\(count)"
    }
  }
}
