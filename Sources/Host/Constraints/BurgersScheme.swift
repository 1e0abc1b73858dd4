import Engine
import Foundation

/// Steps in time of Burgers' equation as tensor expressions, for states `[N, C, points, W]`: space is axis 2,
/// periodic.
struct BurgersScheme: Sendable {
  let points: Int
  let spacing: Double
  let viscosity: Double
  let timeStep: Double

  /// `u + dt (-u u_x + ν u_xx)`, by central differences.
  func eulerStep(_ u: Tensor) throws(EngineError) -> Tensor {
    let (next, previous) = (try u.rolled(by: -1, axis: 2), try u.rolled(by: 1, axis: 2))
    let (convection, diffusion) = (
      timeStep / (2 * spacing), timeStep * viscosity / (spacing * spacing)
    )
    return try u - u * (next - previous) * convection + (next - u * 2 + previous) * diffusion
  }

  /// `-dt/2 u u_x`, the part of half a step that is not linear.
  fileprivate func halfConvection(_ u: Tensor) throws(EngineError) -> Tensor {
    let difference = try u.rolled(by: -1, axis: 2) - u.rolled(by: 1, axis: 2)
    return try u * difference * (-timeStep / (4 * spacing))
  }

  /// The solver of Crank-Nicolson steps.
  ///
  /// - Parameter tolerance: of the solution, for states of about 1.
  func implicitSolver(tolerance: Double, dtype: DType) throws(EngineError) -> ImplicitSolver {
    // Row 0 of (I - dt/2 ν D₂)⁻¹, which is circulant: one over its eigenvalues, transformed back.
    let ratio = timeStep * viscosity / (spacing * spacing)
    let row = (0..<points).map { place in
      (0..<points).reduce(0.0) { sum, wave in
        let angle = 2 * Double.pi * Double(wave) / Double(points)
        return sum + cos(angle * Double(place)) / (1 + ratio * (1 - cos(angle)))
      } / Double(points)
    }
    let matrix = (0..<points * points).map { element in
      row[abs(element / points - element % points)]
    }
    let count = max(1, (log(tolerance) / log(ImplicitSolver.assumedContraction)).rounded(.up))
    return ImplicitSolver(
      scheme: self, iterations: Int(count),
      diffusion: try Tensor(matrix, shape: [points, points]).cast(to: dtype))
  }

  /// Solves `v = u + dt/2 (f(u) + f(v))` by fixed-point iteration in which diffusion is exact.
  ///
  /// With M = (I - dt/2 ν D₂)⁻¹ and n(v) = -dt/2 v v_x the step is v = M (b + n(v)), b = u + dt/2 f(u).
  /// The map contracts by about dt/2 (max |v_x| + max |v| / dx): 0.1 for the default settings. A state for
  /// which iterates move apart, far from any solution, takes an explicit half-step instead, so that nothing
  /// overflows.
  struct ImplicitSolver: Sendable {
    /// Of one iteration, for states up to about twice the data's range.
    static let assumedContraction = 0.3

    fileprivate let scheme: BurgersScheme
    let iterations: Int
    /// M, symmetric.
    fileprivate let diffusion: Tensor

    func step(_ u: Tensor) throws(EngineError) -> Tensor {
      let half = BurgersScheme(
        points: scheme.points, spacing: scheme.spacing, viscosity: scheme.viscosity,
        timeStep: scheme.timeStep / 2)
      let known = try half.eulerStep(u)
      let constant = try known.stoppingGradient()
      let solution = try iterate(from: constant) { v throws(EngineError) in
        try diffusion.matmul(constant + scheme.halfConvection(v))
      }
      // dv = (I - M n')⁻¹ M db: the adjoint is another fixed point, w = c + n'ᵀ M w. It depends on b through
      // v too, which second derivatives follow.
      return try customGradient(value: solution, inputs: [known]) { [self] v, cotangent in
        let convection = try scheme.halfConvection(v)
        let w = try iterate(from: cotangent) { w throws(EngineError) in
          let pulled = try vjp(
            of: convection, cotangent: diffusion.matmul(w), withRespectTo: [v])
          return try cotangent + pulled[0]
        }
        return [try diffusion.matmul(w)]
      }
    }

    /// Applies a map again and again, as long as the changes shrink; looked at for each state of its own.
    private func iterate(
      from start: Tensor, _ map: (Tensor) throws(EngineError) -> Tensor
    ) throws(EngineError) -> Tensor {
      func size(_ change: Tensor) throws(EngineError) -> Tensor {
        try change.abs().max([1, 2], keepDims: true)
      }
      let first = try map(start)
      let second = try map(first)
      var isShrinking = try size(second - first).isLess(than: size(first - start))
      var current = try Tensor.select(isShrinking, second, start)
      let none = Tensor.zeros([], dtype: start.dtype)
      var change = try Tensor.select(isShrinking, size(second - first), none)
      for _ in 2..<max(iterations, 2) {
        let next = try map(current)
        let step = try size(next - current)
        isShrinking = try step.isLess(than: change)
        current = try .select(isShrinking, next, current)
        // Nothing is less than 0: what has stopped stays so.
        change = try .select(isShrinking, step, none)
      }
      return current
    }
  }
}
