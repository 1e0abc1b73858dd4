import Engine
import Foundation
import TestSupport
import Testing

@testable import Host

/// Kolmogorov flow: its data, and the two constraints on them.
@Suite struct KolmogorovTests {
  private static let constraintFiles = Golden.names("constraint_fluid")
  private static let stepFiles = constraintFiles.filter {
    ((try? Golden.open($0)) ?? nil)?.tensors["step/input"] != nil
  }
  private static let dataFiles = Golden.names("data")

  /// `[…, n, n, 2]` as velocities `[B, n, n]`, in Float64.
  private func velocity(_ tensor: Tensor) throws -> KolmogorovFlow.Velocity {
    let n = tensor.shape[tensor.rank - 2]
    let field = try tensor.cast(to: .float64).reshaped(to: [-1, n, n, 2]).permuted([0, 3, 1, 2])
    return try KolmogorovFlow.Velocity(field)
  }

  private func largest(_ a: KolmogorovFlow.Velocity, _ b: KolmogorovFlow.Velocity) throws -> Double
  {
    try max(largestError(a.u, b.u), largestError(a.v, b.v))
  }

  private func flow(_ golden: Golden) throws -> KolmogorovFlow {
    KolmogorovFlow(
      size: Int(try golden.setting("size")), reynolds: try golden.setting("reynolds"),
      timeStep: try golden.setting("dt"))
  }

