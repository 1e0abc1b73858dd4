import Engine
import Foundation
import LuaBridge

// What decided a stage's result, by name: `settings.json` in its folder. For people, and to say what changed
// where a stage is done anew; what decides whether it is, is the fingerprint.

extension Experiment {
  /// The settings that a stage depends on: fields of the recipe's tables, the seed, and what it comes after.
  ///
  /// - Parameters:
  ///   - tables: names of the recipe's fields; one that it does not have is left out.
  ///   - stages: stages whose results are used.
  ///   - more: what is not written in the recipe, such as hashes of files.
  func stageSettings(
    _ tables: [String], after stages: [Stage], and more: [String: String] = [:]
  ) -> [String: String] {
    var values = more
    values["seed"] = "\(settings.seed)"
    for name in tables {
      let value = recipe.values[name]
      if let table = value.table, table.array.isEmpty {
        for (key, inner) in table.fields { values["\(name).\(key)"] = inner.display }
      } else if !value.isNil {
        values[name] = value.display
      }
    }
    for stage in stages { values[StageSettings.prefix + stage.name] = stage.fingerprint }
    return values
  }

  /// Makes a stage's folder and keeps its settings there; says why an earlier result is not taken.
  ///
  /// - Parameter deed: what is done to it, in the past: `trained`.
  func begin(_ stage: Stage, _ settings: [String: String], deed: String = "made") throws {
    if !FileManager.default.fileExists(atPath: stage.directory.path),
      let earlier = StageSettings.latestFolder(of: stage)
    {
      let kept = "stages/\(earlier.lastPathComponent) is kept"
      let before = StageSettings.read(earlier)
      let changes = before.map { StageSettings.changes(from: $0, to: settings) } ?? []
      progress.note(
        changes.isEmpty
          ? "\(stage.name): \(deed) from the start: its settings differ from those of an earlier run; \(kept)"
          : "\(stage.name): \(deed) anew: \(changes.joined(separator: ", ")) changed; \(kept)")
    }
    try stage.prepare()
    try SafeFile.write(settings, to: stage.directory.appendingPathComponent(StageSettings.fileName))
  }
}

/// The settings of stages as they are kept and compared.
enum StageSettings {
  static let fileName = "settings.json"
  /// Before the name of a stage whose result is used.
  static let prefix = "after."

  /// What is not the same in two stages, in words.
  static func changes(from old: [String: String], to new: [String: String]) -> [String] {
    let keys = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    return keys.map { key in
      switch key {
      case "constraint", "operator": "the \(key) or its file"
      case "measurement": "the file of solve.measurement"
      default: key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : key
      }
    }
  }

  /// The folder of the same stage that was written to last; `nil` where there is none.
  static func latestFolder(of stage: Stage) -> URL? {
    let parent = stage.directory.deletingLastPathComponent()
    let folders = try? FileManager.default.contentsOfDirectory(
      at: parent, includingPropertiesForKeys: [.contentModificationDateKey])
    func date(_ folder: URL) -> Date {
      let values = try? folder.resourceValues(forKeys: [.contentModificationDateKey])
      return values?.contentModificationDate ?? .distantPast
    }
    return (folders ?? []).filter {
      $0.lastPathComponent.hasPrefix(stage.name + "-")
        && $0.lastPathComponent
          != stage.directory.lastPathComponent
    }.max { (date($0), $0.lastPathComponent) < (date($1), $1.lastPathComponent) }
  }

  /// The settings kept in a folder; `nil` in those of older runs.
  static func read(_ folder: URL) -> [String: String]? {
    try? SafeFile.read([String: String].self, from: folder.appendingPathComponent(fileName))
  }
}
