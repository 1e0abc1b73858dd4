import Engine
import Foundation
import Synchronization
import Testing

@testable import Host

/// Training loops: exact resumption, and what is not finite.
@Suite struct TrainingTests {
  private struct Spoiled: Constraint {
    let name = "spoiled"
    func distances(_ x: Tensor) throws -> Tensor { try (x * 0 - 1).log().mean([1, 2, 3]) }
  }

  private func settings() -> NAMMSettings {
    var settings = NAMMSettings(
      networks: NAMMNetworks(
        forward: ICNN(filters: 2, layers: 2), inverse: ResNetGenerator(width: 4, blocks: 1)),
      batchSize: 3)
    settings.optimizer.learningRate = 1e-3
    return settings
  }

  private func images() throws -> Tensor {
    try BlackHoleDataset(size: 16, total: 5).generate(count: 10, seed: 1)
  }

  private func withDirectory(_ body: (URL) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "moonglass-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url)
  }

  @Test func resumedTrainingIsUninterruptedTraining() throws {
    let trainer = try NAMMTrainer(
      settings(), images: images(), constraint: TotalBrightness(total: 5), seed: 4)
    func train(_ steps: [Int], in url: URL) throws -> TrainingResult {
      var loop = TrainingLoop(directory: url, progress: SilentProgress())
      loop.recordInterval = 2
      var result: TrainingResult?
      for limit in steps { result = try loop.run(trainer.task(budget: .steps(limit))) }
      return try #require(result)
    }
    try withDirectory { whole in
      try withDirectory { parts in
        let (a, b) = (try train([13], in: whole), try train([1, 6, 7, 13], in: parts))
        #expect(a.state.step == 13 && b.state.step == 13)
        #expect(a.history == b.history)
        for (group, tensors) in a.state.groups {
          for (name, tensor) in tensors {
            let other = try #require(b.state.groups[group]?[name])
            #expect(try tensor.floats() == other.floats(), "\(group) \(name)")
          }
        }
      }
    }
  }

  /// Numbers in files are anybody's.
  @Test func statesThatTrainingDoesNotWriteAreRefused() throws {
    struct State: Encodable {
      struct Pending: Encodable {
        var count = 0
        var loss = 0.0
        var parts: [Double] = []
      }
      var seconds = 1.0
      var history: [LossRecord] = []
      var pending = Pending()
    }
    let trainer = try NAMMTrainer(
      settings(), images: images(), constraint: TotalBrightness(total: 5), seed: 4)
    let task = trainer.task(budget: .steps(2))
    func resume(_ edit: (inout State) -> Void) throws {
      try withDirectory { url in
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        var state = State()
        edit(&state)
        try Checkpoint.save(step: 1, groups: task.state.groups, state: state, in: url)
        _ = try TrainingLoop(directory: url, progress: SilentProgress()).run(task)
      }
    }
    try resume { _ in }
    let edits: [(inout State) -> Void] = [
      { $0.seconds = 1e300 }, { $0.seconds = -1 }, { $0.pending.count = .max },
      { $0.pending.count = -1 }, { $0.pending.parts = [1] }, { $0.pending.loss = 1.7e308 },
      { $0.pending.parts = Array(repeating: 1, count: 9) },
      { $0.history = [LossRecord(step: .min, loss: 1, parts: [1, 1, 1])] },
      { $0.history = [LossRecord(step: 1, loss: 1, parts: [])] },
    ]
    for (number, edit) in edits.enumerated() {
      let error = #expect(throws: EngineError.self) { try resume(edit) }
      #expect(error?.message.contains("does not fit") == true, "edit \(number)")
    }
  }

