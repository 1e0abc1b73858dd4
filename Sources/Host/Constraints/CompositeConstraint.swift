import Engine

/// A constraint made of others.
public protocol CompositeConstraint: Constraint {
  var constraints: [any Constraint] { get }
}

extension CompositeConstraint {
  public var contentHash: String { constraints.map(\.contentHash).joined() }
  public var plugins: [BoundPlugin] { constraints.flatMap(\.plugins) }

  /// The images that every part takes.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` where there are none.
  static func commonDomain(
    of name: String, _ parts: [any Constraint]
  ) throws(EngineError) -> ImageDomain {
    let domains = parts.map { (name: $0.name, domain: $0.domain) }
    func size(_ field: String, _ value: (ImageDomain) -> Int?) throws(EngineError) -> Int? {
      let stated = domains.compactMap { part in
        value(part.domain).map { (name: part.name, size: $0) }
      }
      guard let first = stated.first else { return nil }
      if let other = stated.first(where: { $0.size != first.size }) {
        throw .invalidArgument(
          op: "constraint '\(name)'", argument: "the parts' domains",
          expected: "of one \(field)",
          got: "\(first.size) of '\(first.name)' and \(other.size) of '\(other.name)'")
      }
      return first.size
    }
    let common = ImageDomain(
      channels: try size("number of channels", \.channels), height: try size("height", \.height),
      width: try size("width", \.width), minimum: domains.compactMap(\.domain.minimum).max(),
      maximum: domains.compactMap(\.domain.maximum).min())
    if let low = common.minimum, let high = common.maximum, low > high {
      throw .invalidArgument(
        op: "constraint '\(name)'", argument: "the parts' domains",
        expected: "ranges of pixels that meet", got: "pixels at least \(low) and at most \(high)")
    }
    return common
  }

  /// The distance of each part, unweighted, under its name, and the metrics of the parts.
  public func metrics(_ x: Tensor) throws -> [(name: String, values: Tensor)] {
    try zip(constraints, labels).flatMap { part, label in
      try [(label, part.distances(x))]
        + part.metrics(x).map { ("\(label).\($0.name)", $0.values) }
    }
  }

  /// The parts' names; one that is taken already is numbered, with the first number that is free.
  private var labels: [String] {
    var taken: Set<String> = []
    return constraints.map { part in
      var (label, number) = (part.name, 1)
      while !taken.insert(label).inserted {
        number += 1
        label = "\(part.name)_\(number)"
      }
      return label
    }
  }
}
