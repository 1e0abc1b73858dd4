import Foundation

/// One object of a ``GalaxiesDataset``: some Gaussian blobs inside a disc.
struct RadioGalaxy {
  /// Where an object lies, in pixels; pixel (i, j) is the square around (i + ½, j + ½).
  struct Disc {
    let row, column, radius: Double

    /// Distance between the edges.
    func gap(to other: Disc) -> Double {
      hypot(row - other.row, column - other.column) - radius - other.radius
    }
  }

  /// Places and widths in units of the disc's radius, along the object's own axes.
  private struct Blob {
    var x, y: Double
    var width: Double
    /// Ratio of the widths across and along.
    var flattening = 1.0
    var brightness: Double
  }

  let disc: Disc
  /// Brightness of the brightest pixel.
  private let peak: Double
  private let angle: Double
  private let blobs: [Blob]

  init(disc: Disc, _ random: inout SeededRandom) {
    self.disc = disc
    peak = random.uniform(in: 0.4...0.85)
    angle = random.uniform(in: 0...2 * .pi)
    switch random.uniform() {
    case ..<0.4: blobs = RadioGalaxy.doubleLobes(&random)
    case ..<0.7: blobs = RadioGalaxy.bentJets(&random)
    default:
      blobs = [
        Blob(
          x: 0, y: 0, width: random.uniform(in: 0.3...0.45),
          flattening: random.uniform(in: 0.5...1), brightness: 1)
      ]
    }
  }

  /// Edge-brightened: two lobes with hot spots at their ends, and a faint core.
  private static func doubleLobes(_ random: inout SeededRandom) -> [Blob] {
    var blobs = [Blob(x: 0, y: 0, width: 0.12, brightness: random.uniform(in: 0.2...0.5))]
    for side in [-1.0, 1.0] {
      let (reach, tilt) = (random.uniform(in: 0.45...0.6), random.uniform(in: -0.12...0.12))
      let brightness = random.uniform(in: 0.7...1)
      blobs.append(
        Blob(
          x: side * 0.8 * reach, y: tilt, width: 0.26, flattening: 0.7, brightness: brightness))
      blobs.append(
        Blob(x: side * reach, y: 1.2 * tilt, width: 0.12, brightness: 0.6 * brightness))
    }
    return blobs
  }

  /// Core-brightened: two jets that fade and bend to one side.
  private static func bentJets(_ random: inout SeededRandom) -> [Blob] {
    var blobs = [Blob(x: 0, y: 0, width: 0.16, brightness: 1)]
    let bend = random.uniform(in: 0.1...0.8)
    for side in [-1.0, 1.0] {
      for step in 1...4 {
        let s = Double(step) * 0.15
        blobs.append(
          Blob(
            x: side * s, y: bend * s * s, width: 0.12 + 0.12 * s, brightness: 0.75 * exp(-1.6 * s)))
      }
    }
    return blobs
  }

  /// Adds the object to an image of `size × size` pixels.
  func draw(into pixels: inout [Double], size: Int) {
    for (index, value) in brightness(size: size) { pixels[index] += value }
  }

  /// Mean squared brightness over the pixels at or above half the peak.
  func power(size: Int) -> Double {
    let bright = brightness(size: size).map(\.value).filter { $0 >= peak / 2 }
    return bright.reduce(0) { $0 + $1 * $1 } / Double(max(bright.count, 1))
  }

  /// Pixels of the disc with their brightness.
  private func brightness(size: Int) -> [(index: Int, value: Double)] {
    let (cosine, sine) = (cos(angle), sin(angle))
    func range(_ center: Double) -> ClosedRange<Int> {
      max(0, Int(center - disc.radius))...min(size - 1, Int(center + disc.radius))
    }
    var result: [(index: Int, value: Double)] = []
    for row in range(disc.row) {
      for column in range(disc.column) {
        let dy = (Double(row) + 0.5 - disc.row) / disc.radius
        let dx = (Double(column) + 0.5 - disc.column) / disc.radius
        // Fades to nothing at the edge of the disc.
        let taper = max(0, 1 - (dx * dx + dy * dy) * (dx * dx + dy * dy))
        guard taper > 0 else { continue }
        let (x, y) = (dx * cosine + dy * sine, dy * cosine - dx * sine)
        let sum = blobs.reduce(0) { sum, blob in
          let (along, across) = (x - blob.x, (y - blob.y) / blob.flattening)
          let distance = (along * along + across * across) / (blob.width * blob.width)
          return sum + blob.brightness * exp(-0.5 * distance)
        }
        result.append((row * size + column, taper * sum))
      }
    }
    let highest = result.map(\.value).max() ?? 1
    return result.map { ($0.index, $0.value * peak / highest) }
  }
}

/// Everything an image of a ``GalaxiesDataset`` is made of.
struct GalaxyScene {
  let size: Int
  let galaxies: [RadioGalaxy]
  /// Brightness of the empty sky.
  let sky: Double
  /// Standard deviation of the noise.
  let noise: Double
  /// Where the noise is drawn from.
  let random: SeededRandom

  /// The picture, row by row, in [0, 1].
  func pixels() -> [Double] {
    var random = random
    var pixels = [Double](repeating: sky, count: size * size)
    for galaxy in galaxies { galaxy.draw(into: &pixels, size: size) }
    for index in pixels.indices {
      pixels[index] = min(max(pixels[index] + noise * random.normal(), 0), 1)
    }
    return pixels
  }
}
