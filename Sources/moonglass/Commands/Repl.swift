import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Lua, line by line, with everything plugins have.
struct Repl: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try out Lua and tensors; reads standard input, with editing on a terminal.",
    discussion: """
      An expression is shown with its value; what is not finished goes on in the next line. Names without \
      'local' stay until the end. On a terminal: arrows, Tab completes, Ctrl-C drops the line, Ctrl-D ends.
      """)

  @Option(help: "A file to keep the lines of earlier sessions in.")
  var history: String?

  func run() throws {
    Foundation.signal(SIGPIPE, SIG_IGN)
    let registry = PluginOptions.registry
    // Somebody waits for every answer, and can end the program.
    let runtime = try LuaRuntime(
      limits: LuaLimits(seconds: 600), moduleFolders: ["."] + registry.searchPath.folders,
      print: { Terminal.line($0) })
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    var input = ReplInput(isTerminal: isTerminal, history: history)
    if isTerminal {
      Terminal.line(
        "moonglass \(Version.program): Lua with tensors; mg.ones(2, 2) is one. Ctrl-D ends.")
    }
    var failed = false
    var chunk = ""
    while let line = input.next(continues: !chunk.isEmpty) {
      chunk += chunk.isEmpty ? line : "\n" + line
      guard !chunk.allSatisfy(\.isWhitespace) else {
        chunk = ""
        continue
      }
      guard let succeeded = evaluate(chunk, in: runtime) else { continue }
      failed = failed || !succeeded
      input.remember(chunk)
      chunk = ""
    }
    if !chunk.isEmpty {
      failed = true
      Terminal.note("error: the input ends in the middle of: \(chunk)")
    }
    if failed, !isTerminal { throw ExitCode(ExitStatus.dataError) }
  }

  /// - Returns: whether it went well; `nil` if the chunk is not finished.
  private func evaluate(_ chunk: String, in runtime: LuaRuntime) -> Bool? {
    do {
      for value in try results(of: chunk, in: runtime) { Terminal.line(LuaText.describe(value)) }
      return true
    } catch {
      if error.kind == .syntax, error.text.hasSuffix("near <eof>") { return nil }
      Terminal.note("error: \(error.message)")
      if let hint = error.hint { Terminal.note("hint: \(hint)") }
      return false
    }
  }

  /// As an expression where it is one, else as statements.
  private func results(of chunk: String, in runtime: LuaRuntime) throws(LuaError) -> [LuaValue] {
    do {
      return try runtime.run("return " + chunk, name: "stdin")
    } catch  where error.kind == .syntax {
      return try runtime.run(chunk, name: "stdin")
    }
  }
}

/// Where the lines come from: a terminal with editing, or a pipe.
private struct ReplInput {
  private let editor: LineEditor?
  private let historyFile: String?
  private var lines: [String] = []

  init(isTerminal: Bool, history: String?) {
    historyFile = history
    lines =
      history.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }?
      .split(separator: "\n").suffix(1000).map(String.init) ?? []
    editor = isTerminal ? LineEditor(words: ReplInput.words) : nil
  }

  mutating func next(continues: Bool) -> String? {
    guard let editor else { return readLine(strippingNewline: true) }
    return editor.read(prompt: continues ? ".. " : "> ", history: lines)
  }

  mutating func remember(_ chunk: String) {
    guard editor != nil else { return }
    let line = chunk.replacing("\n", with: " ")
    lines.append(line)
    guard let historyFile else { return }
    if !FileManager.default.fileExists(atPath: historyFile) {
      _ = FileManager.default.createFile(atPath: historyFile, contents: nil)
    }
    guard let handle = FileHandle(forWritingAtPath: historyFile) else { return }
    defer { try? handle.close() }
    _ = try? handle.seekToEnd()
    try? handle.write(contentsOf: Data((line + "\n").utf8))
  }

  /// What Tab knows.
  private static let words =
    Catalogue.functions.flatMap { function in
      (function.isFunction ? ["mg.\(function.name)"] : [])
        + (function.isMethod ? [":\(function.name)"] : [])
    } + [
      "local ", "function ", "return ", "print(", "tostring(", "string.", "table.", "math.",
      "require ",
    ]
}
