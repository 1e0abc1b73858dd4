import Engine

/// Burgers' equation on a periodic grid, with central differences, one step in time at a time.
struct BurgersEquation {
  let spacing: Double
  let viscosity: Double
  let timeStep: Double

  /// The right-hand side: `−u (u₊ − u₋) / 2dx + ν (u₊ − 2u + u₋) / dx²`.
  func slope(_ u: [Double]) -> [Double] {
    let n = u.count
    var result = [Double](repeating: 0, count: n)
    let (advection, diffusion) = (0.5 / spacing, viscosity / (spacing * spacing))
    for i in 0..<n {
      let (before, after) = (u[i == 0 ? n - 1 : i - 1], u[i == n - 1 ? 0 : i + 1])
      result[i] = -u[i] * (after - before) * advection + diffusion * (after - 2 * u[i] + before)
    }
    return result
  }

  func eulerStep(_ u: [Double]) -> [Double] {
    zip(u, slope(u)).map { $0 + timeStep * $1 }
  }

  /// Solves `v = u + dt/2 (f(u) + f(v))` by Newton's method to a residual of 1e-12.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` where it does not converge.
  func crankNicolsonStep(_ u: [Double]) throws(EngineError) -> [Double] {
    let half = timeStep / 2
    let known = zip(u, slope(u)).map { $0 + half * $1 }
    var v = eulerStep(u)
    for _ in 0..<50 {
      let slopes = slope(v)
      let residual = v.indices.map { v[$0] - half * slopes[$0] - known[$0] }
      guard let worst = residual.map(abs).max(), worst.isFinite else { break }
      if worst <= 1e-12 { return v }
      let correction = solveNewtonSystem(at: v, residual)
      for i in v.indices { v[i] -= correction[i] }
    }
    throw .invalidArgument(
      op: "burgers", argument: "timeStep",
      expected: "short enough for the implicit step to converge",
      got: "\(timeStep)")
  }

  /// Solves `(I − dt/2 f′(v)) x = r`: a tridiagonal system with two corners.
  private func solveNewtonSystem(at v: [Double], _ r: [Double]) -> [Double] {
    let n = v.count
    let half = timeStep / 2
    let (advection, diffusion) = (0.5 / spacing, viscosity / (spacing * spacing))
    var (lower, diagonal, upper) = (v, v, v)
    for i in 0..<n {
      let (before, after) = (v[i == 0 ? n - 1 : i - 1], v[i == n - 1 ? 0 : i + 1])
      lower[i] = -half * (v[i] * advection + diffusion)
      diagonal[i] = 1 + half * ((after - before) * advection + 2 * diffusion)
      upper[i] = -half * (-v[i] * advection + diffusion)
    }
    return solveCyclicTridiagonal(lower, diagonal, upper, r)
  }
}

/// Solves a tridiagonal system whose first row also has `lower[0]` in the last column and whose last row
/// has `upper[n − 1]` in the first.
///
/// The corners are a rank-one change of a plain tridiagonal system (Sherman and Morrison's formula).
/// No pivoting: the matrix should be diagonally dominant.
func solveCyclicTridiagonal(
  _ lower: [Double], _ diagonal: [Double], _ upper: [Double], _ right: [Double]
) -> [Double] {
  let last = diagonal.count - 1
  let gamma = -diagonal[0]
  var changed = diagonal
  changed[0] -= gamma
  changed[last] -= lower[0] * upper[last] / gamma
  var column = [Double](repeating: 0, count: diagonal.count)
  (column[0], column[last]) = (gamma, upper[last])
  let x = solveTridiagonal(lower, changed, upper, right)
  let z = solveTridiagonal(lower, changed, upper, column)
  let ratio = lower[0] / gamma
  let factor = (x[0] + ratio * x[last]) / (1 + z[0] + ratio * z[last])
  return x.indices.map { x[$0] - factor * z[$0] }
}

/// Thomas' algorithm; `lower[0]` and `upper[n − 1]` are not used.
private func solveTridiagonal(
  _ lower: [Double], _ diagonal: [Double], _ upper: [Double], _ right: [Double]
) -> [Double] {
  let n = diagonal.count
  var (ratio, x) = (upper, right)
  ratio[0] = upper[0] / diagonal[0]
  x[0] = right[0] / diagonal[0]
  for i in 1..<n {
    let pivot = diagonal[i] - lower[i] * ratio[i - 1]
    ratio[i] = upper[i] / pivot
    x[i] = (right[i] - lower[i] * x[i - 1]) / pivot
  }
  for i in (0..<n - 1).reversed() { x[i] -= ratio[i] * x[i + 1] }
  return x
}

/// The lower triangle L with `L Lᵀ = A + 1e-10 tr(A)/n`, row by row.
///
/// - Throws: ``EngineError/library(name:reason:)`` where A is not positive semidefinite.
func choleskyFactor(of matrix: [Double], size: Int) throws(EngineError) -> [Double] {
  let jitter = 1e-10 * (0..<size).reduce(0) { $0 + matrix[$1 * size + $1] } / Double(size)
  var factor = [Double](repeating: 0, count: size * size)
  for row in 0..<size {
    for column in 0...row {
      var sum = matrix[row * size + column] + (row == column ? jitter : 0)
      for k in 0..<column { sum -= factor[row * size + k] * factor[column * size + k] }
      if row > column {
        factor[row * size + column] = sum / factor[column * size + column]
      } else if sum > 0 {
        factor[row * size + row] = sum.squareRoot()
      } else {
        throw .library(name: "Cholesky", reason: "the matrix is not positive definite")
      }
    }
  }
  return factor
}
