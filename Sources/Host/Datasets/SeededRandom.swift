import Foundation

/// Random numbers for the host side: a stream named by `(seed, stream)`, independent of all others.
///
/// Philox4x32-10, a function of a counter: no state is shared and none has to be saved. Source: Salmon
/// et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block = SIMD4<UInt32>()
  private var used = 4
  private var spareNormal: Double?

  /// The beginning of stream `stream` of `seed`.
  public init(seed: UInt64, stream: UInt64) {
    key = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)]
    counter = [0, 0, UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)]
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    if used == 4 {
      block = SeededRandom.philox(counter, key: key)
      counter[0] &+= 1
      if counter[0] == 0 { counter[1] &+= 1 }
      used = 0
    }
    defer { used += 2 }
    return UInt64(block[used]) | UInt64(block[used + 1]) << 32
  }

  /// A number in [0, 1), a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in `range`.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A standard normal number (Box and Muller's transform, which makes two at a time).
  public mutating func normal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    let radius = (-2 * log(1 - uniform())).squareRoot()  // 1 - u lies in (0, 1]
    let angle = 2 * Double.pi * uniform()
    spareNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// Ten rounds of Philox4x32.
  static func philox(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let left = (0xD251_1F53 as UInt32).multipliedFullWidth(by: c[0])
      let right = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: c[2])
      c = [right.high ^ c[1] ^ k[0], right.low, left.high ^ c[3] ^ k[1], left.low]
      k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
    }
    return c
  }
}
