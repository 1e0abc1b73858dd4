import Foundation
import TestSupport
import Testing

@testable import Engine

/// Random numbers: the right algorithm, the right distribution, one stream a sample.
@Suite struct RandomTests {
  /// Philox 4×32-10 written a second time, from the paper.
  static func philox(counter: [UInt32], key: [UInt32]) -> [UInt32] {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let first = c[0].multipliedFullWidth(by: 0xD251_1F53)
      let second = c[2].multipliedFullWidth(by: 0xCD9E_8D57)
      c = [second.high ^ c[1] ^ k[0], second.low, first.high ^ c[3] ^ k[1], first.low]
      k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
    }
    return c
  }

  /// Known answers published with the algorithm (Random123, `kat_vectors`).
  @Test func theSecondImplementationGivesThePublishedNumbers() {
    #expect(
      Self.philox(counter: [0, 0, 0, 0], key: [0, 0])
        == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = [UInt32](repeating: .max, count: 4)
    #expect(
      Self.philox(counter: ones, key: [.max, .max])
        == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      Self.philox(
        counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        key: [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func uniformNumbersAreThoseOfPhilox() throws {
    let keys: [(seed: UInt64, stream: UInt32, step: UInt32)] = [
      (0, 0, 0), (0xa409_3822_299f_31d0, 0x1319_8a2e, 0x0370_7344), (.max, .max, .max),
    ]
    for key in keys {
      let tensor = RandomKey(seed: key.seed, stream: key.stream, step: key.step).tensor
      let actual = try Tensor.uniform(keys: tensor, shape: [10_001]).floats()
      let words = (0..<2501).flatMap { block in
        Self.philox(
          counter: [UInt32(block), 0, key.stream, key.step],
          key: [UInt32(truncatingIfNeeded: key.seed), UInt32(truncatingIfNeeded: key.seed >> 32)])
      }
      let expected = words.prefix(10_001).map { Float($0 >> 8) * 0x1p-24 }
      #expect(firstDifference(actual, expected) == nil)
    }
  }

  @Test func uniformNumbersAreUniform() throws {
    let count = 400_000
    let x = try Tensor.uniform(keys: RandomKey(seed: 11).tensor, shape: [count]).doubles()
    #expect(x.allSatisfy { (0..<1).contains($0) })
    var bins = [Double](repeating: 0, count: 100)
    for value in x { bins[Int(value * 100)] += 1 }
    let expected = Double(count) / 100
    let statistic = bins.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    // χ² with 99 degrees of freedom: 50 to 160 is five standard deviations.
    #expect((50...160).contains(statistic))
  }

  @Test func normalNumbersHaveTheMomentsOfANormal() throws {
    let count = 400_000.0
    let x = try Tensor.normal(keys: RandomKey(seed: 12).tensor, shape: [Int(count)]).doubles()
    let moments = (1...4).map { power -> Double in
      x.reduce(0) { $0 + Foundation.pow($1, Double(power)) } / count
    }
    // Five standard errors each: √1, √2, √15, √96 over √n.
    for (moment, (expected, spread)) in zip(moments, [(0.0, 1.0), (1, 1.42), (0, 3.88), (3, 9.8)]) {
      #expect(abs(moment - expected) < 5 * spread / count.squareRoot())
    }
    #expect(x.filter { abs($0) > 1.959964 }.count > Int(count * 0.048))
    #expect(x.filter { abs($0) > 1.959964 }.count < Int(count * 0.052))
    // Neighbours come in pairs from one pair of words: they must not depend on each other.
    var (product, squares) = (0.0, 0.0)
    for at in stride(from: 0, to: x.count, by: 2) {
      let (a, b) = (x[at], x[at + 1])
      product += a * b
      squares += (a * a - 1) * (b * b - 1)
    }
    let pairs = count / 2
    #expect(abs(product / pairs) < 5 / pairs.squareRoot())
    #expect(abs(squares / pairs) < 10 / pairs.squareRoot())
  }

  @Test(arguments: [1, 3, 4, 5, 4097]) func rowsDoNotDependOnTheBatch(_ size: Int) throws {
    let keys = (0..<8).map { RandomKey(seed: 99, stream: UInt32($0), step: 3) }
    let together = try Tensor.normal(keys: RandomKey.tensor(keys), shape: [8, size]).floats()
    let alone = try keys.flatMap { try Tensor.normal(keys: $0.tensor, shape: [1, size]).floats() }
    #expect(firstDifference(together, alone) == nil)
  }

  @Test func longerRowsBeginAsShorterOnes() throws {
    let key = RandomKey(seed: 5, stream: 6, step: 7).tensor
    let short = try Tensor.uniform(keys: key, shape: [10]).floats()
    #expect(try Array(Tensor.uniform(keys: key, shape: [5000]).floats().prefix(10)) == short)
  }

  @Test func everyPartOfTheKeyMatters() throws {
    let keys = [
      RandomKey(seed: 1), RandomKey(seed: 2), RandomKey(seed: 1 << 32),
      RandomKey(seed: 1, stream: 1),
      RandomKey(seed: 1, step: 1), RandomKey(seed: 1, stream: 1, step: 1),
    ]
    let rows = try keys.map { try Tensor.uniform(keys: $0.tensor, shape: [64]).floats() }
    for i in rows.indices {
      for j in 0..<i { #expect(zip(rows[i], rows[j]).filter { $0 == $1 }.count <= 1) }
    }
  }

  /// No number of one purpose is a number of another, also not of streams and steps that count from 0.
  @Test func purposesShareNoNumbers() throws {
    var keys: [RandomKey] = []
    for seed: UInt64 in [0, 7] {
      for purpose in RandomPurpose.allCases {
        for place: UInt32 in 0..<3 {
          keys.append(RandomKey(seed: seed, for: purpose, stream: place, step: 0))
          keys.append(RandomKey(seed: seed, for: purpose, stream: 0, step: place + 1))
        }
      }
      keys.append(RandomKey(seed: seed))
    }
    #expect(Set(keys).count == keys.count)
    let rows = try keys.map { try Tensor.uniform(keys: $0.tensor, shape: [16]).floats() }
    #expect(Set(rows).count == rows.count)
  }

  @Test func keysMayBeComputedOrComeLater() throws {
    let keys = Tensor.placeholder("keys", shape: [2, 4], dtype: .int32)
    let program = try Program(
      inputs: [keys], outputs: [try Tensor.normal(keys: keys, shape: [2, 9])])
    for step: UInt32 in 0..<3 {
      let value = RandomKey.tensor([RandomKey(seed: 8, step: step), RandomKey(seed: 9, step: step)])
      let expected = try Tensor.normal(keys: value, shape: [2, 9]).floats()
      #expect(try program.run([value])[0].floats() == expected)
    }
  }

  @Test func wrongKeysAreRefused() {
    let error = #expect(throws: EngineError.self) {
      try Tensor.normal(keys: .zeros([3, 4], dtype: .int32), shape: [2, 5])
    }
    #expect(
      error?.message
        == "random: keys must be an int32 tensor [1, 4], or one row a sample of [2, 5], got int32 [3, 4]"
    )
  }
}