  /// Eq. 7: the forward map stays, the inverse learns, and what an interruption does is nothing.
  @Test func finetuningChangesTheInverseMapAlone() throws {
    let (settings, images) = (settings(), try images())
    let constraint = TotalBrightness(total: 5)
    let start = try Parameters(settings.networks.parameters, seed: 4)
    let samples = try settings.networks.map(start).forward(all: images) + 0.3
    let trainer = try FinetuneTrainer(
      settings, start: start, images: images, mirrorSamples: samples, constraint: constraint,
      seed: 4)
    let inverse = settings.networks.split(start).inverse
    #expect(trainer.initialState.parameters.names == inverse.names)
    var state = trainer.initialState
    var losses: [Double] = []
    for _ in 0..<40 { losses.append(try trainer.takeStep(&state).loss) }
    let early = losses.prefix(8).reduce(0, +)
    let late = losses.suffix(8).reduce(0, +)
    #expect(late < 0.8 * early)
    try withDirectory { url in
      let loop = TrainingLoop(directory: url, progress: SilentProgress())
      _ = try loop.run(trainer.task(budget: .steps(17)))
      let resumed = try loop.run(trainer.task(budget: .steps(40))).state
      for (a, b) in zip(resumed.parameters.tensors, state.parameters.tensors) {
        #expect(try a.floats() == b.floats())
      }
    }
    // Both parts under the names of the whole.
    let whole = settings.networks.joined(
      forward: settings.networks.split(start).forward, inverse: state.parameters)
    #expect(whole.names == start.names)
    for (name, (a, b)) in zip(whole.names, zip(whole.tensors, start.tensors))
    where name.hasPrefix("forward.") {
      #expect(try a.floats() == b.floats())
    }
    #expect(throws: EngineError.self) {
      try FinetuneTrainer(
        settings, start: start, images: images,
        mirrorSamples: samples.sliced(axis: 0, from: 0, to: 2), constraint: constraint, seed: 4)
    }
  }

  @Test func trainingEndsWhenImagesKeptBackNoLongerGain() throws {
    let trainer = try NAMMTrainer(
      settings(), images: images(), constraint: TotalBrightness(total: 5), seed: 4)
    // The loss that validation would find falls three times, then rises.
    final class Looks {
      var losses = [5.0, 4, 3, 3.5, 3.2, 1]
    }
    func run(_ looks: Looks, limits: [Int], patience: Int?) throws -> TrainingResult {
      var results: [TrainingResult] = []
      try withDirectory { url in
        for limit in limits {
          var task = trainer.task(budget: .steps(limit))
          task.validation = Validation(interval: 2, patience: patience) { _ in
            looks.losses.removeFirst()
          }
          results.append(try TrainingLoop(directory: url, progress: SilentProgress()).run(task))
        }
      }
      return results[results.count - 1]
    }
    let ended = try run(Looks(), limits: [12], patience: 2)
    #expect(ended.state.step == 10 && ended.validation.map(\.loss) == [5, 4, 3, 3.5, 3.2])
    #expect(ended.validation.map(\.step) == [2, 4, 6, 8, 10])
    // The same when it was interrupted, also after the end.
    let resumed = try run(Looks(), limits: [7, 12, 12], patience: 2)
    #expect(resumed.state.step == 10 && resumed.validation == ended.validation)
    #expect(try run(Looks(), limits: [12], patience: nil).state.step == 12)
  }

  /// A look that finds no number is told and left out; what is saved after it can be read again.
  @Test func aValidationLossThatIsNotFiniteIsNotRecorded() throws {
    final class Warnings: ProgressReporter {
      let texts = Mutex<[String]>([])
      func step(_ update: ProgressUpdate) {}
      func finish(_ stage: String) {}
      func note(_ text: String) {}
      func warn(_ text: String) { texts.withLock { $0.append(text) } }
    }
    let trainer = try NAMMTrainer(
      settings(), images: images(), constraint: TotalBrightness(total: 5), seed: 4)
    var losses = [5, .nan, 4, .infinity, 3.0]
    let warnings = Warnings()
    try withDirectory { url in
      for limit in [3, 5] {
        var task = trainer.task(budget: .steps(limit))
        task.validation = Validation(interval: 1, patience: 2) { _ in losses.removeFirst() }
        let result = try TrainingLoop(directory: url, progress: warnings).run(task)
        #expect(result.state.step == limit)
        #expect(result.validation.map(\.loss) == (limit == 3 ? [5, 4] : [5, 4, 3]))
      }
    }
    let told = warnings.texts.withLock { $0 }
    #expect(told.count == 2 && told[0].contains("images kept back is nan at step 2"))
  }

  @Test func validationLossesDependOnTheParametersAlone() throws {
    let (settings, images) = (settings(), try images())
    let trainer = try NAMMTrainer(
      settings, images: images, constraint: TotalBrightness(total: 5), seed: 4)
    let loss = try trainer.validationLoss(images.sliced(axis: 0, from: 0, to: 4))
    var state = trainer.initialState
    let before = try loss(state.parameters)
    #expect(try loss(state.parameters) == before)
    for _ in 0..<40 { _ = try trainer.takeStep(&state) }
    #expect(try loss(state.parameters) < before)

    var network = ScoreNetwork.Configuration()
    (network.imageSize, network.width, network.multipliers, network.blocks) = (16, 8, [1, 1], 1)
    var diffusion = DiffusionSettings(network: network, batchSize: 4)
    diffusion.optimizer.learningRate = 1e-3
    diffusion.optimizer.warmupSteps = 0
    let score = try DiffusionTrainer("dm", diffusion, images: images, seed: 4)
    let scoreLoss = try score.validationLoss(images)
    var scoreState = score.initialState
    // Before training the network gives 0, so the loss is half of z², in each of 256 pixels.
    let first = try scoreLoss(scoreState.parameters)
    #expect(abs(first - 128) < 15)
    for _ in 0..<30 { _ = try score.takeStep(&scoreState) }
    #expect(try scoreLoss(scoreState.parameters) < 0.9 * first)
  }

  /// Epochs through 2,000 images in batches of 16, half as many as the paper's.
  @Test func presetsTurnEpochsIntoSteps() {
    let scaled = ScaledPreset(preset: .burgers, scale: 0.5, count: 2000)
    #expect(scaled.steps(\.namm, batch: 16) == 6250)
    #expect(scaled.steps(\.dm, batch: 32) == 46_875)
    #expect(ScaledPreset(preset: .count, scale: 1e-9, count: 10).steps(\.mdm, batch: 32) == 1)
  }

  /// An epoch goes through the images that are trained on: those of the file, but for tests and validation.
  @Test(arguments: [
    ("count = 40, test = 8", "", 40), ("test = 8", "", 92),
    ("test = 8", "validation = { count = 12 },", 80),
    ("count = 40, test = 8", "validation = { count = 30 },", 10),
  ])
  func epochsGoThroughTheImagesThereAre(_ data: String, _ rest: String, _ count: Int) throws {
    try withPluginFiles([
      "r.lua": """
      return mg.recipe {
        data = { "images.npy", \(data) }, constraint = "burgers", preset = "periodic", \(rest)
      }
      """
    ]) { folder in
      try NPY.write(.zeros([100, 1, 4, 4]), to: "\(folder)/images.npy")
      let settings = try ExperimentSettings(standardRegistry().recipe(file: "\(folder)/r.lua"))
      // 50 epochs in batches of 16.
      #expect(settings.nammSteps == (50 * count + 15) / 16)
    }
  }

  @Test func lossFalls() throws {
    let trainer = try NAMMTrainer(
      settings(), images: images(), constraint: TotalBrightness(total: 5), seed: 4)
    var state = trainer.initialState
    var losses: [Double] = []
    for _ in 0..<60 { losses.append(try trainer.takeStep(&state).loss) }
    let (early, late) = (losses.prefix(10).reduce(0, +), losses.suffix(10).reduce(0, +))
    #expect(late < 0.5 * early)
    // Convexity of the potential: these weights are projected.
    for (name, tensor) in state.parameters.dictionary
    where name.contains("hidden") || name == "forward.output.weight" {
      #expect(try tensor.floats().allSatisfy { $0 >= 0 }, "\(name)")
    }
  }

  @Test func aLossThatIsNotFiniteLeavesTheStateAndEndsTheLoop() throws {
    let trainer = try NAMMTrainer(settings(), images: images(), constraint: Spoiled(), seed: 4)
    var state = trainer.initialState
    let before = try state.parameters.tensors[0].floats()
    #expect(try !trainer.takeStep(&state).isFinite)
    #expect(state.step == 0)
    #expect(try state.parameters.tensors[0].floats() == before)
    try withDirectory { url in
      let loop = TrainingLoop(directory: url, progress: SilentProgress())
      #expect(throws: RunError.self) { try loop.run(trainer.task(budget: .steps(50))) }
    }
    #expect(throws: ConstraintError.self) {
      try ConstraintCheck.check(Spoiled(), on: images(), noise: 0.1, seed: 1)
    }
  }

  @Test func batchesGoThroughEveryImageOncePerEpoch() throws {
    let images = Tensor((0..<10).map { Float($0) }, shape: [10, 1, 1, 1])
    let batches = try Batches(images, size: 5, seed: 3)
    let epochs = try (0..<3).map { epoch in
      try (batches.batch(step: 2 * epoch).floats() + batches.batch(step: 2 * epoch + 1).floats())
    }
    for epoch in epochs { #expect(epoch.sorted() == (0..<10).map { Float($0) }) }
    #expect(epochs[0] != epochs[1])
    // Whatever was asked for before.
    for step in [5, 0, 3, 2, 3] {
      let fresh = try Batches(images, size: 5, seed: 3).batch(step: step).floats()
      #expect(try batches.batch(step: step).floats() == fresh)
    }
    #expect(throws: EngineError.self) { try Batches(images, size: 11, seed: 3) }
  }
}
