import CKernels
import TestSupport
import Testing

@testable import Engine

/// The Float32 kernels against plain loops in Float64.
@Suite(.serialized) struct ConvolutionKernelTests {
  static let kinds = [MG_CONV_FORWARD, MG_CONV_DATA, MG_CONV_WEIGHTS]

  /// Sizes of the operands and the result, in this order.
  private func counts(_ kind: mg_conv_kind, _ s: mg_conv_sizes) -> [Int] {
    let input = Int(s.batch * s.in_channels * s.height * s.width)
    let weight = Int(s.out_channels * s.in_channels * s.kernel_height * s.kernel_width)
    let output = Int(s.batch * s.out_channels * s.out_height * s.out_width)
    return kind == MG_CONV_FORWARD
      ? [input, weight, output]
      : kind == MG_CONV_DATA ? [output, weight, input] : [input, output, weight]
  }

  private func sizes(
    batch: Int, channels: (Int, Int), image: (Int, Int), kernel: (Int, Int),
    stride: (Int, Int) = (1, 1),
    padding p: (top: Int, bottom: Int, left: Int, right: Int), circular: Bool = false
  ) -> mg_conv_sizes {
    func size(_ value: Int) -> Int64 { Int64(value) }
    return mg_conv_sizes(
      batch: size(batch), in_channels: size(channels.0), height: size(image.0),
      width: size(image.1), out_channels: size(channels.1),
      out_height: size((image.0 + p.top + p.bottom - kernel.0) / stride.0 + 1),
      out_width: size((image.1 + p.left + p.right - kernel.1) / stride.1 + 1),
      kernel_height: size(kernel.0), kernel_width: size(kernel.1), stride_height: size(stride.0),
      stride_width: size(stride.1), pad_top: size(p.top), pad_bottom: size(p.bottom),
      pad_left: size(p.left), pad_right: size(p.right), circular: circular ? 1 : 0)
  }

  /// The largest error relative to the largest exact value. The result starts as NaN, so that an element
  /// which is left out shows.
  private func error(_ kind: mg_conv_kind, _ s: mg_conv_sizes, seed: UInt64) -> Double {
    var generator = SplitMix64(seed: seed)
    let count = counts(kind, s)
    let operands = count[..<2].map { n in
      (0..<n).map { _ in Float(generator.double(in: -1...1)) }
    }
    var result = [Float](repeating: .nan, count: count[2])
    var exact = [Double](repeating: .nan, count: count[2])
    let status = withUnsafePointer(to: s) { mg_conv(kind, $0, operands[0], operands[1], &result) }
    withUnsafePointer(to: s) {
      mg_conv_f64(kind, $0, operands[0].map(Double.init), operands[1].map(Double.init), &exact)
    }
    guard status == 0, result.allSatisfy(\.isFinite) else { return .infinity }
    let largest = exact.map(abs).max() ?? 0
    let off = zip(result, exact).map { abs(Double($0) - $1) }.max() ?? 0
    return off == 0 ? 0 : off / largest
  }

  private static let channels = [1, 2, 3, 5, 8, 9, 16, 17, 33, 40]

  @Test(arguments: 0..<60) func anySizesEqualPlainLoops(_ seed: Int) {
    var g = SplitMix64(seed: UInt64(seed))
    let kernel = g.oneIn(2) ? (3, 3) : (g.int(in: 1...7), g.int(in: 1...7))
    let stride = g.oneIn(2) ? (1, 1) : (g.int(in: 1...3), g.int(in: 1...3))
    let padding = (
      top: g.int(in: 0...4), bottom: g.int(in: 0...4), left: g.int(in: 0...4),
      right: g.int(in: 0...4)
    )
    let image = (
      Swift.max(1, kernel.0 - padding.top - padding.bottom) + g.int(in: 0...14),
      Swift.max(1, kernel.1 - padding.left - padding.right) + g.int(in: 0...14)
    )
    let s = sizes(
      batch: g.int(in: 1...3),
      channels: (
        Self.channels[g.int(in: 0...9)], Self.channels[g.int(in: 0...9)]
      ),
      image: image, kernel: kernel, stride: stride, padding: padding)
    for kind in Self.kinds {
      let off = error(kind, s, seed: UInt64(seed))
      #expect(off < 3e-6, "\(kind) \(s)")
    }
  }

