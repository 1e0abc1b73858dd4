import Engine

/// Draws samples of a generative model.
///
/// Sample number `i` depends on the seed and `i` alone: it is the same alone, in a batch, or in another batch.
public protocol Sampler: Sendable {
  /// How often ``sample(count:first:imageShape:seed:onStep:)`` reports.
  var steps: Int { get }

  /// Samples number `first..<first + count`.
  ///
  /// - Parameters:
  ///   - imageShape: `[C, H, W]`.
  ///   - onStep: told the number of steps done, 1 to ``steps``.
  /// - Returns: `[count, C, H, W]`.
  func sample(
    count: Int, first: Int, imageShape: [Int], seed: UInt64, onStep: (Int) throws -> Void
  ) throws -> Tensor
}

extension Sampler {
  /// Samples number `0..<count`.
  public func sample(count: Int, imageShape: [Int], seed: UInt64) throws -> Tensor {
    try sample(count: count, first: 0, imageShape: imageShape, seed: seed, onStep: { _ in })
  }
}

/// The samplers of a diffusion model by the names that recipes give them.
public enum SamplingMethod: String, Sendable, CaseIterable {
  case eulerMaruyama = "euler_maruyama"
  case predictorCorrector = "predictor_corrector"
  case heun
  case dpmSolver = "dpm_solver++"
  case stochasticDPMSolver = "sde_dpm_solver++"

  /// Steps that leave the method's own error below that of a trained score.
  public var defaultSteps: Int {
    switch self {
    case .eulerMaruyama, .predictorCorrector: 1000
    case .heun, .dpmSolver, .stochasticDPMSolver: 50
    }
  }

  /// The usual steps of the methods that take another number of them, as in 50 for `heun`: for the list of
  /// settings.
  var otherDefaults: String {
    let others = Self.allCases.filter { $0.defaultSteps != defaultSteps }
    return Set(others.map(\.defaultSteps)).sorted().map { steps in
      let names = others.filter { $0.defaultSteps == steps }.map { "`\($0.rawValue)`" }
      return "\(steps) for " + names.joined(separator: ", ")
    }.joined(separator: "; ")
  }

  /// This sampler for a score.
  ///
  /// - Parameter steps: at least 2.
  public func sampler(score: any ScoreModel, sde: VPSDE, steps: Int) -> any Sampler {
    switch self {
    case .eulerMaruyama: EulerMaruyama(score: score, sde: sde, steps: steps)
    case .predictorCorrector: PredictorCorrector(score: score, sde: sde, steps: steps)
    case .heun: ProbabilityFlow(score: score, sde: sde, steps: steps)
    case .dpmSolver: DPMSolver(score: score, sde: sde, steps: steps)
    case .stochasticDPMSolver:
      DPMSolver(score: score, sde: sde, steps: steps, isStochastic: true)
    }
  }
}

extension ScoreModel {
  /// The score at one time for a whole batch.
  ///
  /// - Parameter t: scalar tensor.
  func score(_ x: Tensor, at t: Tensor) throws -> Tensor {
    try score(x, time: t.reshaped(to: [1]).broadcast(to: [x.shape[0]]))
  }
}
