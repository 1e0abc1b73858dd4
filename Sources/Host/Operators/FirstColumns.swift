import Engine

/// Observes the first columns of an image: for a space-time image, the first states.
public struct FirstColumns: ForwardOperator {
  public let name = "first_columns"
  /// Number of columns observed.
  public let count: Int
  public var isLinear: Bool { true }

  public init(count: Int = 8) { self.count = count }

  public func measure(_ x: Tensor) throws -> Tensor {
    try x.sliced(axis: 3, from: 0, to: count)
  }
}
