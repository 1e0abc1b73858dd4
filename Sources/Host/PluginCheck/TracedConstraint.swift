import Engine

/// A constraint as training uses it: built once for each shape and type, then replayed.
///
/// Checks evaluate it hundreds of times; a scheme of many time steps is slow to build.
final class TracedConstraint {
  private struct Key: Hashable {
    let shape: Shape
    let dtype: DType
    let isGradient: Bool
  }

  private let constraint: any Constraint
  private var programs: [Key: Program] = [:]

  init(_ constraint: any Constraint) { self.constraint = constraint }

  /// The distance of every image.
  func values(_ x: Tensor) throws -> [Double] {
    try run([x], isGradient: false)
  }

  /// The gradient of the sum of the distances, each by its weight (1 by default), pixel by pixel.
  func slopes(_ x: Tensor, weights: [Double]? = nil) throws -> [Double] {
    let weights = weights ?? [Double](repeating: 1, count: x.shape[0])
    let factors = try Tensor(weights, shape: [weights.count]).cast(to: x.dtype)
    return try run([x, factors], isGradient: true)
  }

  private func run(_ values: [Tensor], isGradient: Bool) throws -> [Double] {
    let key = Key(shape: values[0].shape, dtype: values[0].dtype, isGradient: isGradient)
    let program = try programs[key] ?? build(key)
    programs[key] = program
    return try program.run(values)[0].doubles()
  }

  private func build(_ key: Key) throws -> Program {
    let x = Tensor.placeholder("images", shape: key.shape, dtype: key.dtype)
    let distances = try constraint.distances(x)
    guard key.isGradient else { return try Program(inputs: [x], outputs: [distances]) }
    let weights = Tensor.placeholder("weights", shape: distances.shape, dtype: key.dtype)
    let slopes = try gradient(of: (distances * weights).sum(), withRespectTo: [x])
    return try Program(inputs: [x, weights], outputs: slopes)
  }
}
