import Engine
import Foundation

/// Files of known values.
enum GoldenFiles {
  /// The values published with the reference implementation, where they are at hand: set
  /// `MOONGLASS_GOLDEN`, or put them beside the checkout.
  static let reference: String? = {
    let folder =
      ProcessInfo.processInfo.environment["MOONGLASS_GOLDEN"]
      ?? root.deletingLastPathComponent().appendingPathComponent("shared/golden").path
    return FileManager.default.fileExists(atPath: folder + "/data.safetensors") ? folder : nil
  }()

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
