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
  func values(_ x: Tensor) throws -> [Double] { try run(x, isGradient: false) }

  /// The gradient of the sum of the distances, pixel by pixel.
  func slopes(_ x: Tensor) throws -> [Double] { try run(x, isGradient: true) }

  private func run(_ x: Tensor, isGradient: Bool) throws -> [Double] {
    let key = Key(shape: x.shape, dtype: x.dtype, isGradient: isGradient)
    let program = try programs[key] ?? build(key)
    programs[key] = program
    return try program.run([x])[0].doubles()
  }

  private func build(_ key: Key) throws -> Program {
    let x = Tensor.placeholder("images", shape: key.shape, dtype: key.dtype)
    let distances = try constraint.distances(x)
    let output =
      key.isGradient ? try gradient(of: distances.sum(), withRespectTo: [x])[0] : distances
    return try Program(inputs: [x], outputs: [output])
  }
}
