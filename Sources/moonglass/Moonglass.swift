import ArgumentParser
import Foundation
import LuaBridge

/// The program.
@main
struct Moonglass: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "moonglass",
    abstract:
      "Generative models and inverse problems under constraints, by neural approximate mirror maps.",
    version: "\(Version.program)",
    subcommands: [
      Run.self, DataCommand.self, Train.self, Plugin.self, Evaluate.self, Repl.self, Bench.self,
      Doctor.self,
    ])

  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    if let advice = Moonglass.adviceOnCommand(words) {
      Terminal.note("error: \(advice)")
      Foundation.exit(Moonglass.exitCode(for: ValidationError(advice)).rawValue)
    }
    main(nil)
  }

  /// What to say of a command that does not exist, or of its subcommand; `nil` where all do.
  private static func adviceOnCommand(_ words: [String]) -> String? {
    var command: any ParsableCommand.Type = Moonglass.self
    var path = ["moonglass"]
    for word in words {
      let inner: [any ParsableCommand.Type] = command.configuration.subcommands
      if inner.isEmpty || word.hasPrefix("-") || word == "help" { return nil }
      if let next = inner.first(where: { $0._commandName == word }) {
        command = next
        path.append(word)
        continue
      }
      let names = inner.map { $0._commandName }
      let nearest = NearestName.suggestion(word, in: names)
      return "\(path.joined(separator: " ")) has no command '\(word)'\(nearest); it has "
        + names.joined(separator: ", ")
    }
    return nil
  }
}
