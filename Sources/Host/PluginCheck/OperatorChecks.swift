import Engine
import Foundation
import LuaBridge

/// Everything a forward operator is held to.
struct OperatorChecks {
  let forwardOperator: any ForwardOperator
  let probes: ProbeImages
  let runtime: LuaRuntime?
  let reload: () throws -> any ForwardOperator

  func run(_ list: inout CheckList) {
    guard list.run("shape", shape) else { return }
    guard list.run("finite", finite) else { return }
    list.run("linear", linear)
    list.run("adjoint", adjoint)
    list.run("reaches input", reachesInput)
    list.run("gradient", gradientCheck)
    list.run("kinks", kinks)
    list.run("independent images", independent)
    list.run("batch size", batchSize)
    list.run("deterministic", deterministic)
    list.run("noise", noise)
    list.run("speed", speed)
  }

  private func measure(_ x: Tensor) throws -> Tensor { try forwardOperator.measure(x) }

  private func shape() throws -> CheckOutcome {
    var sizes: [Int]?
    for count in [1, 3, 8] {
      for dtype in [DType.float32, .float64] {
        let x = Tensor.placeholder("x", shape: Shape([count] + probes.size), dtype: dtype)
        let y = try measure(x)
        guard y.shape.dimensions.first == count, y.count > 0 else {
          return .fail("forward must return [N, …] with N = \(count), got \(y.shape)")
        }
        let own = Array(y.shape.dimensions.dropFirst())
        guard own == sizes ?? own else {
          return .fail("one measurement has sizes \(sizes ?? []) in one batch, \(own) in another")
        }
        sizes = own
      }
    }
    let dimensions = ["N"] + (sizes ?? []).map(String.init)
    return .pass(
      "images to measurements [\(dimensions.joined(separator: ", "))], in Float32 and Float64")
  }

  private func finite() throws -> CheckOutcome {
    let x = try probes.random(8)
    let values = try measure(x).doubles()
    if let bad = values.first(where: { !$0.isFinite }) {
      let blame = Blame.value(try runtime?.tracing { _ = try measure(x) } ?? [])
      return .fail(
        "the measurement of random images has \(bad)"
          + (blame.map { ", from \($0.function) at \($0.place)" } ?? ""), hint: blame?.hint)
    }
    let summary = Summary(values)
    return .pass(
      "measurements of random images: \(short(summary.minimum))…\(short(summary.maximum))")
  }

  // MARK: Linearity

  /// ‖A(2x − 3z) − 2A(x) + 3A(z)‖ relative to the terms.
  private func nonlinearity(_ dtype: DType) throws -> Double {
    let x = try probes.random(2).cast(to: dtype)
    let z = try probes.noise(2, stream: 21).cast(to: dtype)
    let (ax, az) = (try measure(x) * 2, try measure(z) * 3)
    let difference = try (measure(x * 2 - z * 3) - (ax - az)).norm().item()
    let scale = try ax.norm().item() + az.norm().item()
    return scale > 0 ? difference / scale : difference
  }

  private func tolerance(_ dtype: DType) -> Double { dtype == .float32 ? 1e-5 : 1e-12 }

  private func linear() throws -> CheckOutcome {
    let errors = try [DType.float32, .float64].map { ($0, try nonlinearity($0)) }
    let isLinear = errors.allSatisfy { $1 <= tolerance($0) }
    let numbers = errors.map { "\(short($1)) in \($0.rawValue)" }.joined(separator: ", ")
    switch (forwardOperator.isLinear, isLinear) {
    case (true, true): return .pass("A(2x − 3z) = 2A(x) − 3A(z) up to \(numbers)")
    case (true, false):
      return .fail(
        "linear is declared, but A(2x − 3z) differs from 2A(x) − 3A(z) by \(numbers)",
        hint: "remove linear = true; an added constant makes an operator nonlinear too")
    case (false, true):
      return .warn(
        "it behaves linearly, which is not declared",
        hint: "write linear = true: solvers can then use the adjoint")
    case (false, false): return .skip("nonlinear, as declared")
    }
  }

