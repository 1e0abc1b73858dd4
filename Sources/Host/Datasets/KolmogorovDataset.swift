import Engine
import Foundation

/// Trajectories of Kolmogorov flow: ``KolmogorovFlow``, some states of one a picture.
///
/// The initial velocity is white noise, filtered to a log-normal spectrum around wavenumber 4, made free
/// of divergence and scaled to a maximal speed of 3. States are kept from time `start · timeStep` on,
/// `substeps` steps apart: eight at t = 3.0, 3.2, … 4.4 by default, laid out by ``FluidLayout``.
///
/// Computed in Float64 and rounded at the end: what is left of the divergence is that rounding.
public struct KolmogorovDataset: Dataset {
  public let name = "kolmogorov"
  public let flow: KolmogorovFlow
  public let layout: FluidLayout
  /// Steps from one state to the next.
  public let substeps: Int
  /// Steps before the first state.
  public let start: Int

  /// Images that are computed together. Fixed, and every image has its place in a group by its index, so
  /// that no rounding depends on how many images are asked for.
  private static let group = 8
  private static let maximalSpeed = 3.0
  private static let peakWavenumber = 4.0

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a setting out of range.
  public init(
    size: Int = 64, reynolds: Double = 1000, timeStep: Double = 0.01, substeps: Int = 20,
    start: Int = 300, layout: FluidLayout = FluidLayout()
  ) throws(EngineError) {
    func check(_ isValid: Bool, _ argument: String, _ expected: String, _ got: Any)
      throws(EngineError)
    {
      guard isValid else {
        throw .invalidArgument(
          op: "kolmogorov", argument: argument, expected: expected, got: "\(got)")
      }
    }
    try check((8...512).contains(size) && size % 2 == 0, "size", "even, in 8…512", size)
    try check(reynolds > 0 && reynolds.isFinite, "reynolds", "positive", reynolds)
    try check(timeStep > 0 && timeStep.isFinite, "dt", "positive", timeStep)
    try check((1...100_000).contains(substeps), "substeps", "1…100000", substeps)
    try check((0...1_000_000).contains(start), "start", "0…1000000", start)
    try check((1...16).contains(layout.rows), "rows", "1…16", layout.rows)
    try check((1...16).contains(layout.columns), "columns", "1…16", layout.columns)
    flow = KolmogorovFlow(size: size, reynolds: reynolds, timeStep: timeStep)
    self.layout = layout
    self.substeps = substeps
    self.start = start
  }

  public var imageShape: Shape { [2, layout.rows * flow.size, layout.columns * flow.size] }

  public var parameters: [String: String] {
    [
      "size": "\(flow.size)", "reynolds": "\(flow.reynolds)", "dt": "\(flow.timeStep)",
      "substeps": "\(substeps)", "start": "\(start)", "rows": "\(layout.rows)",
      "columns": "\(layout.columns)",
    ]
  }

  public func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor {
    guard !range.isEmpty else { return .zeros(Shape([0] + imageShape.dimensions)) }
    let step = try stepProgram()
    var parts: [Tensor] = []
    for first in stride(
      from: range.lowerBound / Self.group * Self.group, to: range.upperBound, by: Self.group)
    {
      let images = try trajectories(from: first, seed: seed, step)
      let (low, high) = (max(range.lowerBound, first), min(range.upperBound, first + Self.group))
      parts.append(try images.sliced(axis: 0, from: low - first, to: high - first))
      try evaluate([parts[parts.count - 1]])
    }
    return try .concatenated(parts, axis: 0)
  }

  /// The vorticity of every state, of which a picture can be read.
  public func picture(_ images: Tensor) throws -> Tensor {
    let states = try layout.split(images, op: name)
    let (batch, n) = (images.shape[0], flow.size)
    let fields = try states.reshaped(to: [batch * layout.count, 2, n, n])
    let vorticity = try flow.vorticity(of: KolmogorovFlow.Velocity(fields))
    return try vorticity.reshaped(to: [batch, layout.rows, layout.columns, n, n])
      .permuted([0, 1, 3, 2, 4]).reshaped(to: [batch, 1, layout.rows * n, layout.columns * n])
  }

  // MARK: Computing

  private func stepProgram() throws -> Program {
    let shape = Shape([Self.group, flow.size, flow.size])
    let (u, v) = (
      Tensor.placeholder("u", shape: shape, dtype: .float64),
      Tensor.placeholder("v", shape: shape, dtype: .float64)
    )
    let next = try flow.step(KolmogorovFlow.Velocity(u: u, v: v))
    return try Program(inputs: [u, v], outputs: [next.u, next.v])
  }

  /// The images `first ..< first + group`.
  private func trajectories(from first: Int, seed: UInt64, _ step: Program) throws -> Tensor {
    let initial = try initialVelocity(
      (first..<first + Self.group).map { noise(index: $0, seed: seed) })
    var state = [initial.u, initial.v]
    var states: [Tensor] = []
    for count in 1...start + (layout.count - 1) * substeps + 1 {
      // The state after count − 1 steps.
      if count > start, (count - 1 - start) % substeps == 0 {
        states.append(
          try KolmogorovFlow.Velocity(u: state[0], v: state[1]).stacked().cast(to: .float32))
        if states.count == layout.count { break }
      }
      try Interrupt.check("data")
      state = try step.run(state)
    }
    let images = try layout.join(.stacked(states, axis: 1))
    try evaluate([images])
    guard try images.square().sum().item().isFinite else {
      throw EngineError.invalidArgument(
        op: name, argument: "dt", expected: "short enough for the \(flow.size) grid points",
        got: "\(flow.timeStep)")
    }
    return images
  }

  private func noise(index: Int, seed: UInt64) -> [Double] {
    var random = SeededRandom(seed: seed, stream: UInt64(index))
    return (0..<2 * flow.size * flow.size).map { _ in random.normal() }
  }

  /// Filtered, projected and scaled white noise.
  func initialVelocity(_ noise: [[Double]]) throws(EngineError) -> KolmogorovFlow.Velocity {
    let n = flow.size
    let white = Tensor(noise.flatMap { $0 }, shape: [noise.count, 2, n, n])
    let spectrum = try white.complexFromReal().fft(axisCount: 2) * spectralFilter
    var velocity = try KolmogorovFlow.Velocity(spectrum.fft(axisCount: 2, inverse: true).realPart())
    // Scaling does not undo the projection; the authors' code repeats both to the same end.
    for _ in 0..<3 {
      velocity = try flow.projected(velocity)
      let speed = try (velocity.u.square() + velocity.v.square()).max([1, 2], keepDims: true).sqrt()
      let factor = try Self.maximalSpeed / speed
      velocity = .init(u: try velocity.u * factor, v: try velocity.v * factor)
    }
    try evaluate([velocity.u, velocity.v])
    return velocity
  }

  /// What a Fourier coefficient of wavenumber k is multiplied by, `[size, size, 1]`.
  private var spectralFilter: Tensor {
    let n = flow.size
    let mean = log(Self.peakWavenumber) + 0.25
    let values = (0..<n * n).map { element -> Double in
      let k = hypot(wavenumber(element / n), wavenumber(element % n))
      guard k > 0 else { return 0 }
      return exp(-pow(mean - log(k), 2) / 0.5 - log(k)) / k
    }
    return Tensor(values, shape: [n, n, 1])
  }

  private func wavenumber(_ index: Int) -> Double {
    Double(index <= flow.size / 2 ? index : index - flow.size)
  }
}
