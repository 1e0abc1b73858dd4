import Engine
import Foundation
import LuaBridge
import TestSupport
import Testing

@testable import Host

/// The constraints that ship as Lua files: exact answers, gradients, and agreement with those in Swift and
/// with the reference.
@Suite struct ShippedConstraintTests {
  private func lua(_ name: String, _ parameters: [String: LuaValue] = [:]) throws -> any Constraint
  {
    let registry = PluginRegistry(
      searchPath: PluginSearchPath(
        environment: ["MOONGLASS_HOME": Repository.root.path], executable: nil))
    return try registry.constraint(named: "lua:" + name, parameters: LuaTable(fields: parameters))
  }

  private func image(_ values: [Double], _ shape: Shape) -> Tensor { Tensor(values, shape: shape) }

  private func numbers(_ values: [Double]) -> LuaValue {
    .table(LuaTable(array: values.map { .number($0) }))
  }

  private func check(
    _ constraint: any Constraint, _ x: Tensor, _ expected: [Double], tolerance: Double = 1e-12
  ) throws {
    let distances = try constraint.distances(x).doubles()
    #expect(worstDifference(distances, expected) <= tolerance, "\(distances), not \(expected)")
  }

  // MARK: Images that are none

  /// A sample that diverged must not pass for a perfect one.
  @Test(arguments: names) func imagesOfNoNumbersHaveNoDistance(_ name: String) throws {
    let constraint = try lua(name)
    let channels = constraint.domain.channels ?? 1
    // Those of velocities take eight states of them.
    let width = channels == 2 ? 128 : 64
    let size = channels * 64 * width
    var random = SplitMix64(seed: 3)
    let good = try random.tensor([size], in: 0...1).floats()
    let images = Tensor(
      good + [Float](repeating: .nan, count: size), shape: [2, channels, 64, width])
    let distances: [Double]
    do { distances = try constraint.distances(images).doubles() } catch {
      // A matrix without numbers has no singular values.
      #expect("\(error)".contains("no number"), "\(error)")
      return
    }
    #expect(distances[0].isFinite && distances[1].isNaN, "\(distances)")
  }

  // MARK: Exact answers

