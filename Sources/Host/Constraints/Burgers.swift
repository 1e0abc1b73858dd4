import Engine

/// Columns are states of the one-dimensional viscous Burgers' equation, each the advance of the one before.
///
///     u_t = -u u_x + ν u_xx,      ℓ(x) = mean |u_{j+1} - advance(u_j)|
///
/// Rows are space (row 0 is the last grid point), columns are time. The advance is by default the authors'
/// scheme: forward Euler with periodic central differences, which is what their data obey.
public struct Burgers: Constraint {
  public let name = "burgers"
  /// Steps in time from one column to the next.
  public let substeps: Int
  /// Length of one step.
  public let timeStep: Double
  public let viscosity: Double
  /// Distance from the first to the last grid point.
  public let domain: Double
  public let integrator: BurgersDataset.Integrator
  /// To what the implicit step is solved, relative to values of about 1; no matter to forward Euler.
  public let tolerance: Double

  public init(
    substeps: Int = 5, timeStep: Double = 0.025, viscosity: Double = 0.05, domain: Double = 10,
    integrator: BurgersDataset.Integrator = .euler, tolerance: Double = 1e-6
  ) {
    self.substeps = substeps
    self.timeStep = timeStep
    self.viscosity = viscosity
    self.domain = domain
    self.integrator = integrator
    self.tolerance = tolerance
  }

  public func distances(_ x: Tensor) throws -> Tensor {
    try residual(x).abs().mean([1, 2, 3])
  }

  /// What each column but the first has too much over the advance of the one before it:
  /// `[N, C, H, W]` → `[N, C, H, W - 1]`, rows in the order of space.
  public func residual(_ x: Tensor) throws -> Tensor {
    guard x.rank == 4, x.shape[2] >= 3, x.shape[3] >= 2 else {
      throw EngineError.invalidArgument(
        op: name, argument: "x", expected: "[N, C, at least 3 rows, at least 2 columns]",
        got: "\(x.shape)")
    }
    let u = try x.flipped(axes: [2])
    let columns = u.shape[3]
    let before = try u.sliced(axis: 3, from: 0, to: columns - 1)
    return try u.sliced(axis: 3, from: 1, to: columns) - advance(before)
  }

  /// The state one column later.
  private func advance(_ state: Tensor) throws(EngineError) -> Tensor {
    let scheme = BurgersScheme(
      points: state.shape[2], spacing: domain / Double(state.shape[2] - 1), viscosity: viscosity,
      timeStep: timeStep)
    var u = state
    switch integrator {
    case .euler:
      for _ in 0..<substeps { u = try scheme.eulerStep(u) }
    case .crankNicolson:
      let solver = try scheme.implicitSolver(tolerance: tolerance, dtype: state.dtype)
      for _ in 0..<substeps { u = try solver.step(u) }
    }
    return u
  }
}
