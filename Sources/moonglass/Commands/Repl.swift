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
      An expression is shown with its value; what is not finished goes on in the next line. Variables stay until \
      the end, those declared 'local' outside any block too. help() says what else there is. On a terminal: \
      arrows, Tab completes, Ctrl-C drops what is typed or stops what runs, Ctrl-D ends.
      """)

  @Option(help: "A file to keep the lines of earlier sessions in.")
  var history: String?

  func run() throws {
    Foundation.signal(SIGPIPE, SIG_IGN)
    let registry = PluginOptions.registry
    // Somebody waits for every answer, and can end the program.
    let runtime = try LuaRuntime(
      limits: LuaLimits(seconds: 600), moduleFolders: ["."] + registry.searchPath.folders,
      extra: ReplFunctions(registry: registry).functions, print: { Terminal.line($0) })
    _ = try runtime.run(ReplFunctions.prelude, name: "repl")
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    var input = ReplInput(isTerminal: isTerminal, history: history)
    if isTerminal {
      runtime.allowInterrupts()
      // The line editor takes Ctrl-C as a key: the signal comes only while something runs.
      Signals.handleStoppingLua()
      Terminal.line(
        "moonglass \(Version.program): Lua with tensors; mg.ones(2, 2) is one. help() helps, Ctrl-D ends."
      )
    }
    var failed = false
    var chunk = ""
    // The line of the input that the chunk begins on, for messages.
    var (first, count) = (1, 0)
    reading: while true {
      let line: String
      switch input.next(continues: !chunk.isEmpty) {
      case .line(let text): line = text
      case .dropped:
        chunk = ""
        continue reading
      case .end: break reading
      }
      count += 1
      if chunk.isEmpty { first = count }
      chunk += chunk.isEmpty ? line : "\n" + line
      guard !chunk.allSatisfy(\.isWhitespace) else {
        chunk = ""
        continue
      }
      if ["exit", "exit()", "quit", "quit()"].contains(chunk) {
        chunk = ""
        break reading
      }
      guard let succeeded = evaluate(chunk, from: first, in: runtime) else { continue }
      failed = failed || !succeeded
      input.remember(chunk)
      chunk = ""
    }
    if !chunk.isEmpty {
      failed = true
      Terminal.note("error: stdin:\(first): the input ends in the middle of: \(chunk)")
    }
    if failed, !isTerminal { throw ExitCode(ExitStatus.dataError) }
  }

  /// - Returns: whether it went well; `nil` if the chunk is not finished.
  private func evaluate(_ chunk: String, from line: Int, in runtime: LuaRuntime) -> Bool? {
    if ["help", "help()"].contains(chunk) {
      Terminal.line(Repl.help)
      return true
    }
    do {
      for value in try results(of: chunk, from: line, in: runtime) {
        Terminal.line(LuaText.describe(value))
      }
      return true
    } catch {
      if error.kind == .syntax, error.text.hasSuffix("near <eof>") {
        guard let hint = Habits.hint(forUnfinished: chunk) else { return nil }
        Terminal.note("error: stdin:\(line): \(error.text)")
        Terminal.note("hint: \(hint)")
        return false
      }
      Terminal.note("error: \(error.message)")
      if let hint = error.hint { Terminal.note("hint: \(hint)") }
      return false
    }
  }

  /// As an expression where it is one, else as statements.
  private func results(of chunk: String, from line: Int, in runtime: LuaRuntime) throws(LuaError)
    -> [LuaValue]
  {
    // Messages count the lines of the whole input.
    let before = String(repeating: "\n", count: line - 1)
    let problem: LuaError
    do {
      return try runtime.run(before + "return " + chunk, name: "stdin")
    } catch  where error.kind == .syntax {
      problem = error
    }
    do {
      return try runtime.run(before + TopLevelLocals.livingOn(chunk), name: "stdin")
    } catch  where error.kind == .syntax && problem.text.hasSuffix("near <eof>") {
      // An expression that ends in an operator is no statement, but goes on.
      throw problem
    }
  }

  private static let help = """
    An expression shows its value: 1 + 1, mg.arange(3) * 2, x.shape. Statements are Lua: local x = mg.ones(2, 2)
    Tensors: x:sum { 2, 3 }, x[{ {}, { 1, 8 } }], mg.grad(f, x); axes and indices count from 1.
    Files: x = load("x.npy"), save("x.npy", x). A rule: d = constraint("total_brightness", { total = 10 }), d(x)
    Every function is in docs/lua-api.md; Lua for people who know NumPy in docs/lua-for-numpy-people.md.
    Tab completes names; exit() or Ctrl-D ends.
    """
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

  mutating func next(continues: Bool) -> LineEditor.Input {
    guard let editor else {
      return readLine(strippingNewline: true).map(LineEditor.Input.line) ?? .end
    }
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
