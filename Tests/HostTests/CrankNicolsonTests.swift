import Engine
import Foundation
import TestSupport
import Testing

@testable import Host

/// The implicit form of the Burgers constraint.
@Suite struct CrankNicolsonTests {
  @Test func itsOwnDataObey() throws {
    for substeps in [1, 5] {
      let images = try BurgersDataset(size: 32, substeps: substeps, integrator: .crankNicolson)
        .generate(count: 4, seed: 2)
      let implicit = Burgers(substeps: substeps, integrator: .crankNicolson)
      #expect(try implicit.distances(images).max().item() < 1e-5)
      // Forward Euler does not pass for it; with one short step it differs least.
      let euler = try Burgers(substeps: substeps).distances(images).min().item()
      #expect(euler > 2e-5, "\(euler)")
    }
  }

  /// The step solves its equation: against Newton's method, also where plain fixed-point iteration of
  /// diffusion would move apart, by a factor of 5 an iteration.
  @Test func stepsAgreeWithNewton() throws {
    let (points, viscosity) = (32, 0.2)
    let spacing = 10.0 / 31
    let timeStep = 5 * spacing * spacing / (2 * viscosity)
    var random = SplitMix64(seed: 3)
    let states = (0..<3).map { _ in
      (0..<points).map { sin(2 * .pi * Double($0) / 32) / 16 + random.double(in: 0...0.01) }
    }
    let equation = BurgersEquation(spacing: spacing, viscosity: viscosity, timeStep: timeStep)
    let solver = try BurgersScheme(
      points: points, spacing: spacing, viscosity: viscosity, timeStep: timeStep
    ).implicitSolver(tolerance: 1e-14, dtype: .float64)
    let columns = (0..<points * 3).map { states[$0 % 3][$0 / 3] }
    let result = try solver.step(Tensor(columns, shape: [1, 1, points, 3])).doubles()
    for column in 0..<3 {
      let expected = try equation.crankNicolsonStep(states[column])
      let actual = (0..<points).map { result[$0 * 3 + column] }
      #expect(worstDifference(actual, expected) < 1e-10)
    }
  }

  @Test func gradientsAreThoseOfDifferences() throws {
    let constraint = Burgers(substeps: 3, integrator: .crankNicolson, tolerance: 1e-14)
    var random = SplitMix64(seed: 9)
    let x = random.tensor([2, 1, 12, 5], in: 0...1)
    let problem = try GradientCheck.problem(
      in: { try constraint.distances($0[0]) }, at: [x], order: 1)
    #expect(problem == nil, "\(problem ?? "")")
    // And pixel by pixel, relative to the gradient's own size.
    let slope = try gradient(of: constraint.distances(x).sum(), withRespectTo: [x])[0].doubles()
    let values = try x.doubles()
    let scale = slope.map(abs).max() ?? 0
    for pixel in stride(from: 0, to: values.count, by: 11) {
      func distance(_ offset: Double) throws -> Double {
        var moved = values
        moved[pixel] += offset
        return try constraint.distances(Tensor(moved, shape: x.shape)).sum().item()
      }
      let measured = try (distance(1e-6) - distance(-1e-6)) / 2e-6
      #expect(abs(measured - slope[pixel]) < 1e-6 * scale, "pixel \(pixel)")
    }
  }

  /// A step depends on its state through its own result: second derivatives follow that too.
  @Test func secondDerivativesAreThoseOfDifferences() throws {
    var random = SplitMix64(seed: 4)
    let solver = try BurgersScheme(points: 10, spacing: 0.3, viscosity: 0.1, timeStep: 0.1)
      .implicitSolver(tolerance: 1e-14, dtype: .float64)
    let problem = try GradientCheck.problem(
      in: { try solver.step($0[0]) }, at: [random.tensor([2, 1, 10, 3], in: -1...1)], order: 2,
      tolerance: 1e-7)
    #expect(problem == nil, "\(problem ?? "")")
  }

  /// Training shows constraints images that are nothing like solutions.
  @Test func wildImagesStayFinite() throws {
    var random = SplitMix64(seed: 1)
    for size in [3.0, 30, 300] {
      let x = random.tensor([1, 1, 16, 8], in: -size...size, dtype: .float32)
      let constraint = Burgers(substeps: 3, integrator: .crankNicolson)
      let distances = try constraint.distances(x)
      let slope = try gradient(of: distances.sum(), withRespectTo: [x])[0].doubles()
      #expect(try distances.item().isFinite && slope.allSatisfy(\.isFinite), "±\(size)")
    }
  }

  @Test func toleranceDecidesTheWork() throws {
    func iterations(_ tolerance: Double) throws -> Int {
      try BurgersScheme(points: 8, spacing: 1, viscosity: 0.1, timeStep: 0.1)
        .implicitSolver(tolerance: tolerance, dtype: .float64).iterations
    }
    #expect(try iterations(1e-3) < iterations(1e-9))
    #expect(try iterations(1) == 1)
  }
}
