import Foundation

/// The numbers of an experiment: `metrics.json`.
public struct ExperimentMetrics: Codable, Sendable {
  public struct Spread: Codable, Sendable {
    public var mean: Double
    public var std: Double
  }

  /// One of the constraint's further numbers about images; missing where none of them is finite.
  public struct Further: Codable, Sendable {
    public var data: Spread?
    public var dm: Spread?
    public var mdm: Spread?
  }

  /// Distances from the constraint set.
  public struct Distances: Codable, Sendable {
    public var data: Spread
    public var dm: Spread
    public var mdm: Spread
  }

  /// Squared maximum mean discrepancy from test images (unbiased, length scale by the median heuristic on
  /// the test images).
  public struct Discrepancies: Codable, Sendable {
    public var dm: Double
    public var mdm: Double
    /// Over 20 random subsets of half the samples: how far the numbers depend on which there were.
    public var dmSubsets: Spread?
    public var mdmSubsets: Spread?

    enum CodingKeys: String, CodingKey {
      case dm, mdm
      case dmSubsets = "dm_subsets"
      case mdmSubsets = "mdm_subsets"
    }
  }

  /// Samples of a generator beside the diffusion models.
  public struct Generator: Codable, Sendable {
    public var constraintDistance: Spread
    /// As in ``Discrepancies``.
    public var mmd: Double
    public var diverged: Int

    enum CodingKeys: String, CodingKey {
      case constraintDistance = "constraint_distance"
      case mmd, diverged
    }
  }

  /// Means over the recovered images of one solver; missing where all diverged.
  public struct Solver: Codable, Sendable {
    public var constraintDistance: Double?
    /// Root mean square of y - A(x); the noise level where the fit is right.
    public var measurementError: Double?
    /// Decibels, against the truth; missing, as the next, where there is none.
    public var psnr: Double?
    /// Structural similarity; missing for images of fewer than 11 rows or columns too.
    public var ssim: Double?
    /// Of several samples of each measurement: continuous ranked probability score, spread and skill
    /// (``EnsembleScore``).
    public var crps: Double?
    public var spread: Double?
    public var skill: Double?
    /// Images with a pixel or a constraint distance that is not finite; they are left out of the means.
    public var diverged: Int
    /// Means of the constraint's further numbers: ``ExperimentMetrics/constraintMetrics``.
    public var constraintMetrics: [String: Double]?

    enum CodingKeys: String, CodingKey {
      case constraintMetrics = "constraint_metrics"
      case constraintDistance = "constraint_distance"
      case measurementError = "measurement_error"
      case psnr, ssim, crps, spread, skill, diverged
    }
  }

  public struct Inverse: Codable, Sendable {
    public var dps: Solver
    public var cgDPS: Solver
    public var mirrorDPS: Solver

    enum CodingKeys: String, CodingKey {
      case dps
      case cgDPS = "cg_dps"
      case mirrorDPS = "mirror_dps"
    }
  }

  public struct Seconds: Codable, Sendable {
    public var namm: Double
    public var mdm: Double
    public var finetune: Double?
    public var dm: Double
    public var sample: Double
    public var solve: Double?
  }

  /// Steps each network was trained for.
  public struct Steps: Codable, Sendable {
    public var namm: Int
    public var mdm: Int
    public var finetune: Int?
    public var dm: Int
  }

  /// Samples with a pixel or a constraint distance that is not finite; they are left out of the other
  /// numbers.
  public struct Diverged: Codable, Sendable {
    public var dm: Int
    public var mdm: Int
  }

  public var constraintDistance: Distances
  /// What the constraint says of images beside the distance, by name: the `metrics` of a plugin, the parts of
  /// `mg.all`.
  public var constraintMetrics: [String: Further]?
  public var mmd: Discrepancies
  /// Energy distance from test images, unbiased.
  public var energyDistance: Discrepancies?
  /// Variational autoencoders, plain and in mirror space, where the recipe asks for them.
  public var vae: Generator?
  public var mvae: Generator?
  public var inverse: Inverse?
  public var seconds: Seconds
  public var steps: Steps
  public var diverged: Diverged
  /// 1 - mdm / dm of the mean constraint distances.
  public var improvement: Double
  public var seed: UInt64

  enum CodingKeys: String, CodingKey {
    case constraintDistance = "constraint_distance"
    case constraintMetrics = "constraint_metrics"
    case energyDistance = "energy_distance"
    case mmd, vae, mvae, inverse, seconds, steps, diverged, improvement, seed
  }
}

extension ExperimentMetrics {
  /// Seconds of training of the mirror map and its diffusion model together.
  var mirrorSeconds: Double { seconds.namm + seconds.mdm + (seconds.finetune ?? 0) }

  /// Whether the plain model was trained about as long as the mirror map and its model.
  var isOfEqualTime: Bool {
    let times = [mirrorSeconds, seconds.dm]
    return (times.max() ?? 0) <= 1.25 * (times.min() ?? 0)
  }
}
