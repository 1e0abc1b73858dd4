import Engine

/// How long a plugin takes: to build its computation, and to evaluate it with its gradient.
public struct PluginTiming: Sendable {
  /// Seconds to build the computation once: what happens when it is loaded, not at every step.
  public let building: Double
  /// Seconds for value and gradient of a batch, best of several.
  public let evaluation: Double
  /// Images a batch.
  public let batch: Int
  public let size: [Int]

  /// - Parameters:
  ///   - size: of the images, `[C, H, W]`.
  ///   - function: from images `[batch, C, H, W]` to a scalar.
  public init(size: [Int], batch: Int = 16, _ function: (Tensor) throws -> Tensor) throws {
    let x = Tensor.placeholder("x", shape: Shape([batch] + size))
    let clock = ContinuousClock()
    func seconds(_ body: () throws -> Void) rethrows -> Double {
      let duration = try clock.measure(body)
      return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
    // The first call warms up; the median of the others is what counts.
    var builds: [Double] = []
    for _ in 0..<20 { builds.append(try seconds { _ = try function(x) }) }
    let value = try function(x)
    let slope = try gradient(of: value, withRespectTo: [x])[0]
    let program = try Program(inputs: [x], outputs: [value, slope])
    let images = try Tensor.normal(keys: RandomKey(seed: 1).tensor, shape: x.shape)
    _ = try images.storage()
    var runs: [Double] = []
    for _ in 0..<8 { runs.append(try seconds { _ = try program.run([images]) }) }
    building = builds.sorted()[builds.count / 2]
    evaluation = runs.min() ?? 0
    self.batch = batch
    self.size = size
  }

  /// As one line for people.
  public var summary: String {
    "\(short(evaluation * 1e3)) ms for value and gradient of \(batch) images "
      + "\(size.map(String.init).joined(separator: "×")); built in \(short(building * 1e6)) µs"
  }
}
