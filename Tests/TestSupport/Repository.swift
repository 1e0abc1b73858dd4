import Foundation

/// The source tree the tests were built from.
public enum Repository {
  /// Its root folder.
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All Swift files below a folder of the repository, in order of their paths.
  public static func swiftFiles(under folder: String) throws -> [URL] {
    let start = root.appendingPathComponent(folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: start.path)
    return paths.filter { $0.hasSuffix(".swift") }.sorted().map(start.appendingPathComponent)
  }
}
