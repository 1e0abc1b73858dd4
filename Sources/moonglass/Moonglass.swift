import ArgumentParser

/// The program.
@main
struct Moonglass: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "moonglass",
    abstract:
      "Generative models and inverse problems under constraints, by neural approximate mirror maps.",
    version: "0.1.0",
    subcommands: [Run.self, Bench.self, Doctor.self])
}
