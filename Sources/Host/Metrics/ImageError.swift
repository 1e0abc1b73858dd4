import Engine
import Foundation

/// Errors of images and measurements, one number an image.
public enum ImageError {
  /// Root mean square of `a − b` over everything but the first axis: `[N, …]` to N numbers.
  ///
  /// - Throws: ``EngineError/shapeMismatch(op:lhs:rhs:)`` unless the shapes agree.
  public static func rootMeanSquare(_ a: Tensor, _ b: Tensor) throws(EngineError) -> [Double] {
    guard a.shape == b.shape, a.rank > 0 else {
      throw .shapeMismatch(op: "rootMeanSquare", lhs: a.shape, rhs: b.shape)
    }
    guard a.count > 0 else { return [Double](repeating: 0, count: a.shape[0]) }
    let (left, right) = (try a.doubles(), try b.doubles())
    let width = left.count / a.shape[0]
    return (0..<a.shape[0]).map { row in
      let sum = (row * width..<(row + 1) * width).reduce(0.0) {
        $0 + (left[$1] - right[$1]) * (left[$1] - right[$1])
      }
      return (sum / Double(width)).squareRoot()
    }
  }

  /// Peak signal-to-noise ratio in decibels: `20 log₁₀(peak / rmse)`, infinite for equal images.
  ///
  /// - Parameter peak: the largest value that counts; by default each true image's own range
  ///   (largest minus smallest value), as in scikit-image for floating-point images.
  public static func peakSignalToNoise(
    _ images: Tensor, truth: Tensor, peak: Double? = nil
  ) throws(EngineError) -> [Double] {
    let errors = try rootMeanSquare(images, truth)
    let values = try truth.doubles()
    return errors.enumerated().map { row, error in
      let width = values.count / errors.count
      let image = values[row * width..<(row + 1) * width]
      let range = (image.max() ?? 0) - (image.min() ?? 0)
      return 20 * log10((peak ?? range) / error)
    }
  }

  /// How badly images explain what was measured: root mean square of `y − A(x)`, an image each.
  ///
  /// - Parameters:
  ///   - measurement: y, shape `[N, …]`.
  ///   - measure: the forward operator A.
  public static func measurement(
    _ measurement: Tensor, images: Tensor, measure: (Tensor) throws -> Tensor
  ) throws -> [Double] {
    try rootMeanSquare(measurement, try measure(images))
  }
}
