import Engine
import Foundation

/// Radio galaxies on a noisy sky, a known number of them.
///
/// Objects are compact, have two lobes with hot spots, or a core with bent jets. Each lies in a disc of its
/// own that it fades towards; discs stay inside the image and at least ``gap`` pixels apart. Noise is
/// Gaussian: every object stands at least ``leastSNR`` decibels above it. Pixels lie in [0, 1].
public struct GalaxiesDataset: Dataset {
  public let name = "galaxies"
  /// Rows and columns in pixels; objects grow with it.
  public let size: Int
  /// How many objects an image may hold, each number as often.
  public let objects: ClosedRange<Int>

  /// What ``size`` may be: smaller images have no room for objects.
  public static let sizes = 48...1024
  /// What numbers of objects there may be: more may not fit.
  public static let counts = 0...12
  /// Least distance between the discs of two objects, in pixels.
  public static let gap = 5.0
  /// Least signal-to-noise ratio of an object, in decibels: `10 log₁₀` of its mean squared brightness, over
  /// the pixels at or above half its peak, by the variance of the noise.
  public static let leastSNR = 15.0
  private static let sky = 0.08

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a setting out of range.
  public init(size: Int = 128, objects: ClosedRange<Int> = 8...8) throws(EngineError) {
    guard Self.sizes.contains(size) else {
      throw .invalidArgument(
        op: "galaxies", argument: "size",
        expected: "\(Self.sizes.lowerBound)…\(Self.sizes.upperBound)", got: "\(size)")
    }
    guard Self.counts.contains(objects.lowerBound), Self.counts.contains(objects.upperBound) else {
      throw .invalidArgument(
        op: "galaxies", argument: "objects",
        expected: "\(Self.counts.lowerBound)…\(Self.counts.upperBound): more may not fit",
        got: "\(objects)")
    }
    self.size = size
    self.objects = objects
  }

  public var imageShape: Shape { [1, size, size] }

  public var parameters: [String: String] {
    ["size": "\(size)", "fewest": "\(objects.lowerBound)", "most": "\(objects.upperBound)"]
  }

  public func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor {
    try renderImages(range, height: size, width: size) { index throws(EngineError) in
      try scene(index: index, seed: seed).pixels().map { Float($0) }
    }
  }

  /// The numbers of objects, `[range.count]`.
  public func labels(_ range: Range<Int>, seed: UInt64) -> Tensor? { counts(range, seed: seed) }

  func counts(_ range: Range<Int>, seed: UInt64) -> Tensor {
    let counts = range.map { index in
      var random = SeededRandom(seed: seed, stream: UInt64(index))
      return Float(objectCount(&random))
    }
    return Tensor(counts, shape: [range.count])
  }

  /// The first thing drawn of a stream, so that labels need no picture.
  private func objectCount(_ random: inout SeededRandom) -> Int {
    objects.lowerBound + Int(random.uniform() * Double(objects.count))
  }

  /// What image `index` shows.
  func scene(index: Int, seed: UInt64) throws(EngineError) -> GalaxyScene {
    var random = SeededRandom(seed: seed, stream: UInt64(index))
    let count = objectCount(&random)
    let discs = try placedDiscs(count, &random)
    let galaxies = discs.map { RadioGalaxy(disc: $0, &random) }
    let ratio = random.uniform(in: Self.leastSNR...Self.leastSNR + 10)
    let faintest = galaxies.map { $0.power(size: size) }.min() ?? 0.25
    return GalaxyScene(
      size: size, galaxies: galaxies, sky: Self.sky,
      noise: (faintest / pow(10, ratio / 10)).squareRoot(), random: random)
  }

  /// Discs at random places, none nearer to another than ``gap``.
  private func placedDiscs(_ count: Int, _ random: inout SeededRandom) throws(EngineError)
    -> [RadioGalaxy.Disc]
  {
    let unit = Double(size)
    for _ in 0..<1000 {
      var discs: [RadioGalaxy.Disc] = []
      for _ in 0..<100 where discs.count < count {
        let radius = random.uniform(in: 0.045...0.085) * unit
        let disc = RadioGalaxy.Disc(
          row: random.uniform(in: radius...unit - radius),
          column: random.uniform(in: radius...unit - radius), radius: radius)
        if discs.allSatisfy({ $0.gap(to: disc) >= Self.gap }) { discs.append(disc) }
      }
      if discs.count == count { return discs }
    }
    throw .invalidArgument(
      op: name, argument: "size", expected: "large enough for \(count) objects", got: "\(size)")
  }
}
