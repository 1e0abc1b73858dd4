import Engine

/// Forward operators one after the other: A(x) = Aₙ(… A₁(x)). `mg.compose(…)` in Lua.
public struct ComposedOperator: ForwardOperator {
  public let name: String
  /// In the order they are applied; not empty.
  public let parts: [any ForwardOperator]

  public init(name: String, parts: [any ForwardOperator]) {
    self.name = name
    self.parts = parts
  }

  public var plugins: [BoundPlugin] { parts.flatMap(\.plugins) }
  public var isLinear: Bool { parts.allSatisfy(\.isLinear) }
  public var domain: ImageDomain { parts.first?.domain ?? ImageDomain() }
  /// What the last one adds: it is the one that measures.
  public var noise: (any NoiseModel)? { parts.last?.noise }

  public func measure(_ x: Tensor) throws -> Tensor {
    try parts.reduce(x) { try $1.measure($0) }
  }

  /// Aᵀ = A₁ᵀ ⋯ Aₙᵀ: each part's own.
  public func adjoint(_ y: Tensor, imageShape shape: Shape) throws -> Tensor {
    var shapes = [shape]
    var x = Tensor.zeros(shape, dtype: y.dtype)
    for part in parts.dropLast() {
      x = try part.measure(x)
      shapes.append(x.shape)
    }
    return try zip(parts, shapes).reversed().reduce(y) { result, next in
      try next.0.adjoint(result, imageShape: next.1)
    }
  }
}