  private func adjoint() throws -> CheckOutcome {
    guard forwardOperator.isLinear else { return .skip("for linear operators") }
    var numbers: [String] = []
    for dtype in [DType.float32, .float64] {
      let x = try probes.noise(2, stream: 22).cast(to: dtype)
      let ax = try measure(x)
      let y = try Tensor.normal(keys: RandomKey(seed: 23).tensor, shape: ax.shape).cast(to: dtype)
      let back = try forwardOperator.adjoint(y, imageShape: x.shape)
      guard back.shape == x.shape else {
        return .fail("adjoint must return images \(x.shape), got \(back.shape)")
      }
      // Summed in Double: the test is of the operator, not of the sum.
      let left = zip(try ax.doubles(), try y.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
      let right = zip(try x.doubles(), try back.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
      let scale = try ax.norm().item() * y.norm().item()
      let error = scale > 0 ? abs(left - right) / scale : abs(left - right)
      guard error <= tolerance(dtype) else {
        return .fail(
          "⟨Ax, y⟩ = \(short(left)) but ⟨x, Aᵀy⟩ = \(short(right)) in \(dtype.rawValue): off by "
            + "\(short(error)) of ‖Ax‖‖y‖, \(short(tolerance(dtype))) is allowed",
          hint: "leave adjoint out: the exact one is then derived from forward")
      }
      numbers.append("\(short(error)) in \(dtype.rawValue)")
    }
    return .pass("⟨Ax, y⟩ = ⟨x, Aᵀy⟩ up to \(numbers.joined(separator: ", "))")
  }

  // MARK: Gradients

  /// ⟨u, A(x)⟩ of every image for one fixed random u: a scalar function that sees the whole Jacobian.
  private func projected(_ x: Tensor) throws -> Tensor {
    let y = try measure(x)
    let u = try Tensor.normal(
      keys: RandomKey(seed: 24).tensor, shape: Shape(Array(y.shape.dimensions.dropFirst()))
    ).cast(to: y.dtype)
    return try (y * u).reshaped(to: [y.shape[0], -1]).sum([1])
  }

  private func reachesInput() throws -> CheckOutcome {
    let x = try probes.random(2)
    let slopes = try gradient(of: projected(x).sum(), withRespectTo: [x])[0].doubles()
    let share = Double(slopes.count { $0 != 0 }) / Double(max(slopes.count, 1))
    guard share > 0 else {
      return .fail(
        "the measurement ignores the image: its gradient is 0 everywhere",
        hint: "compute it from x with differentiable operations")
    }
    return .pass("\(Int((100 * share).rounded())) % of the pixels are seen")
  }

  private func gradientCheck() throws -> CheckOutcome {
    let directions = try (0..<3).map { try probes.noise(4, stream: UInt32(30 + $0)) }
    let found = try FiniteDifferences.compare(
      at: probes.random(4), scale: probes.deviation, directions: directions, projected)
    guard found.error <= FiniteDifferences.tolerance else {
      return .fail(
        "wrong gradient: a slope is \(short(found.stated)) by the gradient, \(short(found.measured)) by finite differences",
        hint: "if mg.custom is used, compare its vjp with its value")
    }
    return .pass("as finite differences in Float64, largest error \(short(found.error))")
  }

  private func kinks() throws -> CheckOutcome {
    let tried = try probes.kinks()
    for (name, images) in tried {
      for dtype in [DType.float64, .float32] {
        let x = try images.cast(to: dtype)
        if let bad = try measure(x).doubles().first(where: { !$0.isFinite }) {
          return .fail("the measurement of \(name) has \(bad)", fault: .badResult)
        }
        let slopes = try gradient(of: projected(x).sum(), withRespectTo: [x])[0].doubles()
        if let bad = slopes.first(where: { !$0.isFinite }) {
          var result = Tensor.zeros([])
          let calls = try runtime?.tracing { result = try projected(x).sum() } ?? []
          let blame = Blame.gradient(calls, of: result)
          return .fail(
            "the gradient at \(name) is \(bad)"
              + (blame.map { ", from \($0.function) at \($0.place)" } ?? ""), hint: blame?.hint)
        }
      }
    }
    return .pass("value and gradient are finite at \(tried.count) special images")
  }

  // MARK: Batches

  private func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Double {
    let scale = try Swift.max(a.abs().max().item(), 1e-12)
    return try (a - b).abs().max().item() / scale
  }

  private func independent() throws -> CheckOutcome {
    let x = try probes.random(4)
    let first = try x.sliced(axis: 0, from: 0, to: 1)
    let changed = try Tensor.concatenated([first, probes.random(3, stream: 9) * 3], axis: 0)
    let difference = try largestDifference(
      measure(x).sliced(axis: 0, from: 0, to: 1), measure(changed).sliced(axis: 0, from: 0, to: 1))
    guard difference <= 1e-9 else {
      return .fail(
        "the measurement of an image changes by \(short(difference)) with the others of its batch",
        hint: "axis 1 counts images: leave it alone")
    }
    return .pass("the others of a batch make no difference")
  }

  private func batchSize() throws -> CheckOutcome {
    let x = try probes.random(8)
    let together = try measure(x)
    for image in [0, 7] {
      let alone = try measure(x.sliced(axis: 0, from: image, to: image + 1))
      let difference = try largestDifference(
        alone, together.sliced(axis: 0, from: image, to: image + 1))
      guard difference <= 1e-9 else {
        return .fail(
          "alone and in a batch of 8 an image's measurement differs by \(short(difference))")
      }
    }
    return .pass("alone and in a batch of 8 an image has the same measurement")
  }

  private func deterministic() throws -> CheckOutcome {
    let x = try probes.random(2)
    let first = try measure(x).doubles()
    guard try measure(x).doubles() == first, try reload().measure(x).doubles() == first else {
      return .fail(
        "the same images have two different measurements",
        hint: "noise belongs into noise = mg.noise.…, not into forward")
    }
    return .pass("same bits at every call, and loaded anew")
  }

  // MARK: Noise

  /// The mean of p(y | a') / p(y | a) over draws y from a is 1 for every a': whatever the model, unless
  /// it samples one thing and scores another.
  private func noise() throws -> CheckOutcome {
    guard let noise = forwardOperator.noise else { return .skip("none declared: the recipe says") }
    let draws = 4096
    let one = try measure(probes.random(1).maximum(0.05))
    let sizes = Array(one.shape.dimensions.dropFirst())
    let clean = try one.broadcast(to: Shape([draws] + sizes))
    let y = try noise.sample(clean, seed: 5, first: 0)
    guard y.shape == clean.shape, try y.doubles().allSatisfy(\.isFinite) else {
      return .fail("samples of the noise are not finite measurements")
    }
    let base = try noise.negativeLogLikelihood(y, given: clean).doubles()
    let direction =
      try one
      * Tensor.normal(keys: RandomKey(seed: 6).tensor, shape: one.shape).cast(
        to: one.dtype)
    func logRatios(_ step: Double) throws -> [Double] {
      let moved = try (one + direction * step).broadcast(to: clean.shape)
      let other = try noise.negativeLogLikelihood(y, given: moved).doubles()
      return zip(base, other).map { $0 - $1 }
    }
    // A step at which the ratios vary, but not so much that their mean cannot be told.
    let small = Summary(try logRatios(1e-4)).standardDeviation
    guard small > 0, small.isFinite else {
      return .fail("the likelihood does not depend on the prediction")
    }
    let ratios = try logRatios(1e-4 * 0.7 / small).map(Foundation.exp)
    let summary = Summary(ratios)
    let error = summary.standardDeviation / Double(draws).squareRoot()
    let text =
      "mean of p(y|a')/p(y|a) over \(draws) samples is \(short(summary.mean)) ± \(short(error))"
    guard abs(summary.mean - 1) <= 5 * error + 1e-3 else {
      return .fail(
        "samples and likelihood of '\(noise.name)' disagree: \(text), it should be 1",
        hint: "both must use the same scale")
    }
    return .pass("\(noise.name): \(text)")
  }

  private func speed() throws -> CheckOutcome {
    .pass(try PluginTiming(size: probes.size) { try measure($0).sum() }.summary)
  }
}
