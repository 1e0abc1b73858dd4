import Foundation
import TestSupport
import Testing

/// Dependencies go one way: moonglass → Host → LuaBridge → Engine → C.
@Suite struct DependencyTests {
  static let cLibraries: Set<String> = ["COpenBLAS", "CFFTW", "CPNG"]

  @Test(arguments: [
    ("Engine", ["Host", "LuaBridge", "CLua", "moonglass", "Logging", "ArgumentParser"]),
    ("LuaBridge", ["Host", "moonglass", "Logging", "ArgumentParser"]),
    ("Host", ["moonglass", "CLua", "ArgumentParser"]),
    ("moonglass", ["CKernels", "CLua"]),
  ]) func importsGoOneWay(_ module: String, _ forbidden: [String]) throws {
    let files = try Repository.swiftFiles(under: "Sources/\(module)")
    #expect(!files.isEmpty)
    for file in files {
      let imported = try imports(of: String(contentsOf: file, encoding: .utf8))
      let wrong = imported.intersection(Self.cLibraries.union(forbidden))
      #expect(wrong.isEmpty, "\(module)/\(file.lastPathComponent) imports \(wrong.sorted())")
    }
  }

  /// Sources that ship must not need what only tests have.
  @Test func sourcesDoNotImportTests() throws {
    for file in try Repository.swiftFiles(under: "Sources") {
      let imported = try imports(of: String(contentsOf: file, encoding: .utf8))
      #expect(imported.isDisjoint(with: ["Testing", "XCTest", "TestSupport"]), "\(file.path)")
    }
  }

  private func imports(of source: String) -> Set<String> {
    let pattern =
      #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal |private )?import\s+(?:(?:struct|class|enum|func|protocol|typealias|var)\s+)?(\w+)/#
      .anchorsMatchLineEndings()
    return Set(source.matches(of: pattern).map { String($0.1) })
  }
}