  @Test func box() throws {
    let constraint = try lua("box", ["lo": .number(-1), "hi": .number(2)])
    try check(constraint, image([-1, 0, 2, 1, -3, 0, 6, 1], [2, 1, 2, 2]), [0, (2 + 4) / 4])
    #expect(throws: LuaError.self) {
      try lua("box", ["lo": .number(1), "hi": .number(0)]).distances(.ones([1, 1, 2, 2]))
    }
  }

  @Test func l2Ball() throws {
    let constraint = try lua("l2_ball", ["radius": .number(2), "center": .number(1)])
    // Distances from the middle: 0, 2 (on the sphere), 5.
    try check(
      constraint, image([1, 1, 1, 3, 4, 5], [3, 1, 1, 2]), [0, 0, 3])
    let middle = image([1, 1], [1, 1, 1, 2])
    let slope = try gradient(of: constraint.distances(middle).sum(), withRespectTo: [middle])[0]
    #expect(try slope.doubles() == [0, 0])
  }

  @Test func simplex() throws {
    let constraint = try lua("simplex", ["total": .number(2)])
    try check(constraint, image([0.5, 1.5, 3, -0.5, 1, 1.5], [3, 1, 1, 2]), [0, 1, 0.5])
  }

  @Test func polytope() throws {
    // x ≤ 1, −y ≤ 0, x + y ≤ 1.5
    let rows: [LuaValue] = [numbers([1, 0]), numbers([0, -1]), numbers([1, 1])]
    let constraint = try lua(
      "polytope", ["A": .table(LuaTable(array: rows)), "b": numbers([1, 0, 1.5])])
    try check(
      constraint, image([1, 0.5, 0, 0, 2, -1, 1, 2], [4, 1, 1, 2]), [0, 0, 1 + 1, 1.5])
    // By default the pixels add up to at most 1.
    try check(try lua("polytope"), image([1, 2, 0, 0.5], [2, 1, 1, 2]), [2, 0])
    #expect(throws: LuaError.self) {
      try lua("polytope", ["b": numbers([1, 2])]).distances(.ones([1, 1, 1, 2]))
    }
  }

  @Test func affine() throws {
    let rows: [LuaValue] = [numbers([1, 1]), numbers([1, -1])]
    let constraint = try lua(
      "affine", ["A": .table(LuaTable(array: rows)), "b": numbers([3, 1])])
    // Solution (2, 1); residuals (3, 4) at (5.5, 0.5) …: A x − b = (6 − 3, 5 − 1).
    try check(constraint, image([2, 1, 5.5, 0.5], [2, 1, 1, 2]), [0, 5])
  }

  @Test func monotone() throws {
    let x = image([0, 1, 1, 3, 0, -1], [1, 1, 2, 3])  // rows (0, 1, 1) and (3, 0, −1)
    try check(try lua("monotone"), x, [(3 + 1) / 4])
    try check(try lua("monotone", ["order": .string("falling")]), x, [1.0 / 4])
    try check(try lua("monotone", ["along": .string("columns")]), x, [(1 + 2) / 3])
    try check(try lua("monotone"), image([1, 1, 2, -1, 0, 4], [1, 1, 2, 3]), [0])
  }

  @Test func bandLimited() throws {
    func wave(_ rows: Double, _ columns: Double) -> [Double] {
      (0..<16 * 16).map {
        cos(2 * .pi * (rows * Double($0 / 16) + columns * Double($0 % 16)) / 16)
      }
    }
    let constraint = try lua("band_limited", ["cutoff": .number(3)])
    // A cosine has the root mean square √½; (0, 13) is (0, −3), (3, 1) is beyond.
    let x = image(
      wave(0, 3) + wave(0, 13) + wave(3, 1) + zip(wave(2, 2), wave(4, 0)).map { $0 + 2 * $1 },
      [4, 1, 16, 16])
    try check(constraint, x, [0, 0, 0.5.squareRoot(), 2.0.squareRoot()])
  }

  @Test func lowRank() throws {
    let constraint = try lua("low_rank", ["rank": .integer(1)])
    // Singular values 4 and 3; a product of a column and a row; as many ranks as rows.
    try check(constraint, image([4, 0, 0, 0, 3, 0], [1, 1, 2, 3]), [3])
    try check(constraint, image([1, 2, 3, 2, 4, 6], [1, 1, 2, 3]), [0])
    try check(
      try lua("low_rank", ["rank": .integer(2)]), image([4, 0, 0, 0, 3, 0], [1, 1, 2, 3]), [0])
  }

  @Test func symmetric() throws {
    let square = image([1, 2, 3, 4], [1, 1, 2, 2])  // rows (1, 2) and (3, 4)
    for (group, expected) in [
      ("left_right", 0.5), ("up_down", 1.0), ("rotate_180", (1.5 + 0.5 + 0.5 + 1.5) / 4),
      ("rotate_90", 1.0), ("rectangle", 1.0), ("square", 1.0),
    ] {
      try check(try lua("symmetric", ["group": .string(group)]), square, [expected])
    }
    // Unchanged images have the distance 0, exactly: a wheel for all, a stripe not for quarter turns.
    let wheel = image([0.1, 0.7, 0.1, 0.7, 0.3, 0.7, 0.1, 0.7, 0.1], [1, 1, 3, 3])
    for group in ["left_right", "up_down", "rotate_180", "rotate_90", "rectangle", "square"] {
      try check(try lua("symmetric", ["group": .string(group)]), wheel, [0], tolerance: 0)
    }
    let stripe = image([0, 0, 0, 1, 1, 1, 0, 0, 0], [1, 1, 3, 3])
    try check(try lua("symmetric", ["group": .string("rectangle")]), stripe, [0], tolerance: 0)
    #expect(
      try lua("symmetric", ["group": .string("rotate_90")]).distances(stripe).item() > 0.1)
  }

  @Test func periodic() throws {
    let cell = image([0.3, 1, 0, 0.5], [1, 1, 2, 2])
    let row = try Tensor.concatenated([cell, cell, cell], axis: 3)
    let tiled = try Tensor.concatenated([row, row], axis: 2)
    let constraint = try lua("periodic", ["rows": .integer(2), "columns": .integer(3)])
    try check(constraint, tiled, [0], tolerance: 0)
    // One pixel of 24 is 1 too high: its cell is at 1/4 from five cells, five cells at 1/24 each from it.
    var values = try tiled.doubles()
    values[7] += 1
    try check(constraint, image(values, tiled.shape), [5.0 / 24 + 5.0 / 24])
  }

  @Test(arguments: Golden.names("constraint_periodic"))
  func periodicAgreesWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let cells = Int(try golden.setting("image_size") / golden.setting("tile"))
    let constraint = try lua("periodic", ["rows": .integer(cells), "columns": .integer(cells)])
    let sets = ["random", "noisy", "valid"].filter { golden.tensors["\($0)/input"] != nil }
    #expect(!sets.isEmpty)
    for set in sets {
      let x = try golden.image("\(set)/input")
      let losses = try constraint.distances(x)
      if set == "valid" {
        #expect(try losses.doubles().allSatisfy { $0 == 0 })
      } else {
        #expect(try relativeError(losses, golden["\(set)/losses"]) < 1e-5)
      }
      let slope = try gradient(of: losses.mean(), withRespectTo: [x])[0]
      #expect(try largestError(slope, golden.image("\(set)/grad")) < 1e-7, "\(set)")
    }
  }

  // MARK: Data

  @Test func theirDatasetsObey() throws {
    let periodic = try PeriodicDataset(size: 32, isBinary: false).generate(count: 4, seed: 1)
    try check(try lua("periodic"), periodic, [0, 0, 0, 0], tolerance: 0)
    let layout = FluidLayout(rows: 1, columns: 2)
    let flow = try KolmogorovDataset(size: 16, substeps: 3, start: 10, layout: layout)
      .generate(count: 2, seed: 1)
    let shape: [String: LuaValue] = ["rows": .integer(1), "columns": .integer(2)]
    try check(try lua("divergence_free", shape), flow, [0, 0], tolerance: 1e-6)
    let residual = try lua("kolmogorov", shape.merging(["inner_steps": .integer(3)]) { $1 })
    try check(residual, flow, [0, 0], tolerance: 1e-6)
  }

  // MARK: Lua and Swift

  @Test func luaAndSwiftAgree() throws {
    var random = SplitMix64(seed: 21)
    let flow = random.tensor([2, 2, 16, 32])
    let states = random.tensor([2, 1, 16, 6], in: 0...1)
    let shape: [String: LuaValue] = ["rows": .integer(1), "columns": .integer(2)]
    let layout = FluidLayout(rows: 1, columns: 2)
    let pairs: [(any Constraint, any Constraint, Tensor)] = [
      (try lua("divergence_free", shape), DivergenceFree(layout: layout), flow),
      (
        try lua("kolmogorov", shape.merging(["inner_steps": .integer(2)]) { $1 }),
        try KolmogorovResidual(layout: layout, substeps: 2), flow
      ),
      (
        try lua(
          "burgers", ["integrator": .string("crank_nicolson"), "tolerance": .number(1e-13)]),
        Burgers(integrator: .crankNicolson, tolerance: 1e-13), states
      ),
    ]
    for (lua, swift, x) in pairs {
      let (a, b) = (try lua.distances(x), try swift.distances(x))
      #expect(try relativeError(a, b) < 1e-11, "\(lua.name)")
      let slopes = try [a, b].map { try gradient(of: $0.sum(), withRespectTo: [x])[0] }
      #expect(try relativeError(slopes[0], slopes[1]) < 1e-10, "gradient of \(lua.name)")
    }
  }

  @Test func wrongShapesSayWhatIsNeeded() throws {
    for name in ["divergence_free", "kolmogorov"] {
      let error = #expect(throws: LuaError.self) {
        try lua(name).distances(.ones([1, 1, 16, 32]))
      }
      #expect(error?.message.contains("takes images [N, 2, H, W], got [N, 1, 16, 32]") == true)
    }
  }

  // MARK: Gradients

  static let names = [
    "affine", "band_limited", "box", "burgers", "count", "divergence_free", "kolmogorov", "l2_ball",
    "low_rank", "monotone", "periodic", "polytope", "simplex", "symmetric", "total_brightness",
  ]

  @Test(arguments: names) func gradientsAreThoseOfDifferences(_ name: String) throws {
    let small: [String: [String: LuaValue]] = [
      "box": ["lo": .number(-0.2), "hi": .number(0.3)],
      "band_limited": ["cutoff": .number(2)],
      "kolmogorov": ["rows": .integer(1), "inner_steps": .integer(2), "columns": .integer(2)],
      "divergence_free": ["rows": .integer(1), "columns": .integer(2)],
    ]
    let constraint = try lua(name, small[name] ?? [:])
    var random = SplitMix64(seed: 5)
    let needsVelocities = ["kolmogorov", "divergence_free"].contains(name)
    let x = random.tensor(needsVelocities ? [2, 2, 8, 16] : [2, 1, 8, 8])
    let problem = try GradientCheck.problem(
      in: { try constraint.distances($0[0]) }, at: [x], order: 1)
    #expect(problem == nil, "\(problem ?? "")")
  }

  @Test func allOfThemAreTried() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: Repository.root.appendingPathComponent("plugins/constraints").path)
    let plugins = files.filter { $0.hasSuffix(".lua") }
    #expect(plugins.map { String($0.dropLast(4)) }.sorted() == Self.names)
  }
}
