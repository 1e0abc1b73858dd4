import Engine
import Foundation

/// How well several posterior samples of each image say what is known of the truth, and how well they say
/// what is not.
public struct EnsembleScore: Sendable, Codable, Hashable {
  /// Continuous ranked probability score, the mean over pixels: 0 for a sure and right answer, in the
  /// images' units. The fair estimate: it does not favour small ensembles (Ferro 2014).
  public let crps: Double
  /// Root mean square of the samples' deviation from their mean, enlarged by √(1 + 1/m) for m samples: what
  /// ``skill`` is expected to be where samples and truth have one distribution (Fortin et al. 2014).
  public let spread: Double
  /// Root mean square error of the samples' mean.
  public let skill: Double

  /// Spread over skill: 1 is calibrated, less is too sure.
  public var spreadSkillRatio: Double { spread / skill }

  /// The scores of every image.
  ///
  /// - Parameters:
  ///   - samples: `[N · each, …]`, the samples of one image after another.
  ///   - truth: `[N, …]`.
  ///   - each: samples of an image, two or more.
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for other shapes.
  public static func scores(
    _ samples: Tensor, truth: Tensor, each: Int
  ) throws(EngineError) -> [EnsembleScore] {
    guard each >= 2, truth.rank > 0, truth.count > 0, samples.rank == truth.rank,
      samples.shape[0] == truth.shape[0] * each,
      samples.shape.dimensions.dropFirst() == truth.shape.dimensions.dropFirst()
    else {
      throw .invalidArgument(
        op: "ensemble score", argument: "samples",
        expected: "two or more for every truth of \(truth.shape)",
        got: "\(each) in \(samples.shape)")
    }
    let (values, truths) = (try samples.doubles(), try truth.doubles())
    let width = truths.count / truth.shape[0]
    return (0..<truth.shape[0]).map { image in
      EnsembleScore(width: width, members: each) { pixel in
        let ensemble = (0..<each).map { values[(image * each + $0) * width + pixel] }
        return (ensemble, truths[image * width + pixel])
      }
    }
  }

  private init(width: Int, members: Int, pixel: (Int) -> (ensemble: [Double], truth: Double)) {
    let m = Double(members)
    var (crps, variance, error) = (0.0, 0.0, 0.0)
    for index in 0..<width {
      let (ensemble, truth) = pixel(index)
      let mean = ensemble.reduce(0, +) / m
      let distance = ensemble.reduce(0) { $0 + abs($1 - truth) } / m
      // Σ over pairs i < j of the sorted |xⱼ - xᵢ|: each value counts as often as it is the larger one.
      let pairs = ensemble.sorted().enumerated().reduce(0) {
        $0 + Double(2 * $1.offset + 1 - members) * $1.element
      }
      crps += distance - pairs / (m * (m - 1))
      variance += ensemble.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (m - 1)
      error += (mean - truth) * (mean - truth)
    }
    let count = Double(width)
    self.crps = crps / count
    spread = ((m + 1) / m * variance / count).squareRoot()
    skill = (error / count).squareRoot()
  }
}
