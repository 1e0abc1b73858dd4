import Engine
import Foundation

/// The images that plugins are tried on, in Float64.
struct ProbeImages {
  /// `[C, H, W]`
  let size: [Int]
  /// Images that obey the rule, `[N, C, H, W]`; `nil` where none are known.
  let valid: Tensor?
  /// Where the valid images are from.
  let origin: String
  /// Mean and standard deviation of pixels: of the valid images, else of the domain.
  let mean, deviation: Double
  private let domain: ImageDomain
  private let seed: UInt64

  init(
    size: [Int], valid: Tensor?, origin: String, domain: ImageDomain, seed: UInt64
  ) throws(EngineError) {
    self.size = size
    self.seed = seed
    self.origin = origin
    self.domain = domain
    self.valid = try valid?.cast(to: .float64)
    if let valid {
      let summary = Summary(try valid.doubles())
      mean = summary.mean
      deviation = max(summary.standardDeviation, 1e-3 * max(abs(summary.mean), 1e-3))
    } else if let low = domain.minimum, let high = domain.maximum, high > low {
      mean = (low + high) / 2
      deviation = (high - low) / 4
    } else {
      mean = 0.5
      deviation = 0.5
    }
  }

  private func shape(_ count: Int) -> Shape { Shape([count] + size) }

  /// Normal numbers, of mean 0 and standard deviation 1.
  func noise(_ count: Int, stream: UInt32) throws(EngineError) -> Tensor {
    try Tensor.normal(
      keys: RandomKey(seed: seed, stream: stream).tensor, shape: shape(count)
    ).cast(to: .float64)
  }

  /// Noise with the mean and deviation of the data, inside the domain.
  func random(_ count: Int, stream: UInt32 = 1) throws(EngineError) -> Tensor {
    try inside(noise(count, stream: stream) * deviation + mean)
  }

  /// The images with what is outside the domain's `min` and `max` folded back: no pixel lies on a border, where
  /// formulas may have a kink, for it.
  func inside(_ images: Tensor) throws(EngineError) -> Tensor {
    guard domain.minimum != nil || domain.maximum != nil else { return images }
    return Tensor(try images.doubles().map(domain.folded), shape: images.shape)
  }

  /// The valid images with some noise, or random ones where there are none.
  func nearValid(_ count: Int, stream: UInt32 = 2) throws(EngineError) -> Tensor {
    guard let valid, valid.shape[0] >= count else { return try random(count, stream: stream) }
    return try inside(
      valid.sliced(axis: 0, from: 0, to: count) + noise(count, stream: stream) * (0.1 * deviation))
  }

  /// Four deviations on either side of the mean, as far as the domain goes down.
  var usualRange: (low: Double, high: Double) {
    (max(mean - 4 * deviation, domain.minimum ?? -.infinity), mean + 4 * deviation)
  }

  /// Whether the domain has pixels below 0.
  var mayBeNegative: Bool { (domain.minimum ?? -1) < 0 }

  /// Images of one value each.
  func flat(_ values: [Double]) throws(EngineError) -> Tensor {
    try Tensor(values, shape: [values.count, 1, 1, 1]).broadcast(to: shape(values.count))
  }

  private func stripes(axis: Int) throws(EngineError) -> Tensor {
    var sizes = [1, 1, 1, 1]
    sizes[axis] = shape(1)[axis]
    return try Tensor((0..<sizes[axis]).map { Double($0 % 2) }, shape: Shape(sizes))
      .broadcast(to: shape(1))
  }

  /// Images far from the data: much too faint, much too strong.
  func extremes(times factor: Double = 1) throws(EngineError) -> [(name: String, images: Tensor)] {
    var found: [(String, Tensor)] = []
    for scale in [1e-3, 1e-2, 0.1, 10, 100, 1000].map({ $0 * factor }) {
      let strength = scale * deviation
      found.append(("noise of \(short(strength))", try noise(4, stream: 14) * strength))
      found.append(
        (
          "flat images of ±\(short(strength))",
          try flat([mean - strength, mean + strength, -strength, strength])
        ))
    }
    return found
  }

  /// Images where formulas tend to break.
  func kinks() throws(EngineError) -> [(name: String, images: Tensor)] {
    let (rows, columns) = (size[1], size[2])
    let spot = (0..<size.reduce(1, *)).map { $0 == 0 ? 1.0 : 0 }
    let ramp = (0..<size.reduce(1, *)).map { Double($0 % columns) / Double(max(columns - 1, 1)) }
    let board = (0..<size.reduce(1, *)).map {
      Double(($0 % columns + $0 / columns % max(rows, 1)) % 2)
    }
    var kinks = [
      ("an image of zeros", try flat([0])),
      ("an image of ones", try flat([1])),
      ("a flat image of the mean, \(short(mean))", try flat([mean])),
      ("a flat image of -1", try flat([-1])),
      ("one bright pixel", Tensor(spot, shape: shape(1))),
      ("a ramp", Tensor(ramp, shape: shape(1))),
      ("a chequerboard", Tensor(board, shape: shape(1))),
      ("rows in turn dark and bright", try stripes(axis: 2)),
      ("columns in turn dark and bright", try stripes(axis: 3)),
      ("noise ten times too strong", try random(1, stream: 3) * 10),
      ("noise of 1e-6", try noise(1, stream: 4) * 1e-6),
    ]
    if let valid {
      kinks.append(("a valid image", try valid.sliced(axis: 0, from: 0, to: 1)))
    }
    guard let least = domain.minimum else { return kinks }
    // An image that the rule is not for may break it.
    return kinks.filter { (try? $0.1.doubles().allSatisfy { $0 >= least }) == true }
  }
}
