import Engine
import Foundation
import Host

/// Gaussian data N(mean, covariance) in a few dimensions, also on a hyperplane, where everything has an
/// exact answer: the score of noisy data, densities, the posterior of a linear measurement.
struct GaussianReference {
  let mean: [Double]
  /// Eigenvalues of the covariance, and its eigenvectors as rows.
  let variances: [Double]
  let axes: [[Double]]
  var dimension: Int { mean.count }

  /// N(mean, covariance).
  init(mean: [Double], covariance: [[Double]]) {
    self.mean = mean
    (variances, axes) = symmetricEigen(covariance)
  }

  /// The distribution N(center, deviation²) conditioned on aᵀx = b: the projection of the centre, and no
  /// variance along a.
  init(onPlane a: [Double], offset b: Double, center: [Double], deviation: Double) {
    let square = dot(a, a)
    let shift = (b - dot(a, center)) / square
    let covariance = a.indices.map { i in
      a.indices.map { j in deviation * deviation * ((i == j ? 1 : 0) - a[i] * a[j] / square) }
    }
    self.init(mean: zip(center, a).map { $0 + shift * $1 }, covariance: covariance)
  }

  var covariance: [[Double]] {
    (0..<dimension).map { i in
      (0..<dimension).map { j in
        zip(variances, axes).reduce(0) { $0 + $1.0 * $1.1[i] * $1.1[j] }
      }
    }
  }

  /// What is known after y = A x + N(0, noise²): again Gaussian.
  func posterior(rows: [[Double]], measurement: [Double], noise: Double) -> GaussianReference {
    // One number after the other: m ← m + k r, Σ ← Σ - k (Σa)ᵀ with k = Σa / (aᵀΣa + noise²).
    var (mean, covariance) = (mean, covariance)
    for (a, y) in zip(rows, measurement) {
      let direction = covariance.map { dot($0, a) }
      let total = dot(direction, a) + noise * noise
      let residual = y - dot(a, mean)
      mean = zip(mean, direction).map { $0 + $1 * residual / total }
      covariance = covariance.enumerated().map { i, row in
        row.enumerated().map { j, value in value - direction[i] * direction[j] / total }
      }
    }
    return GaussianReference(mean: mean, covariance: covariance)
  }

  /// log of the density of α x₀ + σ z at a point.
  func logDensity(_ x: [Double], signalScale alpha: Double, noiseLevel sigma: Double) -> Double {
    let offset = zip(x, mean).map { $0 - alpha * $1 }
    return zip(variances, axes).reduce(0) { sum, pair in
      let variance = alpha * alpha * pair.0 + sigma * sigma
      let part = dot(pair.1, offset)
      return sum - 0.5 * (part * part / variance + log(2 * .pi * variance))
    }
  }

  /// Where the probability flow carries a point of the marginal (α₁, σ₁) in the marginal (α₂, σ₂).
  func transported(
    _ x: [Double], from start: (alpha: Double, sigma: Double),
    to end: (alpha: Double, sigma: Double)
  ) -> [Double] {
    var result = mean.map { $0 * end.alpha }
    let offset = zip(x, mean).map { $0 - start.alpha * $1 }
    for (variance, axis) in zip(variances, axes) {
      func width(_ at: (alpha: Double, sigma: Double)) -> Double {
        (at.alpha * at.alpha * variance + at.sigma * at.sigma).squareRoot()
      }
      let part = dot(axis, offset) * width(end) / width(start)
      for index in result.indices { result[index] += part * axis[index] }
    }
    return result
  }

  /// E[x₀ | x_t].
  func denoised(_ x: [Double], alpha: Double, sigma: Double) -> [Double] {
    var result = mean
    let offset = zip(x, mean).map { $0 - alpha * $1 }
    for (variance, axis) in zip(variances, axes) {
      let total = alpha * alpha * variance + sigma * sigma
      let part = dot(axis, offset) * alpha * variance / total
      for index in result.indices { result[index] += part * axis[index] }
    }
    return result
  }

  /// The exact score, for images `[N, 1, 1, dimension]`.
  func score(_ sde: VPSDE) -> Score {
    Score(
      mean: Tensor(mean.map { Float($0) }, shape: [1, dimension]),
      variances: Tensor(variances.map { Float($0) }, shape: [1, dimension]),
      axes: Tensor(axes.joined().map { Float($0) }, shape: [dimension, dimension]), sde: sde)
  }

  struct Score: ScoreModel {
    let mean: Tensor
    let variances: Tensor
    let axes: Tensor
    let sde: VPSDE

    func score(_ x: Tensor, time t: Tensor) throws -> Tensor {
      let (count, dimension) = (x.shape[0], mean.shape[1])
      let (alpha, sigma) = try sde.marginal(t)
      let (scale, level) = (
        try alpha.reshaped(to: [count, 1]), try sigma.reshaped(to: [count, 1])
      )
      let offset = try x.reshaped(to: [count, dimension]) - scale * mean
      let parts = try offset.matmul(axes.transposed())
      let inverse = try -(parts / (scale.square() * variances + level.square()))
      return try inverse.matmul(axes).reshaped(to: x.shape.dimensions)
    }
  }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// Mean and covariance of rows.
func moments(_ rows: [[Double]]) -> (mean: [Double], covariance: [[Double]]) {
  let (count, width) = (Double(rows.count), rows[0].count)
  let mean = (0..<width).map { i in rows.reduce(0) { $0 + $1[i] } / count }
  let covariance = (0..<width).map { i in
    (0..<width).map { j in
      rows.reduce(0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / (count - 1)
    }
  }
  return (mean, covariance)
}

/// The images `[N, 1, 1, d]` as rows.
func rows(_ images: Tensor) throws -> [[Double]] {
  let (values, width) = (try images.doubles(), images.count / images.shape[0])
  return (0..<images.shape[0]).map { Array(values[$0 * width..<($0 + 1) * width]) }
}

/// Eigenvalues and eigenvectors (rows) of a symmetric matrix, by Jacobi's rotations.
func symmetricEigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
  let size = matrix.count
  var a = matrix
  var v = (0..<size).map { i in (0..<size).map { $0 == i ? 1.0 : 0 } }
  for _ in 0..<60 {
    for p in 0..<size {
      for q in p + 1..<max(size, p + 1) where abs(a[p][q]) > 1e-300 {
        let theta = 0.5 * atan2(2 * a[p][q], a[q][q] - a[p][p])
        let (c, s) = (cos(theta), sin(theta))
        for k in 0..<size {
          (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q])
        }
        for k in 0..<size {
          (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k])
          (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k])
        }
      }
    }
  }
  return ((0..<size).map { max(a[$0][$0], 0) }, v)
}
