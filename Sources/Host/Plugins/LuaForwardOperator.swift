import Engine
import LuaBridge

/// A forward operator that is a Lua function.
public struct LuaForwardOperator: ForwardOperator {
  private let forward: BoundFunction

  public var definition: LuaDefinition { forward.definition }
  /// The values of all parameters.
  public var parameters: LuaTable { forward.parameters }
  public var name: String { definition.name }

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range.
  public init(_ definition: LuaDefinition, parameters: LuaTable = LuaTable()) throws {
    forward = try BoundFunction(definition, kind: .operator, parameters: parameters)
  }

  /// Builds the measurement by calling the script.
  ///
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor `[N, …]`, which is given the dtype of `x`.
  public func measure(_ x: Tensor) throws -> Tensor {
    let count = x.shape.dimensions.first ?? 1
    let result = try forward(x, returning: "a tensor [N, …]")
    guard result.shape.dimensions.first == count else {
      throw forward.problem(
        "forward must return [N, …] with N = \(count), got \(result.shape)")
    }
    return try x.dtype.isFloating ? result.cast(to: x.dtype) : result
  }
}
