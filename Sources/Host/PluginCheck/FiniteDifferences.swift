import Engine

/// Compares stated slopes with central differences, per image, in Float64.
enum FiniteDifferences {
  struct Finding {
    /// Largest disagreement, relative to the larger of the two slopes.
    var error = 0.0
    /// The pair it occurred at.
    var stated = 0.0
    var measured = 0.0
    /// Comparisons made.
    var count = 0
  }

  /// Agreement asked for: differences in Float64 give about 1e-8.
  static let tolerance = 1e-5

  /// Tries a function `[N, …] → [N]` in some directions at the given images.
  ///
  /// - Parameters:
  ///   - scale: a typical size of pixels, which the steps are fractions of.
  ///   - directions: each of the shape of `x`.
  static func compare(
    at x: Tensor, scale: Double, directions: [Tensor], _ function: (Tensor) throws -> Tensor
  ) throws -> Finding {
    try compare(at: x, scale: scale, directions: directions) {
      try function($0).doubles()
    } slopes: {
      try gradient(of: function($0).sum(), withRespectTo: [$0])[0].doubles()
    }
  }

  /// Tries a function whose values and slopes, of their sum, are worked out separately.
  static func compare(
    at x: Tensor, scale: Double, directions: [Tensor], values: (Tensor) throws -> [Double],
    slopes: (Tensor) throws -> [Double]
  ) throws -> Finding {
    let slopes = try Tensor(slopes(x), shape: x.shape)
    var pairs: [(stated: Double, measured: [Double])] = []
    let center = try values(x)
    for direction in directions {
      let stated = try (slopes * direction).sum([1, 2, 3]).doubles()
      // A step may cross a kink or drown in rounding: one of four must agree, or one of their halves, since
      // a kink, of which a network of rectifiers has thousands, lies on one side.
      let measured = try [1e-4, 1e-5, 1e-6, 1e-7].flatMap { fraction -> [[Double]] in
        let step = fraction * scale
        let above = try values(x + direction * step)
        let below = try values(x - direction * step)
        return [
          zip(above, below).map { ($0 - $1) / (2 * step) },
          zip(above, center).map { ($0 - $1) / step },
          zip(center, below).map { ($0 - $1) / step },
        ]
      }
      pairs += stated.enumerated().map { image, slope in (slope, measured.map { $0[image] }) }
    }
    // Slopes that happen to be near 0 are compared with the usual ones.
    let typical = pairs.reduce(0) { $0 + abs($1.stated) + abs($1.measured[3]) }
    let floor = 1e-3 * typical / Double(max(2 * pairs.count, 1))
    var finding = Finding()
    for (stated, measured) in pairs {
      finding.count += 1
      let errors = measured.map { value -> (error: Double, value: Double) in
        let scale = max(abs(value), abs(stated), floor)
        return (scale == 0 ? 0 : abs(value - stated) / scale, value)
      }
      guard let best = errors.min(by: { $0.error < $1.error }) else { continue }
      // NaN compares as smaller than anything: it must count as the worst.
      if !(best.error <= finding.error) || !best.error.isFinite {
        finding.error = best.error.isFinite ? best.error : .infinity
        (finding.stated, finding.measured) = (stated, best.value)
      }
    }
    return finding
  }
}
