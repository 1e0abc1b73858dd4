import Engine

/// Several measurements of one image, each with its own forward operator and noise, as one.
///
/// Residuals are divided by their noise and put side by side, so that a norm of them is the root of the sum
/// of the squared norms: a solver with `measurementNoise` 1 fits them all.
public struct JointMeasurement: ForwardOperator {
  public let name: String
  private let parts: [(forwardOperator: any ForwardOperator, noise: Double)]

  /// - Parameter parts: operators with the standard deviations of their measurements' noise.
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless there is one or more and
  ///   every noise is positive.
  public init(_ parts: [(forwardOperator: any ForwardOperator, noise: Double)]) throws(EngineError)
  {
    guard !parts.isEmpty, parts.allSatisfy({ $0.noise > 0 && $0.noise.isFinite }) else {
      throw .invalidArgument(
        op: "joint measurement", argument: "parts", expected: "operators with positive noise",
        got: "\(parts.map(\.noise))")
    }
    self.parts = parts
    name = parts.map(\.forwardOperator.name).joined(separator: " + ")
  }

  /// All noiseless measurements in units of their noise, `[N, M]`.
  public func measure(_ x: Tensor) throws -> Tensor {
    var measurements: [Tensor] = []
    for part in parts { measurements.append(try part.forwardOperator.measure(x)) }
    return try joined(measurements)
  }

  /// Measurements `[N, …]`, one for each operator, in units of their noise: `[N, M]`.
  public func joined(_ measurements: [Tensor]) throws(EngineError) -> Tensor {
    guard measurements.count == parts.count, measurements.allSatisfy({ $0.rank > 0 }) else {
      throw .invalidArgument(
        op: "joint measurement", argument: "measurements", expected: "\(parts.count) of [N, …]",
        got: "\(measurements.map(\.shape))")
    }
    var rows: [Tensor] = []
    for (measurement, part) in zip(measurements, parts) {
      rows.append(
        try measurement.reshaped(to: [measurement.shape[0], -1]) * (1 / part.noise))
    }
    return try .concatenated(rows, axis: 1)
  }
}
