import Engine
import LuaBridge

/// What a constraint's gradient is held to.
extension ConstraintChecks {
  func reachesInput() throws -> CheckOutcome {
    let x = try probes.random(4)
    let slope: [Double]
    do {
      slope = try slopes(x)
    } catch EngineError.noGradient(let op, let reason) {
      let places = try places(of: op)
      return .fail(
        "no gradient through \(op)\(places.map { " at \($0)" } ?? ""): \(reason)", hint: flatHint)
    }
    let distances = try values(x)
    let perImage = slope.count / 4
    let reached = (0..<4).map { image in
      slope[image * perImage..<(image + 1) * perImage].count { $0 != 0 }
    }
    let stuck = (0..<4).filter { distances[$0] > 0 && reached[$0] == 0 }
    guard !stuck.isEmpty else {
      let share = Double(reached.reduce(0, +)) / Double(max(slope.count, 1))
      return .pass("\(Int((100 * share).rounded())) % of the pixels have a gradient")
    }
    let others = try values(probes.random(4, stream: 6))
    if others == distances {
      return .fail(
        "the distance ignores its input: it is \(short(distances[0])) for every image",
        hint: "compute it from x; mg.tensor and numbers alone are constants")
    }
    return .fail(
      "the distance changes with the image, but its gradient is 0 on \(stuck.count) of 4 images",
      hint: flatHint)
  }

  private var flatHint: String {
    "floor, sign, comparisons and mg.stop_gradient pass no gradient on, nor does mg.custom where its vjp "
      + "returns 0"
  }

  func gradientCheck() throws -> CheckOutcome {
    var worst = FiniteDifferences.Finding()
    var count = 0
    for (stream, x) in [(7, try probes.random(4)), (8, try probes.nearValid(4))] {
      let directions = try (0..<3).map { try probes.noise(4, stream: UInt32(10 * stream + $0)) }
      let found = try FiniteDifferences.compare(
        at: x, scale: probes.deviation, directions: directions, values: traced.values,
        slopes: traced.slopes)
      count += found.count
      if found.error >= worst.error { worst = found }
    }
    guard worst.error <= FiniteDifferences.tolerance else {
      let ratio = worst.stated / worst.measured
      let factor = ratio.isFinite && abs(ratio) > 1e-6 ? " (\(short(ratio)) times)" : ""
      return .fail(
        "wrong gradient: the slope along a random direction is \(short(worst.stated)) by the gradient, "
          + "\(short(worst.measured)) by finite differences\(factor)",
        hint: try places(of: "custom").map {
          "mg.custom at \($0) states its own gradient: compare its vjp with its value"
        }
          ?? "the distance jumps, or is rounded, where the images were tried")
    }
    return .pass(
      "as finite differences in Float64: \(count) slopes, largest error \(short(worst.error))")
  }

  /// Where the script calls a function of the library.
  private func places(of function: String) throws -> String? {
    let calls = try runtime?.tracing { _ = try constraint.distances(probes.random(1)) } ?? []
    let places = Set(calls.filter { $0.function == function }.map { "\($0.file):\($0.line)" })
    return places.isEmpty ? nil : places.sorted().joined(separator: ", ")
  }

  func kinks() throws -> CheckOutcome {
    var tried = try probes.kinks()
    if let projected = try constraint.project(try probes.random(1)) {
      tried.append(("a projected image", projected))
    }
    for dtype in [DType.float64, .float32] {
      for (name, images) in tried {
        let x = try images.cast(to: dtype)
        if let bad = try values(x).first(where: { !$0.isFinite }) {
          let blame = try blameValue(x)
          return .fail(
            "the distance of \(name) is \(bad)" + place(blame), hint: hint(blame),
            fault: .badResult)
        }
        let bad = try slopes(x).filter { !$0.isFinite }
        if let first = bad.first {
          let blame = try blameGradient(x)
          return .fail(
            "the gradient at \(name) is \(first) in \(bad.count) of \(x.count) pixels"
              + place(blame),
            hint: hint(blame))
        }
      }
    }
    return .pass("value and gradient are finite at \(tried.count) special images")
  }

  func blameValue(_ x: Tensor) throws -> Blame? {
    Blame.value(try runtime?.tracing { _ = try constraint.distances(x) } ?? [])
  }

  private func blameGradient(_ x: Tensor) throws -> Blame? {
    var result = Tensor.zeros([], dtype: x.dtype)
    let calls = try runtime?.tracing { result = try constraint.distances(x).sum() } ?? []
    return Blame.gradient(calls, of: result)
  }

  func place(_ blame: Blame?) -> String {
    blame.map { ", from \($0.function) at \($0.place)" } ?? ""
  }
  func hint(_ blame: Blame?) -> String? {
    blame?.hint ?? "look for a root, a logarithm or a division whose argument can be 0"
  }
}
