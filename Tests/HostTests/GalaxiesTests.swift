import Engine
import Foundation
import Testing

@testable import Host

@Suite struct GalaxiesTests {
  @Test func scenesAreAsPromised() throws {
    let dataset = try GalaxiesDataset(size: 96, objects: 6...10)
    let labels = try #require(dataset.labels(0..<60, seed: 3)).doubles()
    #expect(Set(labels) == [6, 7, 8, 9, 10])
    for index in 0..<60 {
      let scene = try dataset.scene(index: index, seed: 3)
      #expect(scene.galaxies.count == Int(labels[index]))
      for (number, galaxy) in scene.galaxies.enumerated() {
        let ratio = 10 * log10(galaxy.power(size: 96) / (scene.noise * scene.noise))
        #expect(ratio > GalaxiesDataset.leastSNR - 1e-9, "image \(index)")
        for other in scene.galaxies[..<number] {
          #expect(galaxy.disc.gap(to: other.disc) >= 5)
        }
        #expect(galaxy.disc.row - galaxy.disc.radius >= 0)
        #expect(galaxy.disc.column + galaxy.disc.radius <= 96)
      }
    }
  }

  /// Counts connected bright regions of the picture without noise, pixels up to two apart being connected:
  /// what a person would count.
  @Test func objectsCanBeToldApart() throws {
    let dataset = try GalaxiesDataset(size: 128, objects: 6...10)
    for index in 0..<20 {
      let scene = try dataset.scene(index: index, seed: 8)
      var pixels = [Double](repeating: 0, count: 128 * 128)
      for galaxy in scene.galaxies { galaxy.draw(into: &pixels, size: 128) }
      #expect(regions(pixels.map { $0 > 0 }, size: 128) == scene.galaxies.count)
    }
  }

  private func regions(_ mask: [Bool], size: Int) -> Int {
    var (waiting, count) = (mask, 0)
    for start in mask.indices where waiting[start] {
      count += 1
      var stack = [start]
      waiting[start] = false
      while let pixel = stack.popLast() {
        for row in max(0, pixel / size - 2)...min(size - 1, pixel / size + 2) {
          for column in max(0, pixel % size - 2)...min(size - 1, pixel % size + 2) {
            let next = row * size + column
            guard waiting[next] else { continue }
            waiting[next] = false
            stack.append(next)
          }
        }
      }
    }
    return count
  }

  @Test func theNoiseIsThere() throws {
    let dataset = try GalaxiesDataset(size: 64, objects: 0...0)
    let scene = try dataset.scene(index: 1, seed: 1)
    let pixels = scene.pixels()
    #expect(pixels.allSatisfy { (0...1).contains($0) })
    let summary = Summary(pixels)
    #expect(abs(summary.mean - scene.sky) < 0.02)
    #expect(summary.standardDeviation > 0.5 * scene.noise)
  }
}
