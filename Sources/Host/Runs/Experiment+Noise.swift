import LuaBridge

/// What measurements differ from A(x) by.
extension ExperimentSettings.Solving {
  /// The noise that an operator states; else normal noise of the recipe's `measurement_noise`.
  func noise(of forwardOperator: any ForwardOperator) -> any NoiseModel {
    forwardOperator.noise ?? GaussianNoise(deviation: measurementNoise)
  }
}

extension Recipe {
  /// Sees that the noise of measurements is stated in one place.
  ///
  /// - Throws: ``RunError/recipe(field:expected:got:)`` if `solve.measurement_noise` is written for an
  ///   operator with noise of its own.
  func checkNoise(of forwardOperator: any ForwardOperator) throws {
    let written = values["solve"].table?["measurement_noise"] ?? .nil
    guard let noise = forwardOperator.noise, !written.isNil else { return }
    throw RunError.recipe(
      field: "solve.measurement_noise",
      expected: "left out: operator '\(forwardOperator.name)' states its noise, \(noise.summary)",
      got: written.display)
  }
}
