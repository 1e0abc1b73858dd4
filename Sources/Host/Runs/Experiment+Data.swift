import Engine
import Foundation

/// The images of an experiment.
extension Experiment {
  struct Data {
    let stage: Stage
    let train: Tensor
    let test: Tensor
    /// Constraint distances of the training images.
    let distances: Summary
  }

  func makeData() throws -> Data {
    let source = settings.data
    let folder = (recipe.file as NSString).deletingLastPathComponent
    let place = folder.isEmpty ? "." : folder
    let stage = Stage(
      "data", in: run,
      ingredients: written("data") + [try source.source.contentHash(relativeTo: place)])
    if try stage.finished(Bool.self) != true {
      try stage.prepare()
      progress.note(
        "data: making \(source.count) images to train on and \(source.testCount) to test with")
      let images = try source.source.images(
        count: source.count, testCount: source.testCount, seed: settings.seed, relativeTo: place)
      try NPY.write(images.train, to: stage.path("train.npy"))
      try NPY.write(images.test, to: stage.path("test.npy"))
      try stage.finish(true)
    }
    let (train, test) = (
      try NPY.read(stage.path("train.npy")), try NPY.read(stage.path("test.npy"))
    )
    try checkSizes(train)
    try checkOperator(on: test)
    guard try MMD.medianLengthScale(test) > 0 else {
      throw RunError.recipe(
        field: "data", expected: "test images that differ", got: "mostly equal ones")
    }
    let distances = try ConstraintCheck.check(
      constraint, on: train, noise: settings.namm.maximumInverseNoise, seed: settings.seed)
    progress.note(
      "data: \(train.shape), constraint '\(constraint.name)' distance "
        + "min \(short(distances.minimum)), mean \(short(distances.mean)), max \(short(distances.maximum))"
    )
    return Data(stage: stage, train: train, test: test, distances: distances)
  }

  /// Tries the forward operator before anything is trained, so that its mistakes come early.
  private func checkOperator(on images: Tensor) throws {
    guard let forwardOperator, settings.solving != nil else { return }
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
    let divisor = max(4, 1 << (levels - 1))
    for (field, batch) in [
      ("namm.batch", settings.namm.batchSize),
      ("mdm.batch", settings.mirrorModel.settings.batchSize),
      ("dm.batch", settings.plainModel.settings.batchSize),
    ] where batch > images.shape[0] {
      throw RunError.recipe(
        field: field, expected: "at most \(images.shape[0]), the number of images", got: "\(batch)")
    }
    guard images.shape[1] == 1 else {
      throw RunError.recipe(
        field: "data", expected: "images of one channel", got: "\(images.shape)")
    }
    guard images.shape[2] == images.shape[3], images.shape[2] % divisor == 0 else {
      throw RunError.recipe(
        field: "data", expected: "square images with sides divisible by \(divisor)",
        got: "\(images.shape)")
    }
  }
}
