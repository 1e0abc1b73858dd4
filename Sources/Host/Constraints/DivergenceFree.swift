import Engine

/// The flow's states have no divergence: ℓ(x) = mean |∇·v| over states and cells.
///
/// Differences are those of the staggered grid of ``KolmogorovFlow``, periodic on a torus of side 2π.
public struct DivergenceFree: Constraint {
  public let name = "divergence_free"
  public let layout: FluidLayout
  public let domain = ImageDomain(channels: 2)

  public init(layout: FluidLayout = FluidLayout()) { self.layout = layout }

  public func distances(_ x: Tensor) throws -> Tensor {
    let states = try layout.split(x, op: name)
    let (batch, n) = (x.shape[0], states.shape[3])
    let fields = try states.reshaped(to: [batch * layout.count, 2, n, n])
    let divergence = try KolmogorovFlow(size: n).divergence(of: .init(fields))
    return try divergence.abs().reshaped(to: [batch, layout.count * n * n]).mean([1])
  }
}
