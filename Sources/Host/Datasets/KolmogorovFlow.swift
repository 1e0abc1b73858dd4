import Engine
import Foundation

/// Two-dimensional incompressible flow on a torus of side 2π, driven by a sinusoidal force.
///
///     ∂v/∂t = −∇·(v ⊗ v) + ν ∇²v − ∇p + (sin 4y − 0.1 u, −0.1 v),      ∇·v = 0
///
/// Velocities sit on the faces of `size × size` cells of side h = 2π / size: `u`, along the first axis, at
/// `(i + 1, j + ½) h`, and `v`, along the second, at `(i + ½, j + 1) h`. Everything is a tensor expression
/// of either floating type, so that the same scheme makes the data and is differentiated by the constraint.
///
/// Source: the scheme of jax-cfd's Kolmogorov flow (Kochkov et al. 2021) as Feng et al. 2025 use it:
/// explicit Euler steps, van-Leer-limited Lax-Wendroff fluxes, projection by FFT.
public struct KolmogorovFlow: Sendable {
  /// The two components of a velocity field, both `[B, size, size]`.
  public struct Velocity: Sendable {
    public var u: Tensor
    public var v: Tensor

    public init(u: Tensor, v: Tensor) { (self.u, self.v) = (u, v) }

    /// Splits `[B, 2, size, size]`.
    public init(_ field: Tensor) throws(EngineError) {
      u = try field.sliced(axis: 1, from: 0, to: 1).squeezed(axis: 1)
      v = try field.sliced(axis: 1, from: 1, to: 2).squeezed(axis: 1)
    }

    /// `[B, 2, size, size]`.
    public func stacked() throws(EngineError) -> Tensor { try .stacked([u, v], axis: 1) }
  }

  /// Cells along an axis.
  public let size: Int
  /// 1 / ν.
  public let reynolds: Double
  /// Length of a step, in units of time.
  public let timeStep: Double
  /// Side of a cell.
  public var spacing: Double { 2 * .pi / Double(size) }

  /// Waves of the force around the torus, and the rate at which it drags.
  private static let waves = 4.0
  private static let drag = 0.1

  public init(size: Int = 64, reynolds: Double = 1000, timeStep: Double = 0.01) {
    self.size = size
    self.reynolds = reynolds
    self.timeStep = timeStep
  }

  /// One step: advection, diffusion and force by explicit Euler, then the projection.
  public func step(_ velocity: Velocity) throws(EngineError) -> Velocity {
    let (u, v) = (velocity.u, velocity.v)
    let advection = try advection(of: velocity)
    let force = try forcing(of: velocity)
    let viscosity = 1 / reynolds
    return try projected(
      Velocity(
        u: u + (advection.u + laplacian(of: u) * viscosity + force.u) * timeStep,
        v: v + (advection.v + laplacian(of: v) * viscosity + force.v) * timeStep))
  }

  /// Several steps.
  public func advanced(_ velocity: Velocity, steps: Int) throws(EngineError) -> Velocity {
    var state = velocity
    for _ in 0..<steps { state = try step(state) }
    return state
  }

  // MARK: Differences

  private func next(_ x: Tensor, _ axis: Int) throws(EngineError) -> Tensor {
    try x.rolled(by: -1, axis: axis)
  }

  private func previous(_ x: Tensor, _ axis: Int) throws(EngineError) -> Tensor {
    try x.rolled(by: 1, axis: axis)
  }

  /// ∇·v in every cell, `[B, size, size]`.
  public func divergence(of velocity: Velocity) throws(EngineError) -> Tensor {
    let (u, v) = (velocity.u, velocity.v)
    return try (u - previous(u, 1) + v - previous(v, 2)) * (1 / spacing)
  }

  /// ∂v/∂x − ∂u/∂y at the corners of the cells, `[B, size, size]`.
  public func vorticity(of velocity: Velocity) throws(EngineError) -> Tensor {
    let (u, v) = (velocity.u, velocity.v)
    return try (next(v, 1) - v - next(u, 2) + u) * (1 / spacing)
  }

  func laplacian(of x: Tensor) throws(EngineError) -> Tensor {
    try x.laplacian(axes: [1, 2], spacing: spacing)
  }

  // MARK: Terms

  func forcing(of velocity: Velocity) throws(EngineError) -> Velocity {
    let wave = (0..<size).map { sin(Self.waves * (Double($0) + 0.5) * spacing) }
    let profile = try Tensor(wave, shape: [1, 1, size]).cast(to: velocity.u.dtype)
    return Velocity(u: try profile - velocity.u * Self.drag, v: try velocity.v * -Self.drag)
  }

  /// −∇·(v ⊗ v), component by component.
  func advection(of velocity: Velocity) throws(EngineError) -> Velocity {
    let (u, v) = (velocity.u, velocity.v)
    return Velocity(
      u: try outflow(of: u, across: (mean(u, 1), mean(v, 1))),
      v: try outflow(of: v, across: (mean(u, 2), mean(v, 2))))
  }

  private func mean(_ x: Tensor, _ axis: Int) throws(EngineError) -> Tensor {
    try (x + next(x, axis)) * 0.5
  }

  /// −∇·(w c), from the velocities w on the faces between neighbours along either axis.
  private func outflow(of c: Tensor, across w: (Tensor, Tensor)) throws(EngineError) -> Tensor {
    let first = try flux(of: c, w.0, axis: 1)
    let second = try flux(of: c, w.1, axis: 2)
    return try (previous(first, 1) - first + previous(second, 2) - second) * (1 / spacing)
  }

  /// w c on faces: upwind, with the part of the Lax-Wendroff correction that van Leer's limiter lets through.
  private func flux(of c: Tensor, _ w: Tensor, axis: Int) throws(EngineError) -> Tensor {
    let after = try next(c, axis)
    let slope = try after - c
    let isForward = try w.isGreater(than: 0)
    let one = Tensor.ones([], dtype: c.dtype)
    let safe = try Tensor.select(slope.isEqual(to: 0), one, slope)
    // Slopes on the upwind side and here; equal where the field is smooth.
    let ratio = try Tensor.select(isForward, previous(slope, axis), next(slope, axis)) / safe
    let positive = try ratio.relu()
    let limiter = try positive * 2 / (positive + 1)
    let courant = try w * (timeStep / spacing)
    let correction = try Tensor.select(isForward, 1 - courant, -1 - courant) * 0.5 * slope
    return try w * (Tensor.select(isForward, c, after) + limiter * correction)
  }

  /// The nearest field without divergence: v − ∇q with ∇²q = ∇·v.
  func projected(_ velocity: Velocity) throws(EngineError) -> Velocity {
    let q = try divergence(of: velocity).poissonSolution(spacing: spacing)
    return Velocity(
      u: try velocity.u - (next(q, 1) - q) * (1 / spacing),
      v: try velocity.v - (next(q, 2) - q) * (1 / spacing))
  }
}
