import Engine
import Foundation

/// Files of known values.
enum GoldenFiles {
  /// Our own, committed.
  static func own(_ name: String) -> String {
    root.appendingPathComponent("Tests/Golden/\(name)").path
  }

  private static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }
}

/// The largest difference between two lists of numbers.
func worstDifference(_ a: [Double], _ b: [Double]) -> Double {
  a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
