import Engine

/// The random numbers of samples: keyed by (seed, purpose, sample, step), so that a sample is the same
/// alone, in a batch, or in another batch.
struct SampleStreams {
  let seed: UInt64
  /// Number of the first sample of this batch.
  let first: Int
  let count: Int
  var purpose = RandomPurpose.sampling

  /// Keys `[count, 4]` of one step; step 0 is the starting noise.
  func keys(step: Int) -> Tensor {
    RandomKey.tensor(
      (0..<count).map {
        RandomKey(
          seed: seed, for: purpose, stream: UInt32(truncatingIfNeeded: first + $0),
          step: UInt32(step))
      })
  }

  /// Where a diffusion starts: standard normal `[count, C, H, W]`.
  func start(imageShape: [Int]) throws(EngineError) -> Tensor {
    try .normal(keys: keys(step: 0), shape: Shape([count] + imageShape))
  }
}

extension Tensor {
  /// Element `index` of a vector as a scalar.
  func element(_ index: Int) throws(EngineError) -> Tensor {
    try sliced(axis: 0, from: index, to: index + 1).squeezed(axis: 0)
  }
}
