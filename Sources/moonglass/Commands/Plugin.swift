import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Everything for people who write constraints and operators.
struct Plugin: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write, check and look at constraints and operators.",
    subcommands: [
      PluginNew.self, PluginCheckCommand.self, PluginList.self, PluginDocs.self, PluginBench.self,
      PluginGenerate.self,
    ])
}

/// What all commands about plugins take.
struct PluginOptions: ParsableArguments {
  @Option(
    name: .customLong("param"),
    help: ArgumentHelp(
      "A parameter of the plugin, such as total=120; again for more.", valueName: "name=value"))
  var parameters: [String] = []

  /// The registry with everything that is shipped and built in; what plugins print goes to standard
  /// error.
  static var registry: PluginRegistry {
    .standard(print: { Terminal.note("plugin: \($0)") })
  }

  /// The parameters as a table: numbers, `true` and `false`, lists in braces, else text.
  func table() throws -> LuaTable {
    var table = LuaTable()
    for parameter in parameters {
      guard let split = parameter.firstIndex(of: "="), split > parameter.startIndex else {
        throw ValidationError("--param must be name=value, got '\(parameter)'")
      }
      let text = String(parameter[parameter.index(after: split)...])
      if !text.hasPrefix("{"), text.contains(#/,\s*[A-Za-z_]\w*=/#) {
        throw ValidationError("one --param for each parameter, got '\(parameter)'")
      }
      table[String(parameter[..<split])] = try PluginOptions.value(text)
    }
    return table
  }

  private static func value(_ text: String) throws -> LuaValue {
    if let integer = Int(text) { return .integer(integer) }
    if let number = Double(text), number.isFinite { return .number(number) }
    if text == "true" || text == "false" { return .bool(text == "true") }
    guard text.hasPrefix("{") else { return .string(text) }
    return try LuaRuntime().run("return " + text, name: "--param").first ?? .nil
  }
}

/// How commands speak to people.
enum Terminal {
  /// A line on standard error.
  static func note(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((safe(text) + "\n").utf8))
  }

  /// A line on standard output, or the several of a table.
  static func line(_ text: String) {
    let text = safe(text, limit: 1 << 16)
    try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }

  /// Names and texts of plugins and recipes as a terminal may have them: what would move its cursor or turn
  /// the order of letters is written out, and nobody reads a message of more than 4 kB.
  static func safe(_ text: String, limit: Int = 4096) -> String {
    var result = ""
    for scalar in cut(text, limit: limit).unicodeScalars {
      let category = scalar.properties.generalCategory
      let isSafe =
        category != .control && category != .format || "\n\t".unicodeScalars.contains(scalar)
      if isSafe {
        result.unicodeScalars.append(scalar)
      } else {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return result
  }

  static func cut(_ text: String, limit: Int = 4096) -> String {
    guard text.utf8.count > limit else { return text }
    return String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…"
  }

  /// Runs a command's body; what goes wrong is reported, with the exit code that goes with it.
  static func reporting(isJSON: Bool = false, _ body: () throws -> Void) throws {
    Foundation.signal(SIGPIPE, SIG_IGN)
    do {
      try body()
    } catch let error where error is any Diagnostic {
      ConsoleProgress(isJSON: isJSON).fail(error)
      throw ExitCode(ExitStatus.of(error))
    }
  }

  /// Writes a value as JSON, one line.
  static func json(_ value: some Encodable) throws {
    // JSON escapes by itself, and must stay whole.
    try? FileHandle.standardOutput.write(contentsOf: Data((try jsonLine(value) + "\n").utf8))
  }

  /// Rows of text with columns under each other.
  static func table(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        column == row.count - 1
          ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
      }
      return cells.joined(separator: "  ")
    }
  }
}
