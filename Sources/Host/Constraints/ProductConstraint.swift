import Engine

/// Any of several rules: ℓ(x) = Π ℓᵢ(x), which is 0 where one of them holds. `mg.product{…}` in Lua.
public struct ProductConstraint: CompositeConstraint {
  public let name: String
  public let constraints: [any Constraint]
  public let domain: ImageDomain

  /// - Parameters:
  ///   - name: the factors' names with `*` between them, unless given.
  ///   - factors: one or more.
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` without factors, or where no image
  ///   fits all of them.
  public init(name: String? = nil, _ factors: [any Constraint]) throws(EngineError) {
    guard !factors.isEmpty else {
      throw .invalidArgument(
        op: "product of constraints", argument: "factors", expected: "one or more", got: "none")
    }
    let name = name ?? factors.map(\.name).joined(separator: "*")
    domain = try Self.commonDomain(of: name, factors)
    self.name = name
    constraints = factors
  }

  public func distances(_ x: Tensor) throws -> Tensor {
    var product = Tensor.ones([x.shape[0]], dtype: x.dtype)
    for factor in constraints { product = try product * factor.distances(x) }
    return product
  }
}
