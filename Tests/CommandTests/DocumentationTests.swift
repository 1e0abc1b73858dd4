import Foundation
import Testing

/// The guides hold what they say: every block of code in them is run.
///
/// A Lua block that begins with `-- file: PATH` is written there; others are piped into the repl as they stand,
/// and what they print is compared with their `-->` comments. Of a console block the lines after `$` are run, and the lines after
/// them must come out, in order; `…` stands for anything.
@Suite struct DocumentationTests {
  static let pages = ["lua-for-numpy-people", "writing-constraints", "writing-operators"]

  private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs")

  private struct Block {
    let language: String
    let lines: [String]
    let number: Int
  }

  private func blocks(_ page: String) throws -> [Block] {
    let text = try String(
      contentsOf: Self.docs.appendingPathComponent("\(page).md"), encoding: .utf8)
    var blocks: [Block] = []
    var open: (language: String, lines: [String], number: Int)?
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if line.hasPrefix("```") {
        if let block = open {
          blocks.append(Block(language: block.language, lines: block.lines, number: block.number))
          open = nil
        } else {
          open = (String(line.dropFirst(3)), [], index + 1)
        }
      } else {
        open?.lines.append(line)
      }
    }
    #expect(open == nil, "\(page).md: a block is not closed")
    return blocks
  }

  @Test(arguments: pages) func everyBlockRuns(_ page: String) throws {
    try withFolder([:]) { folder in
      let blocks = try blocks(page)
      #expect(blocks.count > 3)
      for block in blocks {
        let place = "docs/\(page).md:\(block.number)"
        switch block.language {
        case "lua": try runLua(block, in: folder, place)
        case "console": try runConsole(block, in: folder, place)
        default: Issue.record("\(place): blocks are lua or console, not '\(block.language)'")
        }
      }
    }
  }

  private func runLua(_ block: Block, in folder: URL, _ place: String) throws {
    if let path = block.lines.first.flatMap({ $0.wholeMatch(of: #/-- file: (\S+)/#) }) {
      let file = folder.appendingPathComponent(String(path.1))
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      // The mark stays: line numbers in messages are those of the block.
      try block.lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let source = folder.appendingPathComponent("block.lua")
    try (block.lines + [""]).joined(separator: "\n").write(
      to: source, atomically: true, encoding: .utf8)
    let result = try Invocation.run(["repl"], in: folder, input: source)
    #expect(result.status == 0, "\(place): \(result.errors)")
    let expected = block.lines.compactMap { line in
      line.range(of: "--> ").map { String(line[$0.upperBound...]) }
    }
    #expect(result.output.split(separator: "\n").map(String.init) == expected, "\(place)")
  }

  private func runConsole(_ block: Block, in folder: URL, _ place: String) throws {
    var output: Substring = ""
    for line in block.lines where !line.isEmpty {
      if line.hasPrefix("$ ") {
        let parts = line.dropFirst(2).components(separatedBy: " # exit code ")
        let words = parts[0].split(separator: " ").map(String.init)
        #expect(words.first == "moonglass", "\(place): \(line)")
        let result = try Invocation.run(Array(words.dropFirst()), in: folder)
        let status = parts.count > 1 ? Int32(parts[1]) : 0
        #expect(result.status == status, "\(place): \(line)\n\(result.output)\(result.errors)")
        output = Substring(result.output)
      } else {
        for part in line.split(separator: "…").map({ $0.trimmingCharacters(in: .whitespaces) })
        where !part.isEmpty {
          let range = output.range(of: part)
          #expect(range != nil, "\(place): '\(part)' is not in\n\(output)")
          if let range { output = output[range.upperBound...] }
        }
      }
    }
  }
}
