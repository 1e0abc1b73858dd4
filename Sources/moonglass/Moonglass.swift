import ArgumentParser
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
}
