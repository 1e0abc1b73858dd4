import Engine

/// Looks for images of small distance that nobody wants: flat or absurdly large ones.
final class MinimiserSearch {
  /// What descent came to.
  struct Finding {
    /// The least distance met on the way, over all images.
    var least = Double.infinity
    /// Final distance over the first, for each image.
    var reductions: [Double] = []
    /// Standard deviation of pixels at the end over that at the start.
    var contrasts: [Double] = []
    /// Largest pixel at the end, in standard deviations of the data.
    var extents: [Double] = []
    var steps = 0
    /// Whether a distance or its gradient was not finite on the way.
    var diverged = false
    /// What is lost of a distance by computing in Float32, roughly.
    var rounding = 0.0
  }

  private let constraint: any Constraint
  private let probes: ProbeImages
  private var noisy: Finding?

  init(constraint: any Constraint, probes: ProbeImages) {
    self.constraint = constraint
    self.probes = probes
  }

  /// Descends from random images; once, however often it is asked for.
  func fromNoise() throws -> Finding {
    if let noisy { return noisy }
    let found = try descend(from: probes.random(4, stream: 5).cast(to: .float32), flat: false)
    noisy = found
    return found
  }

  /// Descends from images by Adam: `limit` steps, as long as those do not take more than `seconds`, which
  /// only a costly distance does.
  ///
  /// - Parameter flat: whether all pixels of an image move together.
  func descend(from start: Tensor, flat: Bool, seconds: Double = 3, limit: Int = 300) throws
    -> Finding
  {
    let x = Tensor.placeholder("images", shape: start.shape)
    let distances = try constraint.distances(x)
    let slope = try gradient(of: distances.sum(), withRespectTo: [x])[0]
    let program = try Program(inputs: [x], outputs: [distances, slope])
    let perImage = start.count / max(start.shape[0], 1)
    var pixels = try start.floats()
    let before = contrast(pixels, perImage)
    var (first, second) = (
      [Float](repeating: 0, count: pixels.count), [Float](repeating: 0, count: pixels.count)
    )
    var (initial, values) = ([Double](), [Double]())
    var finding = Finding()
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while finding.steps < limit, clock.now < end {
      let results = try program.run([Tensor(pixels, shape: start.shape)])
      values = try results[0].doubles()
      var gradient = try results[1].floats()
      if finding.steps == 0 {
        initial = values
        finding.rounding = 1e-6 * (values.map(abs).max() ?? 0)
      }
      guard values.allSatisfy(\.isFinite), gradient.allSatisfy(\.isFinite) else {
        finding.diverged = true
        return finding
      }
      finding.least = min(finding.least, values.min() ?? .infinity)
      if flat { average(&gradient, perImage) }
      finding.steps += 1
      let remaining = 1 - Float(finding.steps) / Float(limit)
      let rate = Float(0.1 * probes.deviation) * max(remaining * remaining, 1e-4)
      let (c1, c2) = (
        1 - pow(0.9, finding.steps), 1 - pow(0.999, finding.steps)
      )
      for index in pixels.indices {
        first[index] = 0.9 * first[index] + 0.1 * gradient[index]
        second[index] = 0.999 * second[index] + 0.001 * gradient[index] * gradient[index]
        pixels[index] -= rate * (first[index] / c1) / ((second[index] / c2).squareRoot() + 1e-12)
      }
    }
    finding.reductions = zip(values, initial).map { $1 > 0 ? $0 / $1 : 0 }
    finding.contrasts = zip(contrast(pixels, perImage), before).map { $1 > 0 ? $0 / $1 : 0 }
    finding.extents = stride(from: 0, to: pixels.count, by: max(perImage, 1)).map { start in
      let largest = pixels[start..<min(start + perImage, pixels.count)].map(abs).max() ?? 0
      return (Double(largest) - abs(probes.mean)) / probes.deviation
    }
    return finding
  }

  private func pow(_ base: Float, _ exponent: Int) -> Float {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }

  private func average(_ values: inout [Float], _ size: Int) {
    for start in stride(from: 0, to: values.count, by: max(size, 1)) {
      let mean = values[start..<start + size].reduce(0, +) / Float(size)
      for index in start..<start + size { values[index] = mean }
    }
  }

  private func contrast(_ values: [Float], _ size: Int) -> [Double] {
    stride(from: 0, to: values.count, by: max(size, 1)).map { start in
      Summary(values[start..<start + size].map(Double.init)).standardDeviation
    }
  }
}
