import Engine

/// What a constraint says of the data it is meant for, looked at before anything is trained on it.
public enum ConstraintCheck {
  /// Images that the gradient is tried on.
  private static let probeCount = 8

  /// The distances of data, `[N]`.
  ///
  /// - Throws: ``ConstraintError`` when a distance is not finite or negative.
  private static func checkedDistances(_ constraint: any Constraint, of images: Tensor) throws
    -> [Double]
  {
    let distances = try constraint.distances(all: images)
    let bad = distances.filter { !$0.isFinite }
    if let value = bad.first {
      let first = distances.firstIndex { !$0.isFinite } ?? 0
      throw ConstraintError.notFinite(
        source: constraint.source, what: "distance", value: value, count: bad.count,
        total: distances.count,
        blame: try Blame.value(
          of: constraint, at: images.sliced(axis: 0, from: first, to: first + 1)))
    }
    if let least = distances.min(), least < 0 {
      throw ConstraintError.negative(source: constraint.source, value: least)
    }
    return distances
  }

  /// Checks value and gradient on the data, and on the data with noise as in training.
  ///
  /// - Returns: the distances of all images, to be shown before training, and the mean distance of some of them
  ///   with noise of a tenth of their own standard deviation: what is off the rule for certain.
  /// - Throws: ``ConstraintError`` for values or gradients that training could not use.
  public static func check(
    _ constraint: any Constraint, on images: Tensor, noise: Double, seed: UInt64
  ) throws
    -> (data: Summary, perturbed: Double)
  {
    let distances = try checkedDistances(constraint, of: images)
    let count = min(probeCount, images.shape[0])
    let some = try images.sliced(axis: 0, from: 0, to: count)
    let z = try Tensor.normal(keys: RandomKey(seed: seed, stream: 77).tensor, shape: some.shape)
    let noisy = try some + z * max(noise, 1e-3)
    let values = try checkedDistances(constraint, of: noisy)
    let slope = try gradient(of: constraint.distances(noisy).sum(), withRespectTo: [noisy])[0]
      .doubles()
    let bad = slope.filter { !$0.isFinite }
    if let value = bad.first {
      throw ConstraintError.notFinite(
        source: constraint.source, what: "gradient of distance", value: value, count: bad.count,
        total: slope.count, blame: try Blame.gradient(of: constraint, at: noisy))
    }
    if slope.allSatisfy({ $0 == 0 }), values.contains(where: { $0 > 0 }) {
      throw ConstraintError.noGradient(source: constraint.source)
    }
    let deviation = Summary(try some.doubles()).standardDeviation
    let spoiled = Summary(try constraint.distances(all: some + z * (0.1 * deviation)))
    return (Summary(distances), spoiled.mean)
  }
}

/// Why a constraint cannot be trained with.
public enum ConstraintError: Diagnostic {
  case notFinite(
    source: String, what: String, value: Double, count: Int, total: Int, blame: Blame?)
  case negative(source: String, value: Double)
  case noGradient(source: String)
  /// Training came to images where distance or gradient are not finite.
  case diverged(source: String, step: Int)

  public var code: String {
    switch self {
    case .notFinite: "constraint.not-finite"
    case .negative: "constraint.negative"
    case .noGradient: "constraint.no-gradient"
    case .diverged: "constraint.diverged"
    }
  }

  public var message: String {
    switch self {
    case .notFinite(let source, let what, let value, let count, let total, let blame):
      "\(source): \(what) must be finite on the training data, got \(value) in \(count) of \(total) numbers"
        + (blame.map { ", from \($0.function) at \($0.place)" } ?? "")
    case .negative(let source, let value):
      "\(source): distance must be ≥ 0, got \(value) on the training data"
    case .diverged(let source, let step):
      "\(source): distance or its gradient was not finite in several steps in a row, the last at step "
        + "\(step); everything up to the last finite step is saved"
    case .noGradient(let source):
      "\(source): distance does not change with the image: its gradient is 0 everywhere"
    }
  }

  public var hint: String? {
    switch self {
    case .notFinite(_, _, _, _, _, let blame?): blame.hint
    case .notFinite, .diverged:
      "look for a logarithm, a square root or a division whose argument can reach 0 or below"
    case .negative: "take the absolute value or the square of what should vanish"
    case .noGradient: "compute the distance from x with differentiable operations"
    }
  }
}
