import Engine
import Foundation
import Testing

@testable import Host

@Suite struct DatasetTests {
  @Test func imagesDependOnSeedAndIndexOnly() throws {
    let datasets: [any Dataset] = [
      try BurgersDataset(size: 16), try BlackHoleDataset(size: 16),
    ]
    for dataset in datasets {
      let many = try dataset.generate(count: 5, seed: 7)
      #expect(many.shape == [5, 1, 16, 16])
      #expect(try many.floats() == dataset.generate(count: 5, seed: 7).floats())
      #expect(
        try Array(many.floats().prefix(512)) == dataset.generate(count: 2, seed: 7).floats())
      #expect(try many.floats() != dataset.generate(count: 5, seed: 8).floats())
      #expect(try dataset.generate(count: 0, seed: 1).shape == [0, 1, 16, 16])
      #expect(throws: EngineError.self) { try dataset.generate(count: -1, seed: 1) }
    }
  }

  @Test func settingsOutOfRangeAreRefused() {
    #expect(throws: EngineError.self) { try BurgersDataset(size: 3) }
    #expect(throws: EngineError.self) { try BurgersDataset(timeStep: .nan) }
    #expect(throws: EngineError.self) { try BurgersDataset(substeps: 0) }
    #expect(throws: EngineError.self) { try BlackHoleDataset(total: 0) }
    // Forward Euler is unstable here, the implicit step is not.
    let steep = try? BurgersDataset(size: 64, timeStep: 1)
    #expect(throws: EngineError.self) { try steep?.generate(count: 1, seed: 1) }
  }

  @Test func blackHolesAreNotNegativeAndHaveTheTotal() throws {
    let images = try BlackHoleDataset(size: 32, total: 120).generate(count: 40, seed: 1).floats()
    #expect(images.allSatisfy { $0 >= 0 && $0.isFinite })
    for index in 0..<40 {
      let image = images[index * 1024..<(index + 1) * 1024]
      #expect(abs(image.reduce(0, +) - 120) < 120 * 1e-5)
      #expect((image.max() ?? 0) > 4 * (120.0 / 1024), "image \(index) is flat")
    }
  }

  @Test func burgersStatesKeepTheMeanAndSmooth() throws {
    let dataset = try BurgersDataset(size: 64, substeps: 5)
    let initial = dataset.initialState(index: 0, seed: 5)
    #expect(initial.min() == 0 && initial.max() == 1)
    let image = try dataset.image(from: initial)
    func column(_ j: Int) -> [Double] { (0..<64).map { image[$0 * 64 + j] } }
    // Central differences on a period conserve the mean of u (both terms telescope).
    #expect(abs(Summary(column(63)).mean - Summary(initial).mean) < 1e-10)
    #expect(Summary(column(63)).standardDeviation < 0.5 * Summary(initial).standardDeviation)
  }

  @Test func bothIntegratorsAgreeWithAnIndependentProgram() throws {
    let known = try Safetensors.read(GoldenFiles.own("burgers.safetensors")).tensors
    let covariance = try #require(known["covariance"]).doubles()
    #expect(worstDifference(BurgersDataset.covariance(size: 12), covariance) < 1e-14)
    let initial = try #require(known["initial"]).doubles()
    for integrator in BurgersDataset.Integrator.allCases {
      let dataset = try BurgersDataset(
        size: 12, substeps: 3, timeStep: 0.05, integrator: integrator)
      let expected = try #require(known[integrator.rawValue]).doubles()
      #expect(try worstDifference(dataset.image(from: initial), expected) < 1e-11, "\(integrator)")
    }
  }

  @Test func theImplicitStepHoldsWhereEulerFails() throws {
    let dataset = try BurgersDataset(size: 256, timeStep: 0.1, integrator: .crankNicolson)
    let images = try dataset.generate(count: 1, seed: 1).floats()
    #expect(images.allSatisfy { $0.isFinite && $0 > -0.5 && $0 < 1.5 })
  }

  @Test(.enabled(if: GoldenFiles.reference != nil, "reference values are not at hand"))
  func burgersAgreesWithTheReference() throws {
    let folder = try #require(GoldenFiles.reference)
    let golden = try Safetensors.read(folder + "/data.safetensors").tensors
    func values(_ name: String) throws -> [Double] {
      try #require(golden["burgers/" + name]).doubles()
    }
    #expect(
      try worstDifference(BurgersDataset.covariance(size: 64), values("matern_cov")) < 1e-6)
    let (draws, initials, images) = (
      try values("gp_draw"), try values("initial"), try values("image")
    )
    let dataset = try BurgersDataset()
    for index in 0..<4 {
      let points = index * 64..<(index + 1) * 64
      let initial = BurgersDataset.rescaled(Array(draws[points]))
      #expect(worstDifference(initial, Array(initials[points])) < 1e-6)
      let image = try dataset.image(from: Array(initials[points]))
      let difference = worstDifference(image, Array(images[index * 4096..<(index + 1) * 4096]))
      #expect(difference < 5e-5, "largest difference \(difference)")
    }
  }

  @Test func choleskyFactorGivesTheMatrixBack() throws {
    let matrix = BurgersDataset.covariance(size: 20)
    let factor = try choleskyFactor(of: matrix, size: 20)
    var product = [Double](repeating: 0, count: 400)
    for row in 0..<20 {
      for column in 0..<20 {
        for k in 0..<20 {
          product[row * 20 + column] += factor[row * 20 + k] * factor[column * 20 + k]
        }
      }
    }
    #expect(worstDifference(product, matrix) < 1e-9)
    #expect(throws: EngineError.self) { try choleskyFactor(of: [1, 2, 2, 1], size: 2) }
  }
}
