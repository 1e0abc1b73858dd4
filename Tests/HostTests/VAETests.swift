import Engine
import Foundation
import TestSupport
import Testing

@testable import Host

/// Variational autoencoders: shapes, the objective by hand, training, samples.
@Suite struct VAETests {
  private func configuration() -> VAENetwork.Configuration {
    var configuration = VAENetwork.Configuration()
    (configuration.height, configuration.width) = (16, 8)
    (configuration.features, configuration.levels, configuration.latent) = (4, 2, 3)
    return configuration
  }

  @Test func codesAndImagesHaveTheirShapes() throws {
    let network = VAENetwork(configuration())
    let context = LayerContext(try Parameters(network.parameters, seed: 1))
    let x = try Tensor.normal(keys: RandomKey(seed: 2).tensor, shape: [5, 1, 16, 8])
    let (mean, logVariance) = try network.encode(x, context)
    #expect(mean.shape == [5, 3] && logVariance.shape == [5, 3])
    #expect(try network.decode(mean, context).shape == [5, 1, 16, 8])
  }

  /// Against the definition, and the divergence against its integral for one code by quadrature.
  @Test func theObjectiveIsItsDefinition() throws {
    let network = VAENetwork(configuration())
    let context = LayerContext(try Parameters(network.parameters, seed: 1))
    let x = try Tensor.normal(keys: RandomKey(seed: 2).tensor, shape: [2, 1, 16, 8])
    let z = try Tensor.normal(keys: RandomKey(seed: 3).tensor, shape: [2, 3])
    let loss = try evidenceLoss(x, z: z, network: network, weight: 0.3, context)
    let (mean, logVariance) = try network.encode(x, context)
    let (m, v, noise) = (try mean.doubles(), try logVariance.doubles(), try z.doubles())
    var divergence = 0.0
    for (m, v) in zip(m, v) {
      // ∫ q log(q / p) on ±8 deviations, step 0.001.
      let s = exp(v / 2)
      for step in -8000...8000 {
        let u = Double(step) * 1e-3
        let code = m + s * u
        let ratio = -0.5 * u * u - v / 2 + 0.5 * code * code
        divergence += 1e-3 * exp(-0.5 * u * u) / (2 * .pi).squareRoot() * ratio
      }
    }
    #expect(abs(try loss.divergence.item() - divergence / 2) < 1e-4 * divergence)
    let codes = zip(zip(m, v), noise).map { Float($0.0 + exp($0.1 / 2) * $1) }
    let images = try network.decode(Tensor(codes, shape: [2, 3]), context).doubles()
    let squares = zip(images, try x.doubles()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect(abs(try loss.reconstruction.item() - squares / 4) < 1e-4 * squares)
    let total = try loss.reconstruction.item() + 0.3 * loss.divergence.item()
    #expect(abs(try loss.total.item() - total) < 1e-4 * total)
  }

  /// Images that are one number each, N(2, 0.5²): what the model draws has that mean and spread.
  @Test func samplesFollowTheData() throws {
    let numbers = try Tensor.normal(keys: RandomKey(seed: 7).tensor, shape: [256, 1, 1, 1])
    let images = try (numbers * 0.5 + 2).broadcast(to: [256, 1, 16, 8]) * 1
    // The weight is the variance of the decoder's noise: with 1 for each of 128 pixels the best model has
    // spread √(0.25 - 1/128) = 0.49.
    var settings = VAESettings(network: configuration(), divergenceWeight: 1, batchSize: 32)
    settings.optimizer.learningRate = 5e-3
    settings.optimizer.averageDecay = 0.98
    let trainer = try VAETrainer("vae", settings, images: images, seed: 1)
    var state = trainer.initialState
    var losses: [Double] = []
    for _ in 0..<800 { losses.append(try trainer.takeStep(&state).loss) }
    let early = losses.prefix(20).reduce(0, +)
    let late = losses.suffix(20).reduce(0, +)
    #expect(late < 0.05 * early)
    let sampler = VAESampler(VAENetwork(settings.network), state.average)
    let samples = try sampler.sample(count: 512, imageShape: [1, 16, 8], seed: 5)
    let summary = Summary(try samples.mean([1, 2, 3]).doubles())
    #expect(abs(summary.mean - 2) < 0.15, "\(summary.mean)")
    #expect(abs(summary.standardDeviation - 0.5) < 0.15, "\(summary.standardDeviation)")
    // Alone or in a batch, a sample is the same.
    let alone = try sampler.sample(count: 1, first: 3, imageShape: [1, 16, 8], seed: 5)
    #expect(
      try largestError(alone, samples.sliced(axis: 0, from: 3, to: 4)) < 1e-5)
    #expect(throws: EngineError.self) {
      try sampler.sample(count: 1, imageShape: [1, 8, 8], seed: 5)
    }
  }
}
