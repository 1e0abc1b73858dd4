import Foundation

/// Pages that are written from the code and committed beside it.
public enum CommittedPage {
  /// Set by `make docs`, to write the pages instead of comparing them.
  public static let writes = ProcessInfo.processInfo.environment["MOONGLASS_WRITE_DOCS"] != nil

  /// The first line in which the page at `path`, from the repository's root, differs from `text`; none once
  /// it was written.
  public static func firstDifference(_ path: String, _ text: String) throws -> String? {
    let file = Repository.root.appendingPathComponent(path)
    if writes { try Data(text.utf8).write(to: file) }
    let committed = try String(contentsOf: file, encoding: .utf8)
    return TestSupport.firstDifference(
      committed.components(separatedBy: "\n"), text.components(separatedBy: "\n"))
  }
}
