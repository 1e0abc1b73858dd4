import Engine
import LuaBridge

/// A forward operator that is a Lua function.
public struct LuaForwardOperator: ForwardOperator {
  public let definition: LuaDefinition
  /// The values of all parameters.
  public let parameters: LuaTable
  private let forward: LuaFunctionReference

  public var name: String { definition.name }

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range.
  public init(_ definition: LuaDefinition, parameters given: LuaTable = LuaTable()) throws {
    guard definition.kind == .operator, let forward = definition.function else {
      throw PluginError.wrongResult(
        file: definition.file, expected: ["operator"], got: "mg.\(definition.kind.rawValue){…}")
    }
    self.definition = definition
    self.forward = forward
    parameters = try definition.values(for: given)
  }

  /// Builds the measurement by calling the script.
  ///
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor `[N, …]`, which is given the dtype of `x`.
  public func measure(_ x: Tensor) throws -> Tensor {
    let values = try forward.call([.tensor(x), .table(parameters)])
    let count = x.shape.dimensions.first ?? 1
    guard let result = values.first?.tensor else {
      throw problem(
        "forward must return a tensor [N, …], got \(values.first?.summary ?? "nothing")")
    }
    guard result.dtype.isFloating else {
      throw problem("forward must return a floating tensor, got \(result.dtype.rawValue)")
    }
    guard result.shape.dimensions.first == count else {
      throw problem("forward must return [N, …] with N = \(count), got \(result.shape)")
    }
    return try x.dtype.isFloating ? result.cast(to: x.dtype) : result
  }

  private func problem(_ text: String) -> LuaError {
    LuaError(.result, text, file: forward.file, line: forward.line)
  }
}
