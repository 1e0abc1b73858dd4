/// Adam (Kingma and Ba 2015, algorithm 1).
///
///     m ← β₁m + (1-β₁)g      v ← β₂v + (1-β₂)g²      p ← p - lr · m̂ / (√v̂ + ε)
public struct Adam: Sendable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// Factors `1 / (1 - βᵏ)` that correct the moments at step `k`, counted from 1.
  public func corrections(step: Int) -> (first: Double, second: Double) {
    let k = Double(step)
    return (1 / (1 - Double.pow(beta1, k)), 1 / (1 - Double.pow(beta2, k)))
  }

  /// One step of one tensor.
  ///
  /// - Parameters:
  ///   - learningRate: scalar.
  ///   - first: correction of `m`, scalar: see ``corrections(step:)``.
  ///   - second: correction of `v`, scalar.
  /// - Returns: the new parameter and moments.
  public func update(
    _ parameter: Tensor, gradient: Tensor, m: Tensor, v: Tensor, learningRate: Tensor,
    first: Tensor,
    second: Tensor
  ) throws(EngineError) -> (parameter: Tensor, m: Tensor, v: Tensor) {
    let m = try m * beta1 + gradient * (1 - beta1)
    let v = try v * beta2 + gradient.square() * (1 - beta2)
    let step = try m * (learningRate * first) / ((v * second).sqrt() + epsilon)
    return (try parameter - step, m, v)
  }
}
