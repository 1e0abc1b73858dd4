import Engine

/// Columns are states of the one-dimensional viscous Burgers' equation, each the advance of the one before.
///
///     u_t = -u u_x + ν u_xx,      ℓ(x) = mean |u_{j+1} - advance(u_j)|
///
/// Rows are space (row 0 is the last grid point), columns are time. The advance is the authors' scheme:
/// forward Euler with periodic central differences, which is what their data obey.
public struct Burgers: Constraint {
  public let name = "burgers"
  /// Euler steps from one column to the next.
  public let substeps: Int
  /// Length of one Euler step.
  public let timeStep: Double
  public let viscosity: Double
  /// Distance from the first to the last grid point.
  public let domain: Double

  public init(
    substeps: Int = 5, timeStep: Double = 0.025, viscosity: Double = 0.05, domain: Double = 10
  ) {
    self.substeps = substeps
    self.timeStep = timeStep
    self.viscosity = viscosity
    self.domain = domain
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
    let spacing = domain / Double(state.shape[2] - 1)
    let (convection, diffusion) = (
      timeStep / (2 * spacing), timeStep * viscosity / (spacing * spacing)
    )
    var u = state
    for _ in 0..<substeps {
      let next = try u.rolled(by: -1, axis: 2)
      let previous = try u.rolled(by: 1, axis: 2)
      u = try u - u * (next - previous) * convection + (next - u * 2 + previous) * diffusion
    }
    return u
  }
}
