import LuaBridge

/// A Lua definition and the parameters it is used with: what a run has to remember of a plugin.
public struct BoundPlugin: Sendable {
  public let definition: LuaDefinition
  public let parameters: LuaTable

  init(_ definition: LuaDefinition, _ parameters: LuaTable) {
    self.definition = definition
    self.parameters = parameters
  }

  /// The files it is written in, its own first.
  public var files: [String] { [definition.file] + definition.modules }

  /// The files with numbers that it has read.
  public var dataFiles: [String] { definition.dataFiles }
}
