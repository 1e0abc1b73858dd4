import Engine
import Foundation
import LuaBridge
import TestSupport
import Testing

@testable import Host

/// The counting network and the constraint made of it.
@Suite struct CountTests {
  private static func weights(_ golden: Golden) throws -> Parameters {
    func array(_ name: String) throws -> Tensor { try golden["params/\(name)"] }
    let named = [
      ("conv.0.weight", try array("Conv_0/kernel").permuted([3, 2, 0, 1])),
      ("conv.0.bias", try array("Conv_0/bias")),
      ("conv.1.weight", try array("Conv_1/kernel").permuted([3, 2, 0, 1])),
      ("conv.1.bias", try array("Conv_1/bias")),
      ("dense.0.weight", try array("Dense_0/kernel").transposed()),
      ("dense.0.bias", try array("Dense_0/bias")),
      ("dense.1.weight", try array("Dense_1/kernel").transposed()),
      ("dense.1.bias", try array("Dense_1/bias")),
    ]
    return Parameters(names: named.map(\.0), tensors: named.map(\.1))
  }

  private static let files = Golden.names("constraint_count")

  @Test(.enabled(if: !files.isEmpty, "reference values are not at hand"), arguments: files)
  func agreesWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let x = try golden.image("input")
    let network = try CountingNetwork(imageShape: Shape(Array(x.shape.dimensions.dropFirst())))
    let parameters = try Self.weights(golden)
    #expect(network.specs.map(\.name) == parameters.names)
    #expect(network.specs.map(\.shape) == parameters.tensors.map(\.shape))
    #expect(try relativeError(network(x, parameters), golden["predictions"]) < 1e-5)
    let constraint = ObjectCount(network, parameters, target: try golden.setting("target"))
    let losses = try constraint.distances(x)
    #expect(try relativeError(losses, golden["losses"]) < 1e-5)
    let slope = try gradient(of: losses.mean(), withRespectTo: [x])[0]
    #expect(try relativeError(slope, golden.image("grad")) < 1e-5)
  }

  @Test func gradientsAreThoseOfDifferences() throws {
    let network = try CountingNetwork(imageShape: [1, 8, 8])
    let constraint = ObjectCount(network, try Parameters(network.specs, seed: 3), target: 8)
    var random = SplitMix64(seed: 5)
    let x = random.tensor([2, 1, 8, 8])
    let problem = try GradientCheck.problem(
      in: { try constraint.distances($0[0]) }, at: [x], order: 1)
    #expect(problem == nil, "\(problem ?? "")")
  }

  @Test func weightsGoThroughAFileAndARecipe() throws {
    try withTemporaryFolder { folder in
      let network = try CountingNetwork(imageShape: [1, 16, 16])
      let parameters = try Parameters(network.specs, seed: 1)
      let file = folder.appendingPathComponent("counter.safetensors").path
      try network.write(parameters, to: file)
      var random = SplitMix64(seed: 5)
      let x = random.tensor([3, 1, 16, 16], dtype: .float32)
      let counted = try network(x, parameters).doubles()
      let constraint = try PluginRegistry.standard(print: { _ in }).constraint(
        named: "count",
        parameters: LuaTable(fields: ["weights": .string(file), "target": .integer(2)]))
      #expect(
        try worstDifference(constraint.distances(x).doubles(), counted.map { abs($0 - 2) }) < 1e-6)
      #expect(!constraint.contentHash.isEmpty)
      // Other images than it was trained for, and files that are something else, are named.
      let error = #expect(throws: EngineError.self) {
        try constraint.distances(.ones([1, 1, 8, 32]))
      }
      #expect(error?.message.contains("images of [1, 16, 16], got [1, 1, 8, 32]") == true)
      try Safetensors.write(["a": .ones([2])], to: file)
      let other = #expect(throws: EngineError.self) { try ObjectCount(weights: file) }
      #expect(other?.message.contains("moonglass train counter") == true)
      let missing = #expect(throws: EngineError.self) {
        try ObjectCount(weights: folder.appendingPathComponent("none").path)
      }
      #expect(missing?.message.contains("none") == true)
      #expect(missing?.message.contains("moonglass train counter") == true)
    }
  }

  @Test func aRecipeTrainsTheCounterThatIsMissing() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("runs/counter.safetensors").path
      let table = LuaTable(fields: [
        "weights": .string(file), "size": .integer(48), "steps": .integer(2), "batch": .integer(2),
      ])
      let counter = try ExperimentSettings.Counter(
        SettingsReader(table, path: "counter"), seed: 7)
      try counter.makeIfMissing(progress: SilentProgress())
      let made = try Data(contentsOf: URL(fileURLWithPath: file))
      #expect(try CountingNetwork.read(file).0.imageShape == [1, 48, 48])
      #expect(!FileManager.default.fileExists(atPath: file + ".training"))
      try Data("kept".utf8).write(to: URL(fileURLWithPath: file))
      try counter.makeIfMissing(progress: SilentProgress())
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("kept".utf8))
      #expect(made.count > 1000)
    }
  }

  /// A few steps lower the loss; a stop and a resume give the same weights as no stop.
  @Test func trainingLearnsAndResumes() throws {
    var settings = CounterTraining.Settings()
    (settings.size, settings.steps, settings.batchSize) = (48, 8, 4)
    settings.learningRate = 1e-3
    let training = try CounterTraining(settings)
    try withTemporaryFolder { folder in
      let task = try training.task()
      var state = task.state
      var losses: [Double] = []
      for _ in 0..<8 { losses.append(try task.takeStep(&state).loss) }
      #expect(losses.allSatisfy { $0.isFinite })
      #expect(losses[7] != losses[0])
      // Half of the steps, saved; then the whole from there.
      let half = TrainingTask(
        name: task.name, state: task.state, partNames: task.partNames, budget: .steps(4),
        takeStep: task.takeStep)
      let directory = folder.appendingPathComponent("training")
      _ = try TrainingLoop(directory: directory, progress: SilentProgress()).run(half)
      let resumed = try training.run(in: directory, progress: SilentProgress())
      for (own, expected) in zip(resumed.tensors, state.average.tensors) {
        #expect(try own.floats() == expected.floats())
      }
      // Other settings do not go on in that directory.
      settings.learningRate = 2e-3
      let other = try CounterTraining(settings)
      #expect(throws: EngineError.self) {
        try other.run(in: directory, progress: SilentProgress())
      }
    }
  }
}

@Suite struct ProductConstraintTests {
  private struct Offset: Constraint {
    let name: String
    let value: Double
    func distances(_ x: Tensor) throws -> Tensor { try (x.sum([1, 2, 3]) - value).abs() }
  }

  @Test func isZeroWhereOneHolds() throws {
    let product = try ProductConstraint([Offset(name: "a", value: 1), Offset(name: "b", value: 3)])
    let x = Tensor([1, 3, 4, 0] as [Double], shape: [4, 1, 1, 1])
    #expect(product.name == "a*b")
    #expect(try product.distances(x).doubles() == [0, 0, 3, 3])
    let slope = try gradient(of: product.distances(x).sum(), withRespectTo: [x])[0].doubles()
    #expect(slope == [0, 0, 4, -4])
    #expect(throws: EngineError.self) { try ProductConstraint([]) }
  }
}
