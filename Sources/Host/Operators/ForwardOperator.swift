import Engine

/// How the quantity of interest becomes a measurement: y = A(x) + noise.
public protocol ForwardOperator: Sendable {
  /// What it is called in recipes and reports.
  var name: String { get }

  /// The noiseless measurement.
  ///
  /// - Parameter x: images `[N, C, H, W]`.
  /// - Returns: `[N, …]`, differentiable in `x`; row `i` depends on image `i` alone.
  func measure(_ x: Tensor) throws -> Tensor
}
