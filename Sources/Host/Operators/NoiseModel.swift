import Engine

/// What lies between A(x) and a measurement y: one object that both samples and gives the likelihood, so
/// that the two cannot disagree on a scale.
///
/// −log p(y | a) = ½ D(y, a) + (terms of y alone), where the deviance D is 0 at the best a and grows from
/// there. For normal noise √D is ‖(y − a)/σ‖₂, the misfit that diffusion posterior sampling descends.
public protocol NoiseModel: Sendable {
  /// What it is called in scripts.
  var name: String { get }

  /// What reports say of it: `normal, σ = 0.1`.
  var summary: String { get }

  /// Draws a measurement for each noiseless one.
  ///
  /// - Parameters:
  ///   - clean: A(x), `[N, …]`.
  ///   - seed: same seed, same noise.
  ///   - first: the number of the first row; row i gets the same noise in any batch.
  /// - Returns: y of the shape and dtype of `clean`.
  func sample(_ clean: Tensor, seed: UInt64, first: Int) throws -> Tensor

  /// D of every row, `[N]`, at least 0, differentiable in `clean`.
  func deviance(_ measurement: Tensor, given clean: Tensor) throws -> Tensor

  /// √D of every row, `[N]`; its gradient is 0 where the fit is perfect.
  func misfit(_ measurement: Tensor, given clean: Tensor) throws -> Tensor

  /// −log p(y | a) where a fits best: what D leaves out, `[N]`.
  func saturatedNegativeLogLikelihood(_ measurement: Tensor) throws -> Tensor
}

extension NoiseModel {
  /// −log p(y | A(x)) of every row, `[N]`, differentiable in `clean`.
  public func negativeLogLikelihood(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    try deviance(measurement, given: clean) * 0.5 + saturatedNegativeLogLikelihood(measurement)
  }

  public func misfit(_ measurement: Tensor, given clean: Tensor) throws -> Tensor {
    let deviance = try deviance(measurement, given: clean)
    let isPositive = try deviance.isGreater(than: 0)
    let safe = try Tensor.select(
      isPositive, deviance, .ones(deviance.shape, dtype: deviance.dtype)
    ).sqrt()
    return try .select(isPositive, safe, .zeros(deviance.shape, dtype: deviance.dtype))
  }

  /// One key a row of `clean`.
  func keys(for clean: Tensor, seed: UInt64, first: Int) -> Tensor {
    SampleStreams(seed: seed, first: first, count: clean.shape[0], purpose: .measurementNoise)
      .keys(step: 0)
  }

  /// The rows laid out flat, `[N, M]`.
  func flat(_ x: Tensor) throws(EngineError) -> Tensor {
    let rest = x.shape.dimensions.dropFirst().reduce(1, *)
    return try x.reshaped(to: [x.shape[0], rest])
  }

  /// Sees that measurement and prediction fit together.
  func check(_ measurement: Tensor, _ clean: Tensor) throws(EngineError) {
    guard measurement.shape == clean.shape, clean.rank >= 1 else {
      throw .shapeMismatch(op: "\(name) noise", lhs: measurement.shape, rhs: clean.shape)
    }
  }
}
