import Engine
import Foundation
import LuaBridge
import TestSupport
import Testing

@testable import Host

@Suite struct DatasetTests {
  @Test func imagesDependOnSeedAndIndexOnly() throws {
    let datasets: [any Dataset] = [
      try BurgersDataset(size: 16), try BlackHoleDataset(size: 16), try PeriodicDataset(size: 16),
      try GalaxiesDataset(size: 48, objects: 1...3),
      try KolmogorovDataset(
        size: 8, substeps: 2, start: 3, layout: FluidLayout(rows: 1, columns: 2)),
    ]
    let threads = Threads.count
    defer { Threads.count = threads }
    for dataset in datasets {
      Threads.count = 2
      let many = try dataset.generate(count: 11, seed: 7)
      #expect(many.shape.dimensions == [11] + dataset.imageShape.dimensions)
      Threads.count = 1
      #expect(try many.floats() == dataset.generate(count: 11, seed: 7).floats(), "\(dataset.name)")
      // Any part of them is the same, also across the groups some are computed in.
      let pixels = dataset.imageShape.count
      #expect(
        try Array(many.floats()[6 * pixels..<10 * pixels])
          == dataset.generate(6..<10, seed: 7).floats(), "\(dataset.name)")
      #expect(try many.floats() != dataset.generate(count: 11, seed: 8).floats())
      #expect(
        try dataset.generate(count: 0, seed: 1).shape.dimensions
          == [0] + dataset.imageShape.dimensions)
      #expect(throws: EngineError.self) { try dataset.generate(count: -1, seed: 1) }
    }
  }

  @Test func everyEntryOfTheCatalogueSaysItsParameters() throws {
    for entry in DatasetCatalogue.entries {
      let dataset = try DatasetCatalogue.dataset(entry.name)
      #expect(dataset.name == entry.name)
      #expect(!entry.summary.isEmpty)
      // What a dataset calls its parameters is what recipes call them.
      let fields = dataset.parameters.mapValues { text in
        Int(text).map { LuaValue.integer($0) } ?? Double(text).map { .number($0) }
          ?? Bool(text).map { .bool($0) } ?? .string(text)
      }
      let again = try DatasetCatalogue.dataset(entry.name, settings: LuaTable(fields: fields))
      #expect(again.parameters == dataset.parameters)
    }
    let error = #expect(throws: RunError.self) { try DatasetCatalogue.dataset("burger") }
    #expect(error?.message.hasSuffix("got 'burger'; did you mean 'burgers'?") == true)
    #expect(throws: RunError.self) {
      try DatasetCatalogue.dataset(
        "burgers", settings: LuaTable(fields: ["sizes": .integer(16)]))
    }
  }

  @Test func settingsOutOfRangeAreRefused() {
    #expect(throws: EngineError.self) { try BurgersDataset(size: 3) }
    #expect(throws: EngineError.self) { try BurgersDataset(timeStep: .nan) }
    #expect(throws: EngineError.self) { try BurgersDataset(substeps: 0) }
    #expect(throws: EngineError.self) { try BlackHoleDataset(total: 0) }
    #expect(throws: EngineError.self) { try PeriodicDataset(size: 15) }
    #expect(throws: EngineError.self) { try GalaxiesDataset(size: 32) }
    #expect(throws: EngineError.self) { try GalaxiesDataset(objects: 3...13) }
    #expect(throws: EngineError.self) { try KolmogorovDataset(size: 7) }
    #expect(throws: EngineError.self) { try KolmogorovDataset(timeStep: .infinity) }
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

  private static let files = Golden.names("data")

  @Test(.enabled(if: !files.isEmpty, "reference values are not at hand"), arguments: files)
  func burgersAgreesWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    func values(_ name: String) throws -> [Double] { try golden["burgers/" + name].doubles() }
    func setting(_ key: String) throws -> Double { try golden.setting(key, in: "burgers") }
    let n = Int(try setting("nx"))
    #expect(
      try worstDifference(BurgersDataset.covariance(size: n), values("matern_cov")) < 1e-6)
    let (draws, initials, images) = (
      try values("gp_draw"), try values("initial"), try values("image")
    )
    let dataset = try BurgersDataset(
      size: n, substeps: Int(setting("inner")), timeStep: setting("dt"), viscosity: setting("nu"))
    for index in 0..<draws.count / n {
      let points = index * n..<(index + 1) * n
      let initial = BurgersDataset.rescaled(Array(draws[points]))
      #expect(worstDifference(initial, Array(initials[points])) < 1e-6)
      let image = try dataset.image(from: Array(initials[points]))
      let pixels = index * n * n..<(index + 1) * n * n
      let difference = worstDifference(image, Array(images[pixels]))
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
