import Engine
import Foundation

/// Solutions of the one-dimensional viscous Burgers equation, one space-time picture each.
///
///     ∂u/∂t = −u ∂u/∂x + ν ∂²u/∂x²
///
/// The initial state is a draw of a Gaussian process of mean 1 with the Matérn-3/2 covariance
/// `(1 + r) exp(−r)`, `r = √3 |d| / 0.2` on `linspace(−1, 1, size)`, rescaled to [0, 1] by its own
/// minimum and maximum. Column j of the image is the state after `substeps · (j + 1)` steps; row 0 is
/// the last grid point. As in the published data, the grid spacing is `domain / (size − 1)` while the
/// differences wrap around, so that the period is one spacing longer than `domain`.
public struct BurgersDataset: Dataset {
  /// How a step in time is made.
  public enum Integrator: String, Sendable, CaseIterable, Codable {
    /// `u + dt f(u)`: the published data follow this, whatever their name says.
    case euler
    /// `u′ = u + dt/2 (f(u) + f(u′))`, solved for `u′`.
    case crankNicolson = "crank_nicolson"
  }

  public let name = "burgers"
  /// Number of grid points, and of recorded states.
  public let size: Int
  /// Steps in time between two columns.
  public let substeps: Int
  /// Length of a step, in units of time.
  public let timeStep: Double
  /// ν.
  public let viscosity: Double
  /// Distance from the first grid point to the last.
  public let domain: Double
  public let integrator: Integrator
  private let covarianceFactor: [Double]

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a setting out of range.
  public init(
    size: Int = 64, substeps: Int = 5, timeStep: Double = 0.025, viscosity: Double = 0.05,
    domain: Double = 10, integrator: Integrator = .euler
  ) throws(EngineError) {
    func check(_ isValid: Bool, _ argument: String, _ expected: String, _ got: Any)
      throws(EngineError)
    {
      guard isValid else {
        throw .invalidArgument(op: "burgers", argument: argument, expected: expected, got: "\(got)")
      }
    }
    try check((4...1024).contains(size), "size", "4…1024", size)
    try check((1...100_000).contains(substeps), "substeps", "1…100000", substeps)
    try check(timeStep > 0 && timeStep.isFinite, "timeStep", "positive", timeStep)
    try check(viscosity >= 0 && viscosity.isFinite, "viscosity", "not negative", viscosity)
    try check(domain > 0 && domain.isFinite, "domain", "positive", domain)
    self.size = size
    self.substeps = substeps
    self.timeStep = timeStep
    self.viscosity = viscosity
    self.domain = domain
    self.integrator = integrator
    covarianceFactor = try choleskyFactor(
      of: BurgersDataset.covariance(size: size), size: size)
  }

  public var imageShape: Shape { [1, size, size] }

  public var parameters: [String: String] {
    [
      "size": "\(size)", "substeps": "\(substeps)", "dt": "\(timeStep)", "nu": "\(viscosity)",
      "domain": "\(domain)", "integrator": integrator.rawValue,
    ]
  }

  public func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor {
    try renderImages(range, height: size, width: size) { index throws(EngineError) in
      try image(from: initialState(index: index, seed: seed)).map { Float($0) }
    }
  }

  /// Matérn-3/2 covariance of the initial state, row by row.
  static func covariance(size: Int) -> [Double] {
    (0..<size * size).map { element in
      let distance = 2 * Double(abs(element / size - element % size)) / Double(size - 1)
      let r = 3.0.squareRoot() * distance / 0.2
      return (1 + r) * exp(-r)
    }
  }

  /// Draws an initial state and rescales it to [0, 1].
  func initialState(index: Int, seed: UInt64) -> [Double] {
    var random = SeededRandom(seed: seed, stream: UInt64(index))
    let noise = (0..<size).map { _ in random.normal() }
    let draw = (0..<size).map { row in
      1 + (0...row).reduce(0) { $0 + covarianceFactor[row * size + $1] * noise[$1] }
    }
    return BurgersDataset.rescaled(draw)
  }

  /// Maps the smallest value to 0 and the largest to 1.
  static func rescaled(_ values: [Double]) -> [Double] {
    guard let low = values.min(), let high = values.max(), high > low else {
      return values.map { _ in 0 }
    }
    return values.map { ($0 - low) / (high - low) }
  }

  /// The picture that grows out of an initial state: `size × size`, row by row.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` where the step is too long.
  func image(from initial: [Double]) throws(EngineError) -> [Double] {
    let equation = BurgersEquation(
      spacing: domain / Double(size - 1), viscosity: viscosity, timeStep: timeStep)
    var state = initial
    var image = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      for _ in 0..<substeps {
        switch integrator {
        case .euler: state = equation.eulerStep(state)
        case .crankNicolson: state = try equation.crankNicolsonStep(state)
        }
      }
      for point in 0..<size { image[(size - 1 - point) * size + column] = state[point] }
    }
    guard image.allSatisfy(\.isFinite) else {
      throw .invalidArgument(
        op: "burgers", argument: "timeStep", expected: "short enough for the \(size) grid points",
        got: "\(timeStep)")
    }
    return image
  }
}
