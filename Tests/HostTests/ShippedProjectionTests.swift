import Engine
import Foundation
import LuaBridge
import TestSupport
import Testing

@testable import Host

/// The exact projections of shipped constraints, whose sets are convex: a point P of a convex set is the
/// nearest to x where ⟨x - P, z - P⟩ ≤ 0 for every z of the set.
@Suite struct ShippedProjectionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var parameters: [String: LuaValue] = [:]
    var shape: Shape = [3, 2, 6, 5]
    var testDescription: String { "\(name) \(parameters.keys.sorted())" }
  }

  private static func numbers(_ values: [Double]) -> LuaValue {
    .table(LuaTable(array: values.map { .number($0) }))
  }

  static let cases = [
    Case(name: "affine"),
    Case(
      name: "affine",
      parameters: [
        // The third equation is the sum of the first two.
        "A": .table(
          LuaTable(array: [
            numbers([1, 2, 0, 1, 0, 1]), numbers([0, 1, -1, 0, 3, 1]),
            numbers([1, 3, -1, 1, 3, 2]),
          ])),
        "b": numbers([1, -2, -1]),
      ], shape: [3, 1, 2, 3]),
    Case(name: "band_limited", parameters: ["cutoff": .number(2)], shape: [2, 2, 8, 12]),
    Case(name: "box", parameters: ["lo": .number(-0.2), "hi": .number(0.3)]),
    Case(
      name: "divergence_free", parameters: ["rows": .integer(2), "columns": .integer(3)],
      shape: [2, 2, 8, 12]),
    Case(name: "l2_ball", parameters: ["radius": .number(2), "center": .number(0.3)]),
    Case(name: "monotone"),
    Case(
      name: "monotone", parameters: ["along": .string("columns"), "order": .string("falling")]),
    Case(
      name: "periodic", parameters: ["rows": .integer(3), "columns": .integer(2)],
      shape: [2, 1, 6, 8]),
    Case(name: "polytope", parameters: ["b": numbers([-30])]),
    Case(
      name: "polytope",
      parameters: [
        // Two bounds with a sharp edge between them, one that follows from them, and one of no pixel.
        "A": .table(
          LuaTable(array: [
            numbers([1, 2, 0, 1, 0, 1]), numbers([-1, -2, 0.5, -1, 0, -1]),
            numbers([0, 0, 0.5, 0, 0, 0]), numbers([0, 0, 0, 0, 0, 0]), numbers([-1]),
          ])),
        "b": numbers([-1, 0.5, -0.5, 0, 2]),
      ], shape: [3, 1, 2, 3]),
    Case(name: "simplex", parameters: ["total": .number(2)]),
    Case(name: "symmetric", parameters: ["group": .string("rectangle")]),
    Case(name: "symmetric", parameters: ["group": .string("square")], shape: [2, 1, 7, 7]),
    Case(name: "symmetric", parameters: ["group": .string("rotate_90")], shape: [2, 1, 6, 6]),
    Case(name: "total_brightness", parameters: ["total": .number(4)]),
  ]

  @Test(arguments: cases) func isTheNearestPointOfTheSet(_ example: Case) throws {
    let constraint = try self.constraint(example.name, example.parameters)
    func project(_ x: Tensor) throws -> Tensor { try #require(try constraint.project(x)) }
    var random = SplitMix64(seed: 7)
    let x = random.tensor(example.shape)
    let nearest = try project(x)
    #expect(nearest.shape == x.shape && nearest.dtype == x.dtype)
    #expect(try constraint.distances(nearest).max().item() < 1e-9)
    #expect(try constraint.distances(x).min().item() > 1e-3)
    #expect(try largestError(project(nearest), nearest) < 1e-9)
    let offset = try x - nearest
    for _ in 0..<8 {
      let other = try project(random.tensor(example.shape) * 2)
      let products = try (offset * (other - nearest)).sum([1, 2, 3]).doubles()
      #expect(products.allSatisfy { $0 < 1e-8 }, "\(products)")
    }
  }

  /// Against the one point that meets the conditions of Karush, Kuhn and Tucker, by hand.
  @Test func polytopeFindsCorners() throws {
    // x ≤ 1, x + y ≤ 1.5: from (3, 1) both bounds hold the point, from (1, 3) the second, from (3, -4) the first.
    let constraint = try constraint(
      "polytope",
      [
        "A": .table(LuaTable(array: [Self.numbers([1, 0]), Self.numbers([1, 1])])),
        "b": Self.numbers([1, 1.5]),
      ])
    let x = Tensor([3, 1, 1, 3, 3, -4, 0, 0] as [Double], shape: [4, 1, 1, 2])
    let nearest = try #require(try constraint.project(x)).doubles()
    #expect(worstDifference(nearest, [1, 0.5, -0.25, 1.75, 1, -4, 0, 0]) < 1e-9, "\(nearest)")
    // x ≤ -1 and x ≥ 1: no image is both.
    let none = try self.constraint(
      "polytope",
      [
        "A": .table(LuaTable(array: [Self.numbers([1, 0]), Self.numbers([-1, 0])])),
        "b": Self.numbers([-1, -1]),
      ])
    #expect(throws: (any Error).self) { try none.project(x)?.doubles() }
  }

  /// Matrices of a rank are no convex set; that the nearest is as far as the distance says, is the theorem
  /// of Eckart and Young.
  @Test func lowRankIsAsFarAsItSays() throws {
    let constraint = try constraint("low_rank", ["rank": .integer(2)])
    var random = SplitMix64(seed: 3)
    let x = random.tensor([2, 1, 6, 5])
    let nearest = try #require(try constraint.project(x))
    #expect(try constraint.distances(nearest).max().item() < 1e-12)
    let moved = try (x - nearest).square().sum([1, 2, 3]).sqrt()
    #expect(try largestError(moved, constraint.distances(x)) < 1e-12)
  }

  private func constraint(_ name: String, _ parameters: [String: LuaValue]) throws
    -> any Constraint
  {
    let registry = PluginRegistry(
      searchPath: PluginSearchPath(
        environment: ["MOONGLASS_HOME": Repository.root.path], executable: nil))
    return try registry.constraint(
      named: "lua:" + name, parameters: LuaTable(fields: parameters))
  }
}
