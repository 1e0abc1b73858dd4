import Foundation

/// The settings that readers were asked for: what `docs/recipe.md` is written from.
final class SettingsLog {
  /// One setting.
  struct Entry {
    /// The table it is in; empty for the recipe itself.
    let path: String
    let name: String
    /// What a missing field means; empty where there is nothing to say.
    let standard: String
    /// What it may be.
    let values: String
    let meaning: String
  }

  private(set) var entries: [Entry] = []

  /// Takes a setting down, once.
  func note(_ entry: Entry) {
    guard !entries.contains(where: { $0.path == entry.path && $0.name == entry.name }) else {
      return
    }
    entries.append(entry)
  }

  /// The tables in the order they were read.
  var paths: [String] {
    var paths: [String] = []
    for entry in entries where !paths.contains(entry.path) { paths.append(entry.path) }
    return paths
  }

  /// A range of whole numbers; a limit that is only there to catch mistakes is a power of ten.
  static func text(of range: ClosedRange<Int>) -> String {
    let high = range.upperBound
    if high == Int.max { return "\(range.lowerBound) or more" }
    return "\(range.lowerBound)…\(high >= 100_000 ? short(Double(high)) : "\(high)")"
  }
}

extension Double {
  /// The number with as many digits as the limit of a setting may have: 0.999999 is not 1.
  var listed: String { String(format: "%.7g", self) }
}
