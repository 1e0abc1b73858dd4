import Engine

/// Any of several rules: ℓ(x) = Π ℓᵢ(x), which is 0 where one of them holds.
public struct ProductConstraint: Constraint {
  public let factors: [any Constraint]

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` without factors.
  public init(_ factors: [any Constraint]) throws(EngineError) {
    guard !factors.isEmpty else {
      throw .invalidArgument(
        op: "product of constraints", argument: "factors", expected: "one or more", got: "none")
    }
    self.factors = factors
  }

  public var name: String { factors.map(\.name).joined(separator: "*") }

  public func distances(_ x: Tensor) throws -> Tensor {
    var product = Tensor.ones([x.shape[0]], dtype: x.dtype)
    for factor in factors { product = try product * factor.distances(x) }
    return product
  }
}
