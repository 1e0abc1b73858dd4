import Foundation
import LuaBridge
import TestSupport
import Testing

/// What the documentation says is what the library does.
@Suite("The reference is true")
struct ReferenceTests {
  struct Snippet: Sendable, CustomTestStringConvertible {
    let name: String
    let example: LuaFunction.Example
    let isError: Bool
    var testDescription: String { "\(name): \(example.expression)" }
  }

  static let snippets = Catalogue.functions.flatMap { function in
    function.examples.map { Snippet(name: function.name, example: $0, isError: false) }
      + function.errors.map { Snippet(name: function.name, example: $0, isError: true) }
  }

  @Test("Examples print what they say", arguments: snippets)
  func example(_ snippet: Snippet) throws {
    let lines = Lines()
    let source = "\(snippet.example.setup)\nprint(\(snippet.example.expression))"
    do {
      _ = try lua(source) { lines.append($0) }
      #expect(!snippet.isError, "\(snippet.name) does not fail")
      #expect(lines.text == snippet.example.output)
    } catch let error as LuaError {
      #expect(snippet.isError, "\(snippet.name): \(error)")
      #expect(error.text == snippet.example.output)
    }
  }

  @Test("Every function has an example, and one of a mistake")
  func complete() {
    let untried = Catalogue.functions.filter { $0.examples.isEmpty && !$0.needsAFile }
    #expect(untried.map(\.name) == [])
    #expect(Catalogue.functions.filter(\.errors.isEmpty).map(\.name) == [])
  }

  @Test("No name is given twice")
  func distinct() {
    for names in [
      Catalogue.functions.filter(\.isFunction).map(\.name),
      Catalogue.functions.filter(\.isMethod).map(\.name),
    ] {
      #expect(names.count == Set(names).count)
    }
  }

  @Test(
    "The committed pages are what the bindings give",
    arguments: [("docs/lua-api.md", true), ("docs/meta/moonglass.lua", false)])
  func committed(_ path: String, _ isPage: Bool) throws {
    let text = isPage ? LuaReference.markdown() : LuaReference.stubs()
    #expect(try CommittedPage.firstDifference(path, text) == nil, "run `make docs`")
  }

  @Test("The stubs are Lua")
  func stubsLoad() throws {
    // As a file of its own, with names of its own: `mg` itself cannot be changed.
    let source = LuaReference.stubs().replacingOccurrences(of: "\nmg = {}", with: "\nlocal mg = {}")
    let values = try lua(source)
    #expect(values.first?.table != nil)
  }
}

extension LuaFunction {
  /// Whether only a plugin that lies in a folder can call it; `LoadTests` do.
  fileprivate var needsAFile: Bool { name == "load" }
}

/// Collects what a script prints.
final class Lines: @unchecked Sendable {
  private let lock = NSLock()
  private var lines: [String] = []
  func append(_ line: String) { lock.withLock { lines.append(line) } }
  var text: String { lock.withLock { lines.joined(separator: "\n") } }
}
