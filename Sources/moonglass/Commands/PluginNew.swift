import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Starts a plugin.
struct PluginNew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a constraint to start from, in plugins/, and settings for editors beside it.")

  @Argument(help: "Its name: letters, digits and underscores.")
  var name: String

  @Flag(name: .customLong("operator"), help: "A forward operator instead of a constraint.")
  var isOperator = false

  func validate() throws {
    guard PluginTemplate.isValid(name: name) else {
      throw ValidationError(
        "a plugin's name has letters, digits and underscores, a letter first; got '\(name)'")
    }
  }

  func run() throws {
    let kind: LuaDefinition.Kind = isOperator ? .operator : .constraint
    let path = PluginTemplate.path(name: name, kind: kind)
    try Terminal.reporting {
      guard !FileManager.default.fileExists(atPath: path) else {
        throw EngineError.file(path: path, reason: "there is such a file already")
      }
      try write(PluginTemplate.text(name: name, kind: kind), to: path)
      let stubs = PluginOptions.registry.searchPath.stubs
      try writeIfMissing(PluginTemplate.languageServerSettings(stubs: stubs), to: ".luarc.json")
      try writeIfMissing(PluginTemplate.luacheckSettings, to: ".luacheckrc")
      Terminal.line(path)
      Terminal.line("next: edit it, then moonglass plugin check \(path)")
    }
  }

  private func writeIfMissing(_ text: String, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) { try write(text, to: path) }
  }

  private func write(_ text: String, to path: String) throws {
    let folder = path.parentFolder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw EngineError.file(path: folder, reason: FileReason.text(error))
    }
    try AtomicFile.write(Array(text.utf8), to: path)
  }
}
