import Engine
import LuaBridge

/// A whole experiment as a Lua file describes it: a tree of settings, and the plugins they name.
public struct Recipe: Sendable {
  /// What the file returned.
  public let definition: LuaDefinition
  /// Finds plugins beside the recipe first.
  public let registry: PluginRegistry

  /// The settings as written.
  public var values: LuaTable { definition.fields }
  /// The recipe's file.
  public var file: String { definition.file }

  /// The constraint of the setting `constraint`; `nil` if there is none.
  public func constraint() throws -> (any Constraint)? {
    let reference = values["constraint"]
    return reference.isNil ? nil : try registry.constraint(reference)
  }

  /// The forward operator of the setting `operator`; `nil` if there is none.
  public func forwardOperator() throws -> (any ForwardOperator)? {
    let reference = values["operator"]
    return reference.isNil ? nil : try registry.forwardOperator(reference)
  }
}
