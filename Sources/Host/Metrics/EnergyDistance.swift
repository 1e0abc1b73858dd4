import Engine

/// The energy distance of two sets of samples (Székely and Rizzo 2013): 0 for equal distributions, and
/// unlike ``MMD`` without a length scale to choose.
///
///     2 E‖x - y‖ - E‖x - x′‖ - E‖y - y′‖
public enum EnergyDistance {
  /// The distance between samples `[N, …]` and `[M, …]`, flattened to rows of equal length, in their units.
  ///
  /// - Parameter estimator: whether a sample's distance 0 to itself counts.
  /// - Throws: ``EngineError`` for fewer than two samples, other shapes, or values that are not finite.
  public static func between(
    _ x: Tensor, _ y: Tensor, estimator: MMD.Estimator = .unbiased
  ) throws(EngineError) -> Double {
    let (x, y) = (try Rows(x, op: "energy distance"), try Rows(y, op: "energy distance"))
    guard x.width == y.width, x.count > 1, y.count > 1 else {
      throw .invalidArgument(
        op: "energy distance", argument: "y",
        expected: "two or more rows of \(x.width) numbers in both", got: "\(y.count) of \(y.width)")
    }
    func sum(_ squares: [Double]) -> Double { squares.reduce(0) { $0 + $1.squareRoot() } }
    func within(_ rows: Rows) -> Double {
      let n = Double(rows.count)
      return sum(rows.squaredDistances()) / (estimator == .unbiased ? n * (n - 1) : n * n)
    }
    let across = sum(x.squaredDistances(to: y)) / Double(x.count * y.count)
    return 2 * across - within(x) - within(y)
  }
}
