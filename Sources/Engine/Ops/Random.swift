import CKernels

/// What random numbers are for: of one seed every purpose has streams of its own.
public enum RandomPurpose: UInt32, Sendable, CaseIterable {
  /// Initial values of what is learned; a stream a tensor.
  case parameters = 0x7061_7261
  /// Noise, times and dropout of training steps.
  case training = 0x7472_6169
  /// The same of looks at images that are kept back.
  case validation = 0x7661_6C69
  /// Starting noise and steps of samplers; a stream a sample.
  case sampling = 0x7361_6D70
  /// Random directions in which a trace is measured; a stream an image.
  case probing = 0x7072_6F62
  /// Noise of simulated measurements; a stream a measurement.
  case measurementNoise = 0x6E6F_6973
}

/// What a stream of random numbers is keyed by: the same key always gives the same numbers.
public struct RandomKey: Sendable, Hashable {
  /// The run's seed.
  public let seed: UInt64
  /// Which of the streams: that of a sample, of a tensor.
  public let stream: UInt32
  /// Which step of a loop.
  public let step: UInt32

  public init(seed: UInt64, stream: UInt32 = 0, step: UInt32 = 0) {
    self.seed = seed
    self.stream = stream
    self.step = step
  }

  /// A key of one purpose: those of others, of the same seed, stream and step, give unrelated numbers.
  public init(seed: UInt64, for purpose: RandomPurpose, stream: UInt32 = 0, step: UInt32 = 0) {
    // Seeds that people choose are small: the upper half tells the purposes apart, whatever the streams.
    self.init(seed: seed ^ UInt64(purpose.rawValue) << 32, stream: stream, step: step)
  }

  fileprivate var words: [Int32] {
    [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), stream, step].map {
      Int32(bitPattern: $0)
    }
  }

  /// The key as a tensor `[1, 4]`.
  public var tensor: Tensor { Tensor(words, shape: [1, 4]) }

  /// Several keys as a tensor `[n, 4]`.
  public static func tensor(_ keys: [RandomKey]) -> Tensor {
    Tensor(keys.flatMap(\.words), shape: [keys.count, 4])
  }
}

/// Counter-based random numbers: row `i` depends on key `i` and on nothing else.
struct RandomNumbers: Primitive {
  enum Distribution: String, Sendable {
    case uniform, normal
  }

  let distribution: Distribution
  var name: String { "random \(distribution.rawValue)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [nil] }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let keys = planner.dense(planner.view(of: node.inputs[0]))
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    let rows = keys.sizes[0]
    guard node.shape.count > 0 else { return }
    let code = distribution == .uniform ? MG_UNIFORM : MG_NORMAL
    let count = Int64(node.shape.count / rows)
    planner.emit(name, reads: [keys], writes: output) { memory in
      mg_random(code, memory.elements(of: keys), Int64(rows), count, memory.elements(of: output))
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    let rows = inputs[0].shape[0]
    let keys = inputs[0].values.map { Int32($0) }
    var values = [Float](repeating: 0, count: shape.count)
    if shape.count > 0 {
      // There is one definition of the stream; what tests check of it is its statistics.
      mg_random(
        distribution == .uniform ? MG_UNIFORM : MG_NORMAL, keys, Int64(rows),
        Int64(shape.count / rows),
        &values)
    }
    return DenseArray(shape: shape, values: values.map { Double($0) })
  }
}

extension Tensor {
  private static func random(
    _ distribution: RandomNumbers.Distribution, _ keys: Tensor, _ shape: Shape
  )
    throws(EngineError) -> Tensor
  {
    guard keys.rank == 2, keys.shape[1] == 4, keys.dtype == .int32,
      keys.shape[0] == 1 || (shape.rank > 0 && keys.shape[0] == shape[0])
    else {
      throw .invalidArgument(
        op: "random", argument: "keys",
        expected: "an int32 tensor [1, 4], or one row a sample of \(shape)",
        got: "\(keys.dtype.rawValue) \(keys.shape)")
    }
    return Tensor(
      Node(RandomNumbers(distribution: distribution), [keys.node], shape: shape, dtype: .float32))
  }

  /// These keys for other purposes: the stream word of every row is moved on by `offset`.
  public func streams(movedBy offset: Int) throws(EngineError) -> Tensor {
    try self + Tensor([0, 0, Int32(clamping: offset), 0] as [Int32], shape: [1, 4])
  }

  /// Uniform numbers in [0, 1), Float32.
  ///
  /// - Parameters:
  ///   - keys: `[1, 4]` for one stream, or `[n, 4]` for an independent one for each `shape[0]` = n samples.
  public static func uniform(keys: Tensor, shape: Shape) throws(EngineError) -> Tensor {
    try random(.uniform, keys, shape)
  }
  /// Standard normal numbers, Float32; keys as in ``uniform(keys:shape:)``.
  public static func normal(keys: Tensor, shape: Shape) throws(EngineError) -> Tensor {
    try random(.normal, keys, shape)
  }
}
