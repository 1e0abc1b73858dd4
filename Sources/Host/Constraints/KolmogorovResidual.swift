import Engine

/// States of Kolmogorov flow are each the advance of the one before: ℓ(x) = mean |v_{k+1} − advance(v_k)|,
/// the mean over transitions, cells and both components.
///
/// The advance, ``KolmogorovFlow``, ends in a projection, but nothing asks the first state to be free of
/// divergence: add ``DivergenceFree`` in ``WeightedConstraints`` for that.
public struct KolmogorovResidual: Constraint {
  public let name = "kolmogorov"
  public let layout: FluidLayout
  public let domain = ImageDomain(channels: 2)
  /// Steps from one state to the next.
  public let substeps: Int
  public let reynolds: Double
  /// Length of a step, in units of time.
  public let timeStep: Double

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a layout of a single state.
  public init(
    layout: FluidLayout = FluidLayout(), substeps: Int = 20, reynolds: Double = 1000,
    timeStep: Double = 0.01
  ) throws(EngineError) {
    guard layout.count >= 2 else {
      throw .invalidArgument(
        op: "kolmogorov", argument: "rows and columns", expected: "for two states or more",
        got: "\(layout.rows) and \(layout.columns)")
    }
    self.layout = layout
    self.substeps = substeps
    self.reynolds = reynolds
    self.timeStep = timeStep
  }

  public func distances(_ x: Tensor) throws -> Tensor {
    let states = try layout.split(x, op: name)
    let (batch, n, transitions) = (x.shape[0], states.shape[3], layout.count - 1)
    let flow = KolmogorovFlow(size: n, reynolds: reynolds, timeStep: timeStep)
    let before = try states.sliced(axis: 1, from: 0, to: transitions)
      .reshaped(to: [batch * transitions, 2, n, n])
    let after = try states.sliced(axis: 1, from: 1, to: layout.count)
      .reshaped(to: [batch * transitions, 2, n, n])
    let residual = try after - flow.advanced(.init(before), steps: substeps).stacked()
    return try residual.abs().reshaped(to: [batch, transitions * 2 * n * n]).mean([1])
  }
}
