import Engine
import Foundation

/// Synthetic pictures of a black hole's surroundings, as radio telescopes would resolve them.
///
/// A bright, narrow photon ring lies in a wider band of emission that fades outwards. One side is brighter
/// (the gas moves towards us there), the ring is slightly flattened, knots of hot gas may sit on it, and
/// the whole is blurred. Pixels are not negative and sum to `total`.
public struct BlackHoleDataset: Dataset {
  public let name = "black_hole"
  /// Height and width in pixels.
  public let size: Int
  /// The sum of all pixels of every image.
  public let total: Double

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a setting out of range.
  public init(size: Int = 64, total: Double = 120) throws(EngineError) {
    guard (16...1024).contains(size) else {
      throw .invalidArgument(
        op: "black_hole", argument: "size", expected: "16…1024", got: "\(size)")
    }
    guard total > 0, total.isFinite else {
      throw .invalidArgument(
        op: "black_hole", argument: "total", expected: "positive", got: "\(total)")
    }
    self.size = size
    self.total = total
  }

  public var imageShape: Shape { [1, size, size] }

  public var parameters: [String: String] { ["size": "\(size)", "total": "\(total)"] }

  public func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor {
    try renderImages(range, height: size, width: size) { index throws(EngineError) in
      image(BlackHole(random: SeededRandom(seed: seed, stream: UInt64(index))))
    }
  }

  private func image(_ hole: BlackHole) -> [Float] {
    var pixels = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0..<size {
        // The picture is 2 units wide, y upwards.
        let x = (Double(column) + 0.5) * 2 / Double(size) - 1
        let y = 1 - (Double(row) + 0.5) * 2 / Double(size)
        pixels[row * size + column] = hole.brightness(x, y)
      }
    }
    pixels = blurred(pixels, size: size, deviation: hole.blur * Double(size) / 2)
    let scale = total / pixels.reduce(0, +)
    return pixels.map { Float($0 * scale) }
  }
}

/// What one picture shows, in units of half the picture's width.
private struct BlackHole {
  struct Knot {
    let x, y, width, brightness: Double
  }

  let centerX, centerY: Double
  /// Radius of the photon ring, and the width of its Gaussian profile.
  let radius, ringWidth: Double
  /// Length over which the wider emission fades outwards, and its brightness at the ring.
  let fading, halo: Double
  /// Direction of the brighter side and of the shorter axis; relative brightness lost on the far side.
  let direction, asymmetry: Double
  /// How strongly the brightness is gathered towards the bright side: 1 is a cosine.
  let sharpness: Double
  /// Ratio of the axes.
  let flattening: Double
  let knots: [Knot]
  /// Standard deviation of the blur.
  let blur: Double

  init(random start: SeededRandom) {
    var random = start
    centerX = 0.06 * random.normal().clamped(to: -2...2)
    centerY = 0.06 * random.normal().clamped(to: -2...2)
    radius = random.uniform(in: 0.3...0.58)
    ringWidth = random.uniform(in: 0.025...0.07)
    fading = random.uniform(in: 0.06...0.2)
    halo = random.uniform(in: 0.15...0.6)
    direction = random.uniform(in: 0...2 * .pi)
    // One in four is nearly even all around; the others are crescents.
    asymmetry =
      random.uniform() < 0.25 ? random.uniform(in: 0.1...0.4) : random.uniform(in: 0.6...0.98)
    sharpness = random.uniform(in: 1...2.2)
    flattening = random.uniform(in: 0.82...1)
    let (cx, cy, r) = (centerX, centerY, radius)
    knots = (0..<Int(random.uniform() * 3.5)).map { _ in
      let angle = random.uniform(in: 0...2 * .pi)
      let distance = r * random.uniform(in: 0.95...1.2)
      return Knot(
        x: cx + distance * cos(angle), y: cy + distance * sin(angle),
        width: random.uniform(in: 0.03...0.075), brightness: random.uniform(in: 0.3...1.2))
    }
    blur = random.uniform(in: 0.02...0.07)
  }

  func brightness(_ x: Double, _ y: Double) -> Double {
    let (dx, dy) = (x - centerX, y - centerY)
    let along = dx * cos(direction) + dy * sin(direction)
    let across = -dx * sin(direction) + dy * cos(direction)
    let distance = (along * along / (flattening * flattening) + across * across).squareRoot()
    let offset = distance - radius
    let ring = gaussian(offset, ringWidth)
    // Inside the ring the emission is swallowed; outside it fades slowly.
    let band = offset < 0 ? gaussian(offset, 1.3 * ringWidth) : exp(-offset / fading)
    let cosine = distance > 1e-9 ? along / max(hypot(along, across), 1e-9) : 0
    let side = 1 - asymmetry * (1 - pow((1 + cosine) / 2, sharpness))
    let spots = knots.reduce(0) { sum, knot in
      sum + knot.brightness * gaussian(hypot(x - knot.x, y - knot.y), knot.width)
    }
    return (ring + halo * band) * side + spots * (0.4 + 0.6 * side)
  }

  private func gaussian(_ x: Double, _ deviation: Double) -> Double {
    exp(-0.5 * (x / deviation) * (x / deviation))
  }
}

/// Blurs a square picture with a Gaussian, rows first, then columns; what leaves the picture is lost.
func blurred(_ pixels: [Double], size: Int, deviation: Double) -> [Double] {
  let reach = max(1, Int((4 * deviation).rounded(.up)))
  var weights = (-reach...reach).map { exp(-0.5 * pow(Double($0) / max(deviation, 1e-6), 2)) }
  let sum = weights.reduce(0, +)
  weights = weights.map { $0 / sum }
  func pass(_ source: [Double], step: Int) -> [Double] {
    var result = [Double](repeating: 0, count: source.count)
    for index in source.indices {
      let position = index / step % size
      for offset in max(-reach, -position)...min(reach, size - 1 - position) {
        result[index] += weights[offset + reach] * source[index + offset * step]
      }
    }
    return result
  }
  return pass(pass(pixels, step: 1), step: size)
}

extension Comparable {
  fileprivate func clamped(to range: ClosedRange<Self>) -> Self {
    min(max(self, range.lowerBound), range.upperBound)
  }
}
