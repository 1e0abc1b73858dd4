import Engine
import Foundation
import TestSupport
import Testing

@testable import Host

@Suite struct PeriodicDatasetTests {
  private static let files = Golden.names("data")

  @Test(.enabled(if: !files.isEmpty, "reference values are not at hand"), arguments: files)
  func theCovarianceAgreesWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let n = Int(try golden.setting("npix", in: "periodic"))
    let kernel = PeriodicDataset.kernel(
      points: n, length: try golden.setting("sigma_l", in: "periodic"),
      deviation: try golden.setting("sigma_f", in: "periodic"))
    // Points are numbered row by row.
    let product = (0..<n * n * n * n).map { element in
      let (a, b) = (element / (n * n), element % (n * n))
      return kernel[a / n * n + b / n] * kernel[a % n * n + b % n]
    }
    #expect(try worstDifference(product, golden["periodic/cov"].doubles()) < 1e-6)
  }

  /// Their images are what ours are: of two materials, one cell four times.
  @Test(.enabled(if: !files.isEmpty, "reference values are not at hand"), arguments: files)
  func imagesOfTheReferenceAreOfTheSameKind(_ name: String) throws {
    let images = try Golden.open(name).image("periodic/image_binary")
    let size = images.shape[2]
    let own = try PeriodicDataset(size: size).generate(count: images.shape[0], seed: 1)
    #expect(own.shape == images.shape)
    for set in [images, own] {
      #expect(try Set(set.floats()) == [0, 1])
      let moved = try set.rolled(by: size / 2, axis: 2).rolled(by: size / 2, axis: 3)
      #expect(try moved.floats() == set.floats())
      #expect(try set.rolled(by: size / 2, axis: 2).floats() == set.floats())
    }
  }

  /// A draw's moments are those of the process: over many draws, at some pairs of pixels.
  @Test func drawsHaveTheCovariance() throws {
    // So narrow around ½ that nothing is clipped.
    let dataset = try PeriodicDataset(size: 12, length: 0.7, deviation: 0.2, isBinary: false)
    let kernel = PeriodicDataset.kernel(points: 6, length: 0.7, deviation: 0.2)
    let count = 4000
    let cells = (0..<count).map { dataset.unitCell(index: $0, seed: 5).map { $0 - 0.5 } }
    for (a, b) in [(0, 0), (0, 1), (0, 7), (8, 26), (3, 33)] {
      let measured = cells.reduce(0) { $0 + $1[a] * $1[b] } / Double(count)
      let expected = kernel[a / 6 * 6 + b / 6] * kernel[a % 6 * 6 + b % 6]
      // Standard error of a covariance: at most √2 times the variance over √count.
      #expect(abs(measured - expected) < 5 * 1.5 * kernel[0] * kernel[0] / 63, "pixels \(a), \(b)")
    }
  }

  @Test func imagesAreTiledBinaryAndNotAllAlike() throws {
    let images = try PeriodicDataset(size: 32).generate(count: 20, seed: 2)
    let values = try images.floats()
    #expect(Set(values) == [0, 1])
    for image in 0..<20 {
      let own = Array(values[image * 1024..<(image + 1) * 1024])
      for row in 0..<32 {
        for column in 0..<32 {
          #expect(own[row * 32 + column] == own[row % 16 * 32 + column % 16])
        }
      }
    }
    let means = try images.mean([1, 2, 3]).doubles()
    #expect(Summary(means).standardDeviation > 0.05)
    let grey = try PeriodicDataset(size: 32, isBinary: false).generate(count: 2, seed: 2).floats()
    #expect(grey.allSatisfy { (0...1).contains($0) } && Set(grey).count > 100)
  }
}
