import Engine

/// How the states of a flow lie in one image: a mosaic of `rows × columns`, row by row in time.
///
/// An image is `[N, 2, rows · n, columns · n]`: channel 0 is the velocity along the rows' index, channel 1
/// the one along the columns'.
public struct FluidLayout: Sendable, Hashable {
  public let rows: Int
  public let columns: Int

  public init(rows: Int = 2, columns: Int = 4) { (self.rows, self.columns) = (rows, columns) }

  /// Number of states.
  public var count: Int { rows * columns }

  /// Cuts images into states: `[N, 2, rows · n, columns · n]` → `[N, count, 2, n, n]`.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for images of another layout.
  public func split(_ images: Tensor, op: String) throws(EngineError) -> Tensor {
    let shape = images.shape
    guard shape.rank == 4, shape[1] == 2, shape[2] % rows == 0, shape[3] % columns == 0,
      shape[2] / rows == shape[3] / columns, shape[2] / rows >= 4
    else {
      throw .invalidArgument(
        op: op, argument: "x",
        expected: "[N, 2, \(rows) n, \(columns) n]: \(rows) × \(columns) velocity fields of n × n",
        got: "\(shape)")
    }
    let n = shape[2] / rows
    return try images.reshaped(to: [shape[0], 2, rows, n, columns, n])
      .permuted([0, 2, 4, 1, 3, 5]).reshaped(to: [shape[0], count, 2, n, n])
  }

  /// Lays states out: `[N, count, 2, n, n]` → `[N, 2, rows · n, columns · n]`.
  public func join(_ states: Tensor) throws(EngineError) -> Tensor {
    let (batch, n) = (states.shape[0], states.shape[3])
    return try states.reshaped(to: [batch, rows, columns, 2, n, n]).permuted([0, 3, 1, 4, 2, 5])
      .reshaped(to: [batch, 2, rows * n, columns * n])
  }
}
