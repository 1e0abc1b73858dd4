import Engine
import Foundation

/// The variational autoencoders of an experiment, in mirror space and plain.
extension Experiment {
  struct AutoencoderSamples {
    let mvae: Tensor
    let vae: Tensor
  }

  /// Trains both and draws as many samples as of the diffusion models.
  ///
  /// - Returns: `nil` where the recipe has no table `vae`.
  func autoencoders(_ data: Data, _ namm: TrainedMap) throws -> AutoencoderSamples? {
    guard let settings = settings.autoencoder else { return nil }
    let mirrored = try draw("mvae", settings, data, after: [data.stage, namm.stage]) {
      try namm.map.forward(all: data.train)
    }
    let plain = try draw("vae", settings, data, after: [data.stage]) { data.train }
    return AutoencoderSamples(mvae: try namm.map.inverse(all: mirrored), vae: plain)
  }

  private func draw(
    _ name: String, _ autoencoder: ExperimentSettings.Autoencoder, _ data: Data,
    after stages: [Stage], images: () throws -> Tensor
  ) throws -> Tensor {
    var training = autoencoder.settings
    training.network.channels = data.train.shape[1]
    training.network.height = data.train.shape[2]
    training.network.width = data.train.shape[3]
    let network = VAENetwork(training.network)
    let stage = Stage(
      name, in: run, ingredients: try written("vae") + trainingIngredients(), after: stages)
    let initial = try Parameters(network.parameters, seed: settings.seed)
    let (parameters, _) = try trained(
      stage, model: initial, settings: stageSettings(["vae"] + trainingTables, after: stages)
    ) {
      try VAETrainer(
        name, training, images: split(images(), data).training, seed: settings.seed
      ).task(budget: .steps(autoencoder.steps))
    }
    return try samples(
      "sampling \(name)", VAESampler(network, parameters), count: settings.sampling.count, data,
      seed: settings.seed)
  }
}
