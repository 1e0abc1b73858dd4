import ArgumentParser
import Engine
import Foundation
import Host

/// Training of single networks.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a network that constraints need.", subcommands: [TrainCounter.self])
}

/// Trains the network of the constraint `count`.
struct TrainCounter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "counter",
    abstract: "Train the network that counts galaxies, for the constraint 'count'.",
    discussion: """
      The constraint 'count' has a network for galaxies of 64×64; this makes others. Every step sees new \
      images of the dataset 'galaxies'. Run it again after a stop to go on. Recipes use the file as \
      constraint = { "swift:count", weights = "counter.safetensors", target = 8 }.
      """)

  @Option(help: "Rows and columns of an image; divisible by 4.")
  var size = CounterTraining.Settings().size

  @Option(help: "The smallest number of objects.")
  var fewest = CounterTraining.Settings().fewest

  @Option(help: "The largest number of objects.")
  var most = CounterTraining.Settings().most

  @Option(help: "Steps of training.")
  var steps = CounterTraining.Settings().steps

  @Option(help: "Images in a step.")
  var batch = CounterTraining.Settings().batchSize

  @Option(help: "Rate of Adam.")
  var learningRate = CounterTraining.Settings().learningRate

  @Option(help: "Seed of all random numbers.")
  var seed: UInt64 = 0

  @Option(help: "The file of weights.", completion: .file(extensions: ["safetensors"]))
  var output = "counter.safetensors"

  @OptionGroup var reporting: ReportingOptions

  func validate() throws {
    guard steps >= 1, (1...65536).contains(batch), learningRate > 0, learningRate <= 1 else {
      throw ValidationError("--steps and --batch must be positive, --learning-rate in 0…1")
    }
  }

  func run() throws {
    try reporting.run { progress in
      var settings = CounterTraining.Settings()
      (settings.size, settings.fewest, settings.most) = (size, fewest, most)
      (settings.steps, settings.batchSize) = (steps, batch)
      (settings.learningRate, settings.seed) = (learningRate, seed)
      try CounterTraining(settings).write(to: output, progress: progress)
    }
  }
}
