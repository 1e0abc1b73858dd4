import Engine
import Foundation
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
    #expect(throws: EngineError.self) { try Batches(images, size: 11, seed: 3) }
  }
}
