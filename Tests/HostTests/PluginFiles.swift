import Engine
import Foundation
import Host
import LuaBridge
import TestSupport

/// A folder that is gone afterwards, with the given files in it.
func withPluginFiles<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws
  -> Result
{
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "moonglass-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, text) in files {
    let file = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  return try body(folder.path)
}

/// The registry with what is shipped, found from anywhere.
func standardRegistry() -> PluginRegistry {
  var registry = PluginRegistry.standard(print: { _ in })
  registry.searchPath = PluginSearchPath(
    environment: ["MOONGLASS_HOME": Repository.root.path], executable: nil)
  return registry
}

extension PluginReport {
  /// The check of that name.
  func result(_ name: String) -> CheckResult? { results.first { $0.name == name } }

  /// What failed, as text for messages.
  var failures: String {
    results.filter { $0.status == .failed }.map { "\($0.name): \($0.detail)" }
      .joined(separator: "; ")
  }
}
