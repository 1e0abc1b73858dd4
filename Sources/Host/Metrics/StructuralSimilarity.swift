import Engine
import Foundation

/// Structural similarity of images (Wang et al. 2004, eq. 13): 1 for equal ones.
///
/// Local means, variances and covariances have Gaussian weights, σ = 1.5 pixels in a window of 11×11; only
/// windows inside the image count, as in the authors' program.
public enum StructuralSimilarity {
  static let radius = 5
  private static let weights: [Double] = {
    let values = (-radius...radius).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }()

  /// The mean over windows and channels, a number an image.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]`, H and W 11 or more.
  ///   - truth: what they are compared with, the same shape.
  ///   - dataRange: largest minus smallest possible value; by default each true image's own.
  /// - Throws: ``EngineError`` for other shapes or a range that is not positive.
  public static func mean(
    _ images: Tensor, truth: Tensor, dataRange: Double? = nil
  ) throws(EngineError) -> [Double] {
    guard images.shape == truth.shape else {
      throw .shapeMismatch(op: "structural similarity", lhs: images.shape, rhs: truth.shape)
    }
    let size = 2 * radius + 1
    guard images.rank == 4, images.shape[2] >= size, images.shape[3] >= size else {
      throw .invalidArgument(
        op: "structural similarity", argument: "images",
        expected: "[N, C, H, W] with H and W of \(size) or more", got: "\(images.shape)")
    }
    if let dataRange, !(dataRange > 0 && dataRange.isFinite) {
      throw .invalidArgument(
        op: "structural similarity", argument: "dataRange", expected: "a positive number",
        got: "\(dataRange)")
    }
    let (a, b) = (try images.doubles(), try truth.doubles())
    let (channels, height, width) = (images.shape[1], images.shape[2], images.shape[3])
    let pixels = height * width
    return (0..<images.shape[0]).map { image in
      let whole = b[image * channels * pixels..<(image + 1) * channels * pixels]
      let range = dataRange ?? (whole.max() ?? 0) - (whole.min() ?? 0)
      let sum = (0..<channels).reduce(0.0) { sum, channel in
        let start = (image * channels + channel) * pixels
        return sum
          + similarity(
            Plane(Array(a[start..<start + pixels]), width: width),
            Plane(Array(b[start..<start + pixels]), width: width), range: range)
      }
      return sum / Double(channels)
    }
  }

  private static func similarity(_ x: Plane, _ y: Plane, range: Double) -> Double {
    let (c1, c2) = (0.01 * range * 0.01 * range, 0.03 * range * 0.03 * range)
    let (meanX, meanY) = (x.filtered(weights), y.filtered(weights))
    let (squareX, squareY) = (
      x.times(x).filtered(weights), y.times(y).filtered(weights)
    )
    let product = x.times(y).filtered(weights)
    var sum = 0.0
    for index in meanX.values.indices {
      let (u, v) = (meanX.values[index], meanY.values[index])
      let covariance = product.values[index] - u * v
      let variances = squareX.values[index] - u * u + squareY.values[index] - v * v
      let (above, below) = (
        (2 * u * v + c1) * (2 * covariance + c2), (u * u + v * v + c1) * (variances + c2)
      )
      // Two flat, equal images of range 0 are equal.
      sum += below == 0 ? 1 : above / below
    }
    return sum / Double(meanX.values.count)
  }
}

/// One channel of an image.
private struct Plane {
  let values: [Double]
  let width: Int

  init(_ values: [Double], width: Int) { (self.values, self.width) = (values, width) }

  func times(_ other: Plane) -> Plane {
    Plane(zip(values, other.values).map { $0 * $1 }, width: width)
  }

  /// The same weights along rows and columns, where all of them fall inside.
  func filtered(_ weights: [Double]) -> Plane {
    let (height, inner) = (values.count / width, width - weights.count + 1)
    var rows = [Double](repeating: 0, count: height * inner)
    for row in 0..<height {
      for column in 0..<inner {
        for (k, weight) in weights.enumerated() {
          rows[row * inner + column] += weight * values[row * width + column + k]
        }
      }
    }
    let outer = height - weights.count + 1
    var result = [Double](repeating: 0, count: outer * inner)
    for row in 0..<outer {
      for (k, weight) in weights.enumerated() {
        for column in 0..<inner {
          result[row * inner + column] += weight * rows[(row + k) * inner + column]
        }
      }
    }
    return Plane(result, width: inner)
  }
}