  /// Each remainder of these adjoints is a correlation with 3 × 3 taps that do not lie together.
  @Test(arguments: [(5, 2), (6, 2), (7, 3), (9, 3), (9, 4)], [(8, 16), (40, 33)])
  func largeStridedKernelsEqualPlainLoops(
    _ kernel: (size: Int, stride: Int), _ channels: (Int, Int)
  ) {
    let s = sizes(
      batch: 2, channels: channels, image: (19, 24), kernel: (kernel.size, kernel.size),
      stride: (kernel.stride, kernel.stride), padding: (1, 2, 1, 2))
    for kind in Self.kinds {
      #expect(error(kind, s, seed: 7) < 3e-6, "\(kind) \(s)")
    }
  }

  @Test(arguments: [(3, 3), (8, 16), (17, 9), (1, 12), (12, 1)], [(3, 3), (8, 9), (17, 4)])
  func circularConvolutionsWrapAround(_ channels: (Int, Int), _ image: (Int, Int)) {
    for kernel in [1, 2, 3, 5] {
      let (before, after) = (kernel / 2, kernel - 1 - kernel / 2)
      let s = sizes(
        batch: 2, channels: channels, image: image, kernel: (kernel, kernel),
        padding: (before, after, before, after), circular: true)
      for kind in Self.kinds {
        #expect(error(kind, s, seed: 1) < 3e-6, "\(kind) \(s)")
      }
    }
  }

  /// Rounding grows with the sums' length; ten times the bound here is what other networks notice.
  @Test(arguments: [32, 128, 256]) func winogradRoundsLittleMoreThanDirectSums(_ channels: Int) {
    let s = sizes(
      batch: 1, channels: (channels, channels), image: (12, 12), kernel: (3, 3),
      padding: (1, 1, 1, 1))
    defer { Winograd.isEnabled = true }
    for kind in Self.kinds {
      Winograd.isEnabled = true
      let winograd = error(kind, s, seed: 3)
      Winograd.isEnabled = false
      let direct = error(kind, s, seed: 3)
      #expect(winograd < 5e-6)
      #expect(direct < 3e-6)
      #expect(winograd != direct, "one of the two was not run")
    }
  }