  @Test(
    .enabled(if: !stepFiles.isEmpty, "reference values are not at hand"), arguments: stepFiles)
  func everyTermOfAStepAgreesWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let flow = try flow(golden)
    func stored(_ name: String) throws -> KolmogorovFlow.Velocity {
      try velocity(golden["step/\(name)"])
    }
    let input = try stored("input")
    #expect(try largest(flow.advection(of: input), stored("advection")) < 1e-4)
    // Stored with its viscosity.
    let viscosity = 1 / flow.reynolds
    let diffusion = KolmogorovFlow.Velocity(
      u: try flow.laplacian(of: input.u) * viscosity,
      v: try flow.laplacian(of: input.v) * viscosity)
    #expect(try largest(diffusion, stored("diffusion")) < 2e-6)
    #expect(try largest(flow.forcing(of: input), stored("forcing")) < 2e-6)
    #expect(try largest(flow.projected(input), stored("projected_input")) < 2e-6)
    #expect(try largest(flow.step(input), stored("output")) < 2e-6)
  }

  /// Stored are trajectories from their start, the first states of each and some consecutive ones later.
  @Test(
    .enabled(if: !dataFiles.isEmpty, "reference values are not at hand"), arguments: dataFiles)
  func statesAgreeWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    func setting(_ key: String) throws -> Double { try golden.setting(key, in: "kolmogorov") }
    let states = try golden["kolmogorov/snapshots"]  // [trajectories, states, n, n, 2]
    let early = try golden["kolmogorov/early"]
    let (batch, count, n) = (states.shape[0], states.shape[1], states.shape[2])
    let flow = KolmogorovFlow(size: n, reynolds: try setting("Re"), timeStep: try setting("dt"))
    let advance = try program(flow, batch: batch, steps: Int(setting("inner")))
    func state(_ all: Tensor, _ index: Int) throws -> KolmogorovFlow.Velocity {
      try velocity(all.sliced(axis: 1, from: index, to: index + 1))
    }
    for index in 0..<count - 1 {
      let start = try state(states, index)
      let end = try advance.run([start.u, start.v])
      let difference = try largest(.init(u: end[0], v: end[1]), state(states, index + 1))
      #expect(difference < 5e-6, "from state \(index) to the next \(difference)")
    }
    // Written as `snapshots=15..22`.
    let words = try golden.text("kolmogorov").split(separator: " ")
    let range = try #require(words.first { $0.hasPrefix("snapshots=") && $0.contains("..") })
    let first = try #require(range.dropFirst("snapshots=".count).split(separator: ".").first)
    let advances = try #require(Int(first))
    let initial = try velocity(golden["kolmogorov/v0"])
    var current = [initial.u, initial.v]
    for index in 0..<advances {
      current = try advance.run(current)
      guard index < early.shape[1] else { continue }
      let difference = try largest(.init(u: current[0], v: current[1]), state(early, index))
      #expect(difference < (index == 0 ? 5e-6 : 1e-4), "after \(index + 1) advances \(difference)")
    }
    let difference = try largest(.init(u: current[0], v: current[1]), state(states, 0))
    #expect(difference < 1e-4, "after \(advances) advances \(difference)")
  }

  @Test(
    .enabled(if: !dataFiles.isEmpty, "reference values are not at hand"), arguments: dataFiles)
  func divergenceAndVorticityAgreeWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let states = try golden["kolmogorov/snapshots"]
    let (batch, count, n) = (states.shape[0], states.shape[1], states.shape[2])
    let flow = KolmogorovFlow(size: n)
    for (place, index) in [0, count - 1].enumerated() {
      let state = try velocity(states.sliced(axis: 1, from: index, to: index + 1))
      for (key, value) in [
        ("vorticity", try flow.vorticity(of: state)),
        ("divergence", try flow.divergence(of: state)),
      ] {
        let expected = try golden["kolmogorov/\(key)_first_last"]
          .sliced(axis: 1, from: place, to: place + 1)
        let error = try largestError(value.reshaped(to: [batch, 1, n, n]), expected)
        #expect(error < 5e-5, "\(key) of state \(index): \(error)")
      }
    }
    let noisy = try velocity(golden["kolmogorov/noisy_state"])
    for (key, value) in [
      ("vorticity", try flow.vorticity(of: noisy)), ("divergence", try flow.divergence(of: noisy)),
    ] {
      let expected = try golden["kolmogorov/noisy_\(key)"]
      #expect(try largestError(value.squeezed(axis: 0), expected) < 1e-4, "\(key)")
    }
  }

  private func program(_ flow: KolmogorovFlow, batch: Int, steps: Int) throws -> Program {
    let shape = Shape([batch, flow.size, flow.size])
    let (u, v) = (
      Tensor.placeholder("u", shape: shape, dtype: .float64),
      Tensor.placeholder("v", shape: shape, dtype: .float64)
    )
    let end = try flow.advanced(.init(u: u, v: v), steps: steps)
    return try Program(inputs: [u, v], outputs: [end.u, end.v])
  }

  // MARK: Data

  @Test func dataObeyBothConstraints() throws {
    let layout = FluidLayout(rows: 1, columns: 3)
    let dataset = try KolmogorovDataset(size: 32, substeps: 4, start: 40, layout: layout)
    let images = try dataset.generate(count: 2, seed: 3)
    #expect(images.shape == [2, 2, 32, 96])
    let speed = try images.abs().max().item()
    #expect(speed > 0.5 && speed < 5)
    // What is left is the rounding to Float32: 4 half-ulps of the speed over a cell's side.
    let states = try dataset.layout.split(images, op: "test").reshaped(to: [6, 2, 32, 32])
    let divergence = try dataset.flow.divergence(of: .init(states)).abs().max().item()
    #expect(divergence < 1e-5 * speed, "divergence \(divergence)")
    #expect(try DivergenceFree(layout: layout).distances(images).max().item() < 1e-6)
    let residual = try KolmogorovResidual(layout: layout, substeps: 4)
    #expect(try residual.distances(images).max().item() < 1e-6)
    // A trajectory of another viscosity is told apart.
    let thick = try KolmogorovResidual(layout: layout, substeps: 4, reynolds: 100)
    #expect(try thick.distances(images).min().item() > 1e-3)
  }

  @Test func theInitialVelocityIsAsPublished() throws {
    let dataset = try KolmogorovDataset(size: 64)
    var random = SplitMix64(seed: 4)
    let noise = try random.tensor([2 * 64 * 64]).doubles()
    let velocity = try dataset.initialVelocity([noise])
    let speed = try (velocity.u.square() + velocity.v.square()).max().sqrt().item()
    #expect(abs(speed - 3) < 1e-12)
    #expect(try dataset.flow.divergence(of: velocity).abs().max().item() < 1e-10)
    // Energy by wavenumber: little of it far from the peak at 4.
    let spectrum = try Tensor.stacked(
      [velocity.u, .zeros(velocity.u.shape, dtype: .float64)], axis: 3
    ).fft(axisCount: 2).square().sum([3]).doubles()
    func wave(_ index: Int) -> Double { Double(min(index, 64 - index)) }
    var (near, total) = (0.0, 0.0)
    for element in 0..<4096 {
      let k = hypot(wave(element / 64), wave(element % 64))
      total += spectrum[element]
      if k >= 1, k <= 10 { near += spectrum[element] }
    }
    #expect(near > 0.98 * total)
    #expect(near < total)
  }

  @Test func layoutGoesThereAndBack() throws {
    let layout = FluidLayout(rows: 2, columns: 3)
    var random = SplitMix64(seed: 1)
    let states = random.tensor([2, 6, 2, 4, 4])
    let images = try layout.join(states)
    #expect(images.shape == [2, 2, 8, 12])
    #expect(try layout.split(images, op: "test").doubles() == states.doubles())
    // State 4 is the second of the second row.
    let part = try images.sliced(axis: 2, from: 4, to: 8).sliced(axis: 3, from: 4, to: 8)
    #expect(
      try part.doubles() == states.sliced(axis: 1, from: 4, to: 5).squeezed(axis: 1).doubles())
    for shape: Shape in [[2, 1, 8, 12], [2, 2, 9, 12], [2, 2, 8, 15], [2, 2, 8]] {
      #expect(throws: EngineError.self) { try layout.split(.zeros(shape), op: "test") }
    }
  }

  // MARK: Constraints

  @Test(
    .enabled(if: !constraintFiles.isEmpty, "reference values are not at hand"),
    arguments: constraintFiles)
  func constraintsAgreeWithTheReference(_ name: String) throws {
    let golden = try Golden.open(name)
    let constraints = try constraints(golden)
    let sets = golden.tensors.keys.filter { $0.hasSuffix("/input") && !$0.hasPrefix("step/") }
      .map { String($0.dropLast(6)) }
    #expect(!sets.isEmpty)
    for set in sets.sorted() {
      let x = try image(golden, set)
      for (kind, constraint) in constraints {
        guard
          let expected = golden.tensors["\(kind)/\(set)/losses"]
            ?? golden.tensors[
              "\(set)/\(kind)/losses"]
        else { continue }
        let losses = try constraint.distances(x)
        if try expected.max().item() < 1e-5 {
          // Obeyed: what is left is rounding.
          #expect(try losses.max().item() < (kind == "kolmogorov" ? 1e-6 : 6e-6), "\(kind) \(set)")
        } else {
          #expect(try relativeError(losses, expected) < 1e-5, "\(kind) \(set)")
        }
        guard golden.tensors["\(kind)/\(set)/grad"] != nil else { continue }
        let slope = try gradient(of: constraint.distances(x).mean(), withRespectTo: [x])[0]
        let error = try relativeError(slope, golden.image("\(kind)/\(set)/grad"))
        #expect(error < 1e-4, "gradient of \(kind) \(set): \(error)")
      }
    }
    if let expected = golden.tensors["noisy/divergence"] {
      let layout = try layout(golden)
      let states = try layout.split(golden.image("noisy/input"), op: "test")
      let fields = try states.reshaped(to: [-1, 2, states.shape[3], states.shape[4]])
      let divergence = try flow(golden).divergence(of: .init(fields))
      #expect(try largestError(divergence.reshaped(to: expected.shape.dimensions), expected) < 1e-4)
    }
  }

  private func layout(_ golden: Golden) throws -> FluidLayout {
    let columns = Int(try golden.setting("n_per_row"))
    return FluidLayout(rows: Int(try golden.setting("nt")) / columns, columns: columns)
  }

  private func constraints(_ golden: Golden) throws -> [(String, any Constraint)] {
    let layout = try layout(golden)
    let residual = try KolmogorovResidual(
      layout: layout, substeps: Int(golden.setting("inner_steps")),
      reynolds: golden.setting("reynolds"), timeStep: golden.setting("dt"))
    let free = DivergenceFree(layout: layout)
    return [
      ("incompress", free), ("kolmogorov", residual),
      ("kol_incompress", try WeightedConstraints(name: "both", parts: [(1, residual), (1, free)])),
    ]
  }

  /// The images of a set; those of `volume` hold the components of all states as channels.
  private func image(_ golden: Golden, _ set: String) throws -> Tensor {
    guard set == "volume" else { return try golden.image("\(set)/input") }
    let volume = try golden.image("volume/input")
    let n = volume.shape[2]
    let states = try volume.reshaped(to: [volume.shape[0], -1, 2, n, n])
    return try layout(golden).join(states)
  }

  @Test func gradientsAreThoseOfDifferences() throws {
    let layout = FluidLayout(rows: 1, columns: 2)
    var random = SplitMix64(seed: 11)
    let x = random.tensor([2, 2, 8, 16])
    let constraints: [any Constraint] = [
      DivergenceFree(layout: layout), try KolmogorovResidual(layout: layout, substeps: 2),
    ]
    for constraint in constraints {
      let problem = try GradientCheck.problem(
        in: { try constraint.distances($0[0]) }, at: [x], order: 1)
      #expect(problem == nil, "\(constraint.name): \(problem ?? "")")
    }
  }

  @Test func aUniformFlowStaysFinite() throws {
    // All slopes are 0, and so are the limiter's denominators.
    let x = Tensor.full(0.5, shape: [1, 2, 8, 16], dtype: .float64)
    let constraint = try KolmogorovResidual(
      layout: FluidLayout(rows: 1, columns: 2), substeps: 2)
    let distances = try constraint.distances(x)
    let slope = try gradient(of: distances.sum(), withRespectTo: [x])[0].doubles()
    #expect(try distances.item().isFinite && slope.allSatisfy(\.isFinite))
  }
}
