import Foundation
import Testing

@testable import Host

@Suite struct DatasetRandomTests {
  /// Known answers published with Random123 (kat_vectors).
  @Test func philoxGivesTheKnownAnswers() {
    #expect(
      SeededRandom.philox([0, 0, 0, 0], key: [0, 0])
        == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    let ones = UInt32.max
    #expect(
      SeededRandom.philox([ones, ones, ones, ones], key: [ones, ones])
        == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
    #expect(
      SeededRandom.philox(
        [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], key: [0xA409_3822, 0x299F_31D0])
        == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  }

  @Test func momentsAreThoseOfTheDistributions() {
    var random = SeededRandom(seed: 3, stream: 1)
    let uniform = (0..<20_000).map { _ in random.uniform() }
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(Summary(uniform).mean - 0.5) < 0.01)
    let normal = (0..<20_000).map { _ in random.normal() }
    #expect(abs(Summary(normal).mean) < 0.03)
    #expect(abs(Summary(normal).standardDeviation - 1) < 0.03)
    #expect(abs(normal.map { $0 * $0 * $0 * $0 }.reduce(0, +) / 20_000 - 3) < 0.25)
  }

  @Test func streamsDiffer() {
    var (a, b, c) = (
      SeededRandom(seed: 1, stream: 0), SeededRandom(seed: 1, stream: 1),
      SeededRandom(seed: 1 << 32, stream: 0)
    )
    let (x, y, z) = (a.next(), b.next(), c.next())
    #expect(Set([x, y, z]).count == 3)
  }
}
