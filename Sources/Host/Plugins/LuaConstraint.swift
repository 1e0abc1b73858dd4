import Engine
import LuaBridge

/// A constraint whose distance is a Lua function.
public struct LuaConstraint: Constraint {
  private let distance: BoundFunction

  public var definition: LuaDefinition { distance.definition }
  /// The values of all parameters.
  public var parameters: LuaTable { distance.parameters }
  public var name: String { definition.name }
  public var source: String { distance.source }

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range.
  public init(_ definition: LuaDefinition, parameters: LuaTable = LuaTable()) throws {
    distance = try BoundFunction(definition, kind: .constraint, parameters: parameters)
  }

  /// Builds the distances by calling the script.
  ///
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor `[N]`, which is given the dtype of `x`.
  public func distances(_ x: Tensor) throws -> Tensor {
    let count = x.shape.dimensions.first ?? 1
    let result = try distance(x, returning: "[N] = [\(count)]")
    guard result.shape == [count] else {
      let advice = LuaConstraint.advice(on: result.shape, count: count)
      throw distance.problem(
        "distance must return [N] = [\(count)], got \(result.shape). \(advice)")
    }
    return try x.dtype.isFloating ? result.cast(to: x.dtype) : result
  }

  private static func advice(on shape: Shape, count: Int) -> String {
    switch (shape.rank, shape.dimensions.first) {
    case (0, _): "Keep the first axis: sum over {2, 3, 4} only."
    case (2, count): "Sum over the last axis too?"
    case (_, count): "Sum over axes 2 to \(shape.rank) too?"
    default: "Keep the first axis and sum over the others."
    }
  }
}
