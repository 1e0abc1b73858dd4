import Engine
import LuaBridge

/// The main function of a plugin with its parameters: what Lua-backed constraints and operators call.
struct BoundFunction: Sendable {
  let definition: LuaDefinition
  /// The values of all parameters.
  let parameters: LuaTable
  private let function: LuaFunctionReference

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range, ``PluginError`` for a
  ///   definition of another kind.
  init(_ definition: LuaDefinition, kind: LuaDefinition.Kind, parameters given: LuaTable) throws {
    guard definition.kind == kind, let function = definition.function else {
      throw PluginError.wrongResult(
        file: definition.file, expected: [kind.rawValue],
        got: "mg.\(definition.kind.rawValue){…}")
    }
    self.definition = definition
    self.function = function
    parameters = try definition.values(for: given)
  }

  /// Where the function is written: `plugins/flux.lua:7`.
  var source: String { "\(function.file):\(function.line)" }

  /// Builds the result for images by calling the script.
  ///
  /// - Parameter expected: what messages say it must return.
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor.
  func callAsFunction(_ x: Tensor, returning expected: String) throws -> Tensor {
    let name = definition.kind.functionKey ?? ""
    let values = try function.call([.tensor(x), .table(parameters)])
    guard let result = values.first?.tensor else {
      throw problem(
        "\(name) must return \(expected), got \(values.first?.summary ?? "nothing")")
    }
    guard result.dtype.isFloating else {
      throw problem("\(name) must return a floating tensor, got \(result.dtype.rawValue)")
    }
    return result
  }

  /// An error about what the function returned.
  func problem(_ text: String) -> LuaError {
    LuaError(.result, text, file: function.file, line: function.line)
  }
}
