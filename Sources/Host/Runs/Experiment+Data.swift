import Engine
import Foundation
import LuaBridge

/// The images of an experiment.
extension Experiment {
  struct Data {
    let stage: Stage
    /// All images that are not for testing.
    let train: Tensor
    let test: Tensor
    /// How many of the last of `train` are kept back for validation.
    let heldBack: Int
    /// Constraint distances of the training images.
    let distances: Summary
  }

  func makeData() throws -> Data {
    let source = settings.data
    let place = recipe.file.parentFolder
    let stage = Stage(
      "data", in: run,
      ingredients: try written("data") + [source.source.contentHash(relativeTo: place)])
    if try stage.finished(Bool.self) != true {
      try stage.prepare()
      if let path = source.source.path {
        progress.note("data: reading \(path)")
      } else {
        progress.note(
          "data: making \(source.count) images to train on and \(source.testCount) to test with")
      }
      let images = try source.source.images(
        count: source.count, testCount: source.testCount, seed: settings.seed, relativeTo: place)
      try Interrupt.check("data")
      try checkFinite(images.train, images.test, from: source.source)
      try NPY.write(images.train, to: stage.path("train.npy"))
      try NPY.write(images.test, to: stage.path("test.npy"))
      try stage.finish(true)
    }
    let train = try SavedImages.read(stage.path("train.npy"))
    let test = try SavedImages.read(stage.path("test.npy"), like: train)
    let wanted = recipe.values["data"].table?["count"].integer ?? 0
    if let path = source.source.path, wanted > train.shape[0] {
      progress.warn(
        "data: count is \(wanted), but \(path) holds \(train.shape[0]) images to train on beside the "
          + "\(test.shape[0]) for testing")
    }
    try checkSizes(train)
    try checkOperator(on: test)
    guard try MMD.medianLengthScale(test) > 0 else {
      throw RunError.recipe(
        field: "data", expected: "test images that differ", got: "mostly equal ones")
    }
    let (distances, perturbed) = try ConstraintCheck.check(
      constraint, on: train, noise: settings.namm.maximumInverseNoise, seed: settings.seed)
    var range = ValueRange()
    range.add(try train.floats())
    progress.note(
      "data: \(train.shape), values \(range), constraint '\(constraint.name)' distance "
        + "min \(short(distances.minimum)), mean \(short(distances.mean)), max \(short(distances.maximum))"
    )
    // A mistake in the plugin's metrics should not wait until everything is trained.
    _ = try constraint.metrics(all: train.sliced(axis: 0, from: 0, to: min(2, train.shape[0])))
    if distances.mean > 0.5 * perturbed {
      progress.warn(
        "the training images are far off the rule: mean distance \(short(distances.mean)), with noise of a "
          + "tenth of their deviation \(short(perturbed)); are the parameters of '\(constraint.name)' and "
          + "the units of the data right?")
    }
    return Data(
      stage: stage, train: train, test: test, heldBack: settings.validating?.count ?? 0,
      distances: distances)
  }

  /// Sees that what was read are numbers.
  private func checkFinite(_ train: Tensor, _ test: Tensor, from source: DatasetReference) throws {
    guard let path = source.path else { return }
    for (images, name) in [(train, "training"), (test, "test")] {
      let values = try images.floats()
      guard let place = values.firstIndex(where: { !$0.isFinite }) else { continue }
      let image = place / max(values.count / images.shape[0], 1) + 1
      throw EngineError.file(
        path: path,
        reason: "expected finite numbers, got \(values[place]) in \(name) image \(image)")
    }
  }

  /// Images to train on, and those kept back for validation; of `train` or of a map of it.
  func split(_ images: Tensor, _ data: Data) throws -> (training: Tensor, validation: Tensor?) {
    guard data.heldBack > 0 else { return (images, nil) }
    let border = images.shape[0] - data.heldBack
    return (
      try images.sliced(axis: 0, from: 0, to: border),
      try images.sliced(axis: 0, from: border, to: images.shape[0])
    )
  }

  /// Tries the forward operator before anything is trained, so that its mistakes come early.
  private func checkOperator(on images: Tensor) throws {
    guard let forwardOperator, settings.solving != nil else { return }
    if let path = settings.solving?.measurement {
      let count = try ownMeasurement(path, forwardOperator, images).shape[0]
      if let wanted = recipe.values["solve"].table?["count"].integer, wanted != count {
        progress.warn(
          "solve: count is \(wanted), but \(path) holds \(count) measurement(s), and all are solved"
        )
      }
    }
    let measurement = try mapInBatches(images) { try forwardOperator.measure($0) }
    guard measurement.rank >= 1, measurement.shape[0] == images.shape[0], measurement.count > 0
    else {
      throw RunError.recipe(
        field: "operator", expected: "a function from [N, C, H, W] to [N, …], not empty",
        got: "\(images.shape) → \(measurement.shape)")
    }
    let values = try measurement.floats()
    guard let wrong = values.first(where: { !$0.isFinite }) else { return }
    throw RunError.recipe(
      field: "operator", expected: "finite on the test images", got: "\(wrong)")
  }

  private func checkSizes(_ images: Tensor) throws {
    let levels =
      [settings.mirrorModel, settings.plainModel]
      .map(\.settings.network.multipliers.count).max() ?? 1
    let halvings = settings.autoencoder?.settings.network.levels ?? 0
    let divisor = max(4, 1 << (levels - 1), 1 << halvings)
    let heldBack = settings.validating?.count ?? 0
    guard heldBack < images.shape[0] else {
      throw RunError.recipe(
        field: "validation.count", expected: "below \(images.shape[0]), the number of images",
        got: "\(heldBack)")
    }
    let available = images.shape[0] - heldBack
    for (field, batch) in [
      ("namm.batch", settings.namm.batchSize),
      ("mdm.batch", settings.mirrorModel.settings.batchSize),
      ("dm.batch", settings.plainModel.settings.batchSize),
      ("vae.batch", settings.autoencoder?.settings.batchSize ?? 0),
      ("finetune.batch", settings.finetuning?.settings.batchSize ?? 0),
    ] where batch > available {
      throw RunError.recipe(
        field: field, expected: "at most \(available), the number of images", got: "\(batch)")
    }
    guard images.shape[2] % divisor == 0, images.shape[3] % divisor == 0 else {
      throw RunError.recipe(
        field: "data", expected: "images with rows and columns divisible by \(divisor)",
        got: "\(images.shape)")
    }
  }
}