  /// Large results are stored past the caches, where their memory allows it: the same numbers.
  @Test func winogradStreamsLargeResults() throws {
    // The last tiles of rows and columns are cut off. 40 channels are no whole lines, and never streamed.
    for channels in [32, 40, 48] {
      let s = sizes(
        batch: 4, channels: (8, channels), image: (90, 92), kernel: (3, 3), padding: (1, 1, 1, 1))
      let n = counts(MG_CONV_FORWARD, s)
      #expect(n[2] * 4 >= Int(MG_STREAMED_BYTES))
      var generator = SplitMix64(seed: 11)
      let operands = n[..<2].map { n in
        (0..<n).map { _ in Float(generator.double(in: -1...1)) }
      }
      // At the start of a cache line, and one number later.
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * n[2] + 64, alignment: 64)
      defer { memory.deallocate() }
      let results = try [0, 4].map { offset in
        let floats = memory.baseAddress.map { ($0 + offset).assumingMemoryBound(to: Float.self) }
        let out = UnsafeMutableBufferPointer(start: floats, count: n[2])
        out.update(repeating: .nan)
        let status = withUnsafePointer(to: s) {
          mg_conv(MG_CONV_FORWARD, $0, operands[0], operands[1], out.baseAddress)
        }
        try #require(status == 0)
        return Array(out)
      }
      #expect(firstDifference(results[0], results[1]) == nil, "\(channels) channels")
      #expect(!results[0].contains { $0.isNaN })
    }
  }

  /// Stride 2, with either parity of the padding, and tiles that are cut off.
  @Test(arguments: [(32, 40), (33, 32), (64, 48)], 0..<6)
  func stridedWinogradEqualsPlainLoops(_ channels: (Int, Int), _ seed: Int) {
    var g = SplitMix64(seed: UInt64(seed))
    let parity = g.int(in: 0...1)
    // Padding and size of an image, for so many outputs; the last row or column may go unused.
    func line(outputs: Int) -> (before: Int, after: Int, size: Int) {
      let unused = g.int(in: 0...1)
      let before = parity + 2 * g.int(in: 0...1)
      let after = Swift.max(0, unused + g.int(in: 1...2) - before)
      return (before, after, 2 * outputs + 1 + unused - before - after)
    }
    let (rows, columns) = (line(outputs: 8), line(outputs: 12))
    let s = sizes(
      batch: 3, channels: channels, image: (rows.size, columns.size), kernel: (3, 3),
      stride: (2, 2), padding: (rows.before, rows.after, columns.before, columns.after))
    defer { Winograd.isEnabled = true }
    for kind in Self.kinds {
      Winograd.isEnabled = true
      let winograd = error(kind, s, seed: UInt64(seed))
      Winograd.isEnabled = false
      let direct = error(kind, s, seed: UInt64(seed))
      #expect(winograd < 3e-6, "\(kind) \(s)")
      #expect(direct < 3e-6, "\(kind) \(s)")
      #expect(winograd != direct, "one of the two was not run: \(kind) \(s)")
    }
  }

  /// With fewer tiles than channels, tasks are panels of output channels, the last of which is not full.
  @Test(arguments: [(40, 140), (150, 72)], [1, 2])
  func winogradOfFewTilesEqualsPlainLoops(_ channels: (Int, Int), _ stride: Int) {
    for circular in stride == 1 ? [false, true] : [false] {
      let s = sizes(
        batch: 1, channels: channels, image: (15 * stride, 12 * stride), kernel: (3, 3),
        stride: (stride, stride), padding: (1, 1, 1, 1), circular: circular)
      defer { Winograd.isEnabled = true }
      for kind in [MG_CONV_FORWARD, MG_CONV_DATA] {
        Winograd.isEnabled = true
        let winograd = error(kind, s, seed: 13)
        Winograd.isEnabled = false
        let direct = error(kind, s, seed: 13)
        #expect(winograd < 5e-6, "\(kind) \(s)")
        #expect(winograd != direct, "one of the two was not run: \(kind) \(s)")
      }
    }
  }

  /// Sums are cut up by sizes alone.
  @Test func resultsDoNotDependOnThreads() {
    let count = Threads.count
    defer { Threads.count = count }
    let cases = [
      sizes(
        batch: 4, channels: (24, 40), image: (30, 26), kernel: (3, 3), padding: (1, 1, 1, 1)),
      sizes(
        batch: 4, channels: (16, 33), image: (30, 26), kernel: (3, 3), stride: (2, 2),
        padding: (0, 1, 0, 1)),
      sizes(
        batch: 4, channels: (40, 72), image: (32, 30), kernel: (3, 3), stride: (2, 2),
        padding: (1, 0, 1, 0)),
      sizes(
        batch: 1, channels: (150, 200), image: (12, 10), kernel: (3, 3), padding: (1, 1, 1, 1)),
      sizes(batch: 6, channels: (1, 20), image: (40, 32), kernel: (7, 7), padding: (3, 3, 3, 3)),
      sizes(batch: 6, channels: (20, 1), image: (40, 32), kernel: (7, 7), padding: (3, 3, 3, 3)),
    ]
    for s in cases {
      for kind in Self.kinds {
        var generator = SplitMix64(seed: 5)
        let n = counts(kind, s)
        let operands = n[..<2].map { n in
          (0..<n).map { _ in Float(generator.double(in: -1...1)) }
        }
        let results = [1, 2, 3].map { threads in
          Threads.count = threads
          var result = [Float](repeating: .nan, count: n[2])
          let status = withUnsafePointer(to: s) {
            mg_conv(kind, $0, operands[0], operands[1], &result)
          }
          #expect(status == 0)
          return result
        }
        #expect(firstDifference(results[1], results[0]) == nil, "\(kind) \(s)")
        #expect(firstDifference(results[2], results[0]) == nil, "\(kind) \(s)")
      }
    }
  }
}
