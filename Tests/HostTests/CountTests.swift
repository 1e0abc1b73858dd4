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
    let network = try CountingNetwork(
      imageShape: Shape(Array(x.shape.dimensions.dropFirst())), architecture: .dense)
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

  @Test(arguments: [CountingNetwork.Architecture.density, .dense])
  func gradientsAreThoseOfDifferences(_ architecture: CountingNetwork.Architecture) throws {
    let network = try CountingNetwork(imageShape: [1, 8, 8], architecture: architecture)
    let constraint = ObjectCount(network, try Parameters(network.specs, seed: 3), target: 8)
    var random = SplitMix64(seed: 5)
    let x = random.tensor([2, 1, 8, 8])
    let problem = try GradientCheck.problem(
      in: { try constraint.distances($0[0]) }, at: [x], order: 1)
    #expect(problem == nil, "\(problem ?? "")")
  }

  /// A map's sum counts each part of an image for itself: two images side by side, with sky between
  /// them, hold as many objects as both.
  @Test func densitiesAddUp() throws {
    let network = try CountingNetwork(imageShape: [1, 32, 32])
    let parameters = try Parameters(network.specs, seed: 2)
    var random = SplitMix64(seed: 3)
    let sky = Tensor.zeros([1, 1, 32, 32])
    let one = try random.tensor([1, 1, 16, 16], dtype: .float32)
      .padded([(0, 0), (0, 0), (8, 8), (8, 8)])
    func count(_ x: Tensor) throws -> Double { try network(x, parameters).item() }
    let beside = try count(.concatenated([one, sky, one], axis: 3))
    let empty = try count(.concatenated([sky, sky, sky], axis: 3))
    let left = try count(.concatenated([one, sky, sky], axis: 3))
    let right = try count(.concatenated([sky, sky, one], axis: 3))
    #expect(abs(left - empty) > 1e-3)
    #expect(abs(beside - (left + right - empty)) < 1e-4)
  }

  @Test func weightsGoThroughAFileAndARecipe() throws {
    try withTemporaryFolder { folder in
      let network = try CountingNetwork(imageShape: [1, 16, 16], architecture: .dense)
      let parameters = try Parameters(network.specs, seed: 1)
      let file = folder.appendingPathComponent("counter.safetensors").path
      try network.write(parameters, to: file)
      var random = SplitMix64(seed: 5)
      let x = random.tensor([3, 1, 16, 16], dtype: .float32)
      let counted = try network(x, parameters).doubles()
      let constraint = try PluginRegistry.standard(print: { _ in }).constraint(
        named: "swift:count",
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

  /// Files of before there was more than one architecture name none.
  @Test func filesWithoutAnArchitectureAreDense() throws {
    try withTemporaryFolder { folder in
      let network = try CountingNetwork(imageShape: [1, 8, 8], architecture: .dense)
      let parameters = try Parameters(network.specs, seed: 1)
      let file = folder.appendingPathComponent("old.safetensors").path
      try Safetensors.write(parameters.dictionary, metadata: ["image_shape": "1,8,8"], to: file)
      #expect(try CountingNetwork.read(file).0.architecture == .dense)
      try CountingNetwork(imageShape: [1, 8, 8]).write(
        Parameters(CountingNetwork(imageShape: [1, 8, 8]).specs, seed: 1), to: file)
      #expect(try CountingNetwork.read(file).0.architecture == .density)
    }
  }

  // MARK: The plugin

  private func plugin(_ parameters: [String: LuaValue] = [:]) throws -> any Constraint {
    let registry = PluginRegistry(
      searchPath: PluginSearchPath(
        environment: ["MOONGLASS_HOME": Repository.root.path], executable: nil))
    return try registry.constraint(
      named: "lua:count", parameters: LuaTable(fields: parameters))
  }

  private static var shippedWeights: String {
    Repository.root.appendingPathComponent("plugins/constraints/count.safetensors").path
  }

  @Test func luaAndSwiftAgree() throws {
    let lua = try plugin(["target": .integer(7)])
    let swift = try ObjectCount(weights: Self.shippedWeights, target: 7)
    let dataset = try GalaxiesDataset(size: 64, objects: 6...10)
    for x in [
      try dataset.generate(0..<4, seed: 5), try dataset.generate(0..<2, seed: 6).cast(to: .float64),
    ] {
      let (a, b) = (try lua.distances(x), try swift.distances(x))
      #expect(try worstDifference(a.doubles(), b.doubles()) < 1e-4)
      let slopes = try [a, b].map { try gradient(of: $0.sum(), withRespectTo: [x])[0] }
      #expect(try relativeError(slopes[0], slopes[1]) < 1e-4)
    }
  }

  /// The shipped network on images it has not seen.
  @Test func theShippedNetworkCounts() throws {
    let (network, parameters) = try CountingNetwork.read(Self.shippedWeights)
    #expect(network.architecture == .density && parameters.elementCount < 60_000)
    let accuracy = try CounterTraining(CounterTraining.Settings()).accuracy(of: parameters)
    #expect(accuracy.images == 256)
    #expect(accuracy.correct >= 0.9, "\(accuracy)")
  }

  /// Weights of one's own lie beside the plugin; those of other networks are named.
  @Test func thePluginTakesOtherWeights() throws {
    try withTemporaryFolder { folder in
      let place = folder.appendingPathComponent("count.lua")
      try FileManager.default.copyItem(
        at: Repository.root.appendingPathComponent("plugins/constraints/count.lua"), to: place)
      let network = try CountingNetwork(imageShape: [1, 16, 16])
      let parameters = try Parameters(network.specs, seed: 4)
      try network.write(parameters, to: folder.appendingPathComponent("own.safetensors").path)
      func constraint(_ weights: String) throws -> any Constraint {
        try PluginRegistry.standard(print: { _ in }).constraint(
          named: place.path, parameters: LuaTable(fields: ["weights": .string(weights)]))
      }
      var random = SplitMix64(seed: 5)
      let x = random.tensor([2, 1, 24, 16], dtype: .float32)
      let own = try constraint("own.safetensors")
      let expected = try ObjectCount(network, parameters).distances(x).doubles()
      #expect(try worstDifference(own.distances(x).doubles(), expected) < 1e-5)
      // What it has read decides the distance, so that a run has to know of it.
      #expect(
        own.plugins.flatMap(\.dataFiles).map { ($0 as NSString).lastPathComponent }
          == ["own.safetensors"])
      try Safetensors.write(
        ["a": .ones([2])], to: folder.appendingPathComponent("other.safetensors").path)
      let other = #expect(throws: LuaError.self) {
        try constraint("other.safetensors").distances(x)
      }
      #expect(other?.message.contains("there is no 'conv.0.weight'") == true)
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
    (settings.size, settings.steps, settings.batchSize) = (48, 24, 4)
    settings.learningRate = 1e-3
    let training = try CounterTraining(settings)
    try withTemporaryFolder { folder in
      let task = try training.task()
      var state = task.state
      for _ in 0..<24 { #expect(try task.takeStep(&state).isFinite) }
      // Before and after, of images that training has seen.
      let dataset = try GalaxiesDataset(size: 48, objects: 6...10)
      let images = try dataset.generate(0..<32, seed: settings.seed)
      let counts = dataset.counts(0..<32, seed: settings.seed)
      func loss(_ parameters: Parameters) throws -> Double {
        try (training.network(images, parameters) - counts).square().mean().item()
      }
      let (before, after) = (try loss(task.state.parameters), try loss(state.parameters))
      #expect(after < before, "\(before) to \(after)")
      // Half of the steps, saved; then the whole from there.
      let half = TrainingTask(
        name: task.name, state: task.state, partNames: task.partNames, budget: .steps(12),
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

  @Test func luaMakesProducts() throws {
    let source = """
      return mg.product {
        name = "either", { "total_brightness", total = 1 }, { "total_brightness", total = 3 },
      }
      """
    try withPluginFiles(["either.lua": source]) { folder in
      let product = try PluginRegistry.standard(print: { _ in }).constraint(
        named: "\(folder)/either.lua")
      let x = Tensor([1, 3, 4, 0] as [Double], shape: [4, 1, 1, 1])
      #expect(product.name == "either")
      #expect(try product.distances(x).doubles() == [0, 0, 3, 3])
      let metrics = try product.metrics(x)
      #expect(metrics.map(\.name) == ["total_brightness", "total_brightness_2"])
      #expect(try metrics[1].values.doubles() == [2, 0, 1, 3])
      #expect(product.plugins.count == 2)
    }
    try withPluginFiles(["a.lua": "return mg.product { { 'total_brightness', weight = 2 } }"]) {
      folder in
      _ = #expect(throws: LuaError.self) {
        try PluginRegistry.standard(print: { _ in }).constraint(named: "\(folder)/a.lua")
      }
    }
  }

  /// A sum and a product of the same parts are different experiments.
  @Test func aProductIsNotASumToFingerprints() throws {
    func text(_ function: String) throws -> String {
      try withPluginFiles([
        "r.lua": "return mg.recipe { constraint = mg.\(function) { 'burgers' } }"
      ]) { folder in
        try PluginRegistry.standard(print: { _ in }).recipe(file: "\(folder)/r.lua")
          .values["constraint"].canonical()
      }
    }
    #expect(try text("all") != text("product"))
  }
}
