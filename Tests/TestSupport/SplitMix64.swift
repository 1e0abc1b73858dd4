import Engine

/// A small seeded generator (Steele, Lea and Flood 2014), so that a failing test can be run again.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in the range, uniformly.
  public mutating func double(in range: ClosedRange<Double>) -> Double {
    Double.random(in: range, using: &self)
  }

  /// A whole number in the range.
  public mutating func int(in range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// True once in `count` times.
  public mutating func oneIn(_ count: Int) -> Bool { int(in: 1...count) == 1 }

  /// A tensor of uniform numbers, rounded to the type.
  public mutating func tensor(
    _ shape: Shape, in range: ClosedRange<Double> = -1...1, dtype: DType = .float64
  ) -> Tensor {
    let values = (0..<shape.count).map { _ in double(in: range) }
    return dtype == .float32
      ? Tensor(values.map { Float($0) }, shape: shape) : Tensor(values, shape: shape)
  }
}
