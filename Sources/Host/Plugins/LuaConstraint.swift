import Engine
import LuaBridge

/// A constraint whose distance is a Lua function.
public struct LuaConstraint: Constraint {
  public let definition: LuaDefinition
  /// The values of all parameters.
  public let parameters: LuaTable
  private let distance: LuaFunctionReference

  public var name: String { definition.name }
  public var source: String { "\(distance.file):\(distance.line)" }

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range.
  public init(_ definition: LuaDefinition, parameters given: LuaTable = LuaTable()) throws {
    guard definition.kind == .constraint, let distance = definition.function else {
      throw PluginError.wrongResult(
        file: definition.file, expected: ["constraint"], got: "mg.\(definition.kind.rawValue){…}")
    }
    self.definition = definition
    self.distance = distance
    parameters = try definition.values(for: given)
  }

  /// Builds the distances by calling the script.
  ///
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor `[N]`, which is given the dtype of `x`.
  public func distances(_ x: Tensor) throws -> Tensor {
    let values = try distance.call([.tensor(x), .table(parameters)])
    let count = x.shape.dimensions.first ?? 1
    guard let result = values.first?.tensor else {
      throw problem(
        "distance must return [N] = [\(count)], got \(values.first?.summary ?? "nothing")")
    }
    guard result.dtype.isFloating else {
      throw problem("distance must return a floating tensor, got \(result.dtype.rawValue)")
    }
    guard result.shape == [count] else {
      let advice = LuaConstraint.advice(on: result.shape, count: count)
      throw problem("distance must return [N] = [\(count)], got \(result.shape). \(advice)")
    }
    return try x.dtype.isFloating ? result.cast(to: x.dtype) : result
  }

  private func problem(_ text: String) -> LuaError {
    LuaError(.result, text, file: distance.file, line: distance.line)
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
