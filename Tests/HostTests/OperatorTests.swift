import Engine
import Foundation
import Host
import LuaBridge
import TestSupport
import Testing

@Suite("Shipped forward operators against definitions written out")
struct OperatorTests {
  private func forward(_ name: String, _ parameters: [String: LuaValue] = [:]) throws
    -> any ForwardOperator
  {
    try standardRegistry().forwardOperator(
      named: name, parameters: LuaTable(fields: parameters))
  }

  private func images(_ shape: Shape, seed: UInt64 = 3) -> Tensor {
    var random = SplitMix64(seed: seed)
    return random.tensor(shape, in: 0...1)
  }

  private func expectClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) {
    #expect(a.count == b.count)
    #expect(zip(a, b).allSatisfy { abs($0 - $1) <= tolerance })
  }

  @Test("mask keeps what it measures and zeroes the rest")
  func mask() throws {
    let x = try images([2, 1, 16, 16]) + 1
    let y = try forward("mask", ["missing": .number(0.25)]).measure(x).doubles()
    let missing = y.count { $0 == 0 }
    #expect(zip(y, try x.doubles()).allSatisfy { $0 == 0 || $0 == $1 })
    #expect((80...180).contains(missing))
    let box = try forward("mask", ["kind": .string("box"), "size": .integer(4)]).measure(x)
    let values = try box.doubles()
    for row in 0..<16 {
      for column in 0..<16 {
        let isInside = (6..<10).contains(row) && (6..<10).contains(column)
        #expect((values[row * 16 + column] == 0) == isInside)
      }
    }
  }

  @Test("gaussian_blur is the weighted mean, here with a circular boundary")
  func blur() throws {
    let (x, sigma) = (images([1, 2, 12, 12]), 0.8)
    let y = try forward(
      "gaussian_blur", ["sigma": .number(sigma), "boundary": .string("circular")]
    ).measure(x).doubles()
    let values = try x.doubles()
    let weights = (-4...4).map { exp(-0.5 * pow(Double($0) / sigma, 2)) }
    let total = weights.reduce(0, +)
    var expected: [Double] = []
    for channel in 0..<2 {
      for row in 0..<12 {
        for column in 0..<12 {
          var sum = 0.0
          for i in -4...4 {
            for j in -4...4 {
              let place = (row + i + 12) % 12 * 12 + (column + j + 12) % 12
              sum += weights[i + 4] * weights[j + 4] * values[channel * 144 + place]
            }
          }
          expected.append(sum / (total * total))
        }
      }
    }
    expectClose(y, expected)
  }

  @Test("motion_blur along the rows is a mean along them")
  func motion() throws {
    let spot = (0..<225).map { $0 == 7 * 15 + 7 ? 1.0 : 0 }
    let y = try forward("motion_blur", ["length": .number(4), "angle": .number(0)])
      .measure(Tensor(spot, shape: [1, 1, 15, 15])).doubles()
    #expect(abs(y.reduce(0, +) - 1) < 1e-12)
    for (index, value) in y.enumerated() where value > 1e-12 {
      #expect(index / 15 == 7 && abs(index % 15 - 7) <= 3)
    }
    #expect(abs(y[7 * 15 + 7] - 0.25) < 0.01)
  }

  @Test("super_resolution takes means of squares")
  func coarse() throws {
    let x = images([1, 1, 8, 8])
    let y = try forward("super_resolution").measure(x)
    #expect(y.shape == [1, 1, 2, 2])
    let corner = try x.sliced(axis: 2, from: 0, to: 4).sliced(axis: 3, from: 4, to: 8).mean().item()
    #expect(try abs(y.doubles()[1] - corner) < 1e-12)
    #expect(throws: LuaError.self) {
      try forward("super_resolution").measure(images([1, 1, 6, 8]))
    }
  }

  @Test("random_projection keeps lengths on average")
  func projection() throws {
    let x = images([1, 1, 16, 16])
    let y = try forward("random_projection", ["count": .integer(2000)]).measure(x)
    #expect(y.shape == [1, 2000])
    #expect(try abs(y.norm().item() / x.norm().item() - 1) < 0.1)
  }

  @Test(
    "radon: every angle holds the whole image, and at 0 and 90 degrees the sums of columns and rows"
  )
  func radon() throws {
    let x = images([1, 1, 8, 8])
    let y = try forward("radon", ["angles": .integer(2), "detectors": .integer(8)]).measure(x)
    #expect(y.shape == [1, 1, 2, 8])
    let values = try y.doubles()
    expectClose(Array(values[..<8]), try x.sum([0, 1, 2]).doubles(), 1e-10)
    expectClose(Array(values[8...]), try x.sum([0, 1, 3]).doubles(), 1e-10)
    let all = try forward("radon", ["angles": .integer(7)]).measure(x)
    let total = try x.sum().item()
    #expect(try all.sum([3]).doubles().allSatisfy { abs($0 - total) < 1e-10 })
  }

  @Test("fourier_mask measures columns of the transform, the lowest among them")
  func fourier() throws {
    let x = images([1, 1, 8, 16])
    let y = try forward("fourier_mask").measure(x)
    #expect(y.shape == [1, 1, 8, 4, 2])
    let complex = try Tensor.stacked([x, .zeros(x.shape, dtype: .float64)], axis: 4)
    let whole = try complex.fft(axisCount: 2) * (1 / 128.0.squareRoot())
    // Frequencies -1, 0 and 1 are the first two columns and the last.
    expectClose(
      try y.sliced(axis: 3, from: 0, to: 2).doubles(),
      try whole.sliced(axis: 3, from: 0, to: 2).doubles())
    expectClose(
      try y.sliced(axis: 3, from: 3, to: 4).doubles(),
      try whole.sliced(axis: 3, from: 15, to: 16).doubles())
    #expect(
      try forward("fourier_mask", ["coils": .integer(3)]).measure(x).shape == [1, 1, 3, 8, 4, 2])
  }

  @Test("visibilities of a point in the middle are 1, of a shifted one turn with its place")
  func visibilities() throws {
    let spot = (0..<81).map { $0 == 40 ? 1.0 : 0 }
    let operation = try forward("visibilities", ["stations": .integer(4), "times": .integer(2)])
    let y = try operation.measure(Tensor(spot, shape: [1, 1, 9, 9]))
    #expect(y.shape == [1, 1, 2, 6, 2])
    for (index, value) in try y.doubles().enumerated() {
      #expect(abs(value - (index % 2 == 0 ? 1 : 0)) < 1e-12)
    }
    func point(_ place: Int) throws -> Tensor {
      let pixels: [Double] = (0..<81).map { $0 == place ? 1 : 0 }
      return try operation.measure(Tensor(pixels, shape: [1, 1, 9, 9]))
    }
    let (right, down, both) = (try point(41), try point(49), try point(50))
    let (r, d, b) = (try right.doubles(), try down.doubles(), try both.doubles())
    for pair in stride(from: 0, to: r.count, by: 2) {
      let product = r[pair] * d[pair] - r[pair + 1] * d[pair + 1]
      #expect(abs(b[pair] - product) < 1e-12)
    }
  }

  @Test("Closure phases do not change when the image moves, nor amplitudes when it brightens")
  func closure() throws {
    var values = [Double](repeating: 0, count: 256)
    var random = SplitMix64(seed: 8)
    for row in 5..<10 {
      for column in 5..<10 { values[row * 16 + column] = random.double(in: 0...1) }
    }
    let x = Tensor(values, shape: [1, 1, 16, 16])
    let moved = try x.rolled(by: 2, axis: 2).rolled(by: 1, axis: 3)
    let phases = try forward("closure_quantities")
    expectClose(try phases.measure(x).doubles(), try phases.measure(moved).doubles(), 1e-9)
    #expect(try phases.measure(x).shape == [1, 1, 8, 10, 2])
    let amplitudes = try forward("closure_quantities", ["quantity": .string("amplitudes")])
    expectClose(
      try amplitudes.measure(x * 100).doubles(), try amplitudes.measure(x * 200).doubles(), 1e-4)
  }

  @Test("phase_retrieval cannot tell an image from its mirror image in a point")
  func phases() throws {
    let x = images([1, 1, 8, 8])
    let operation = try forward("phase_retrieval")
    let y = try operation.measure(x)
    #expect(y.shape == [1, 1, 16, 16])
    expectClose(try y.doubles(), try operation.measure(x.flipped(axes: [2, 3])).doubles(), 1e-12)
  }

  @Test("state_observation picks states and channels, and its adjoint puts them back")
  func states() throws {
    let x = images([2, 3, 8, 16])
    // Two rows of four states of 4 x 4, written out.
    func state(_ number: Int, channel: Int) throws -> Tensor {
      try x.sliced(axis: 1, from: channel, to: channel + 1)
        .sliced(axis: 2, from: number / 4 * 4, to: number / 4 * 4 + 4)
        .sliced(axis: 3, from: number % 4 * 4, to: number % 4 * 4 + 4)
    }
    let ends = try forward("state_observation").measure(x)
    #expect(ends.shape == [2, 2, 3, 4, 4])
    for (place, number) in [0, 7].enumerated() {
      for channel in 0..<3 {
        let seen = try ends.sliced(axis: 1, from: place, to: place + 1)
          .sliced(axis: 2, from: channel, to: channel + 1)
        #expect(try seen.doubles() == state(number, channel: channel).doubles())
      }
    }
    let numbers = LuaValue.table(LuaTable(array: [.integer(6), .integer(2)]))
    let channel = LuaValue.table(LuaTable(array: [.integer(3)]))
    let some = try forward("state_observation", ["states": numbers, "channels": channel])
    let y = try some.measure(x)
    #expect(y.shape == [2, 2, 1, 4, 4])
    #expect(
      try y.sliced(axis: 1, from: 0, to: 1).doubles() == state(5, channel: 2).doubles())
    let back = try some.adjoint(y, imageShape: x.shape)
    #expect(try back.square().sum().item() == y.square().sum().item())
    #expect(try some.measure(back).doubles() == y.doubles())
    let outside = LuaValue.table(LuaTable(array: [.integer(9)]))
    let error = #expect(throws: LuaError.self) {
      try forward("state_observation", ["states": outside]).measure(x)
    }
    #expect(error?.message.contains("index 9 is out of range 1…8") == true)
    #expect(throws: LuaError.self) {
      try forward("state_observation").measure(images([1, 1, 6, 6]))
    }
  }

  @Test("saturation cuts off")
  func saturation() throws {
    let x = Tensor([-1.0, 0.3, 2, 0.8], shape: [1, 1, 2, 2])
    expectClose(try forward("saturation").measure(x).doubles(), [0, 0.3, 0.8, 0.8])
  }

  @Test("mg.compose applies in order, and its adjoint goes back")
  func compose() throws {
    let source = """
      return mg.recipe { operator = mg.compose("gaussian_blur", { "super_resolution", factor = 2 },
        { "mask", noise = 0.2 }) }
      """
    try withPluginFiles(["r.lua": source]) { folder in
      let operation = try #require(
        try standardRegistry().recipe(file: "\(folder)/r.lua").forwardOperator())
      #expect(operation.isLinear)
      #expect(operation.noise?.name == "gaussian")
      #expect(operation.plugins.count == 3)
      let x = images([2, 1, 16, 16])
      let y = try operation.measure(x)
      #expect(y.shape == [2, 1, 8, 8])
      let byHand = try forward("mask").measure(
        forward("super_resolution", ["factor": .integer(2)]).measure(
          forward("gaussian_blur").measure(x)))
      expectClose(try y.doubles(), try byHand.doubles())
      let u = images(y.shape, seed: 5)
      let back = try operation.adjoint(u, imageShape: x.shape)
      #expect(try abs((y * u).sum().item() - (x * back).sum().item()) < 1e-10)
    }
  }

  @Test("mg.all adds up weighted distances and reports each part")
  func all() throws {
    let source = """
      return mg.all { name = "both", "burgers", { "total_brightness", total = 3, weight = 0.5 } }
      """
    try withPluginFiles(["both.lua": source]) { folder in
      let registry = standardRegistry()
      let both = try registry.constraint(named: "\(folder)/both.lua")
      #expect(both.name == "both")
      let x = images([3, 1, 8, 8])
      let burgers = try registry.constraint(named: "burgers").distances(x).doubles()
      let total = try registry.constraint(
        named: "total_brightness", parameters: LuaTable(fields: ["total": .number(3)])
      ).distances(x).doubles()
      expectClose(try both.distances(x).doubles(), zip(burgers, total).map { $0 + 0.5 * $1 })
      #expect(try both.metrics(x).map(\.name) == ["burgers", "total_brightness"])
      let report = try PluginCheck(registry: registry)("\(folder)/both.lua")
      #expect(report.isGreen, "\(report.failures)")
    }
    let error = #expect(throws: (any Error).self) {
      try withPluginFiles(["a.lua": "return mg.all { { 'burgers', weight = -1 } }"]) {
        try standardRegistry().constraint(named: "\($0)/a.lua")
      }
    }
    #expect("\(String(describing: error))".contains("weight"))
  }
}
