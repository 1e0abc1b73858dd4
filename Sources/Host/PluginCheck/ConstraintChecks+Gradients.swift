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
      let count = reached.reduce(0, +)
      if count == 0, distances.allSatisfy({ $0 == 0 }) { return try zeroOnRandomImages() }
      let share = Double(count) / Double(max(slope.count, 1))
      return .pass("\(Int((100 * share).rounded(.up))) % of the pixels have a gradient")
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

  /// Random images may lie on the set; all images cannot.
  private func zeroOnRandomImages() throws -> CheckOutcome {
    for (name, images) in try probes.kinks() + probes.extremes() + probes.extremes(times: 1e4) {
      if let distance = try? values(images).first(where: { $0 != 0 }) {
        return .pass("random images have distance 0, \(name) \(short(distance))")
      }
    }
    return .fail(
      "the distance ignores its input: it is 0 for every image that was tried",
      hint: "compute it from x, so that it is positive where the rule is broken")
  }

  private var flatHint: String {
    "floor, sign, comparisons and mg.stop_gradient pass no gradient on, nor does mg.custom where its vjp "
      + "returns 0"
  }

  func gradientCheck() throws -> CheckOutcome {
    let (deviation, random) = (probes.deviation, try probes.random(4))
    let faint = (strength: 0.01 * deviation, images: try probes.noise(4, stream: 9))
    let strong = (strength: 10 * deviation, images: try probes.noise(4, stream: 10))
    let alike = [(random, deviation), (try probes.nearValid(4), deviation)]
    // Far from the data a distance may be rough, or infinite: only what is plainly wrong counts.
    let unlike = [
      (try -random, deviation), (try faint.images * faint.strength, faint.strength),
      (try strong.images * strong.strength, strong.strength),
    ].filter { (try? values($0.0).allSatisfy(\.isFinite)) == true }
    let usual = try compareSlopes(at: alike, directions: 3)
    let far = try compareSlopes(at: unlike, directions: 1)
    let isFarWrong = !(far.error <= 0.02)
    let worst = isFarWrong ? far : usual
    guard !isFarWrong, worst.error <= FiniteDifferences.tolerance else {
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
    let difference = try float32Difference(random)
    guard difference <= 0.05 else {
      return .fail(
        "wrong gradient: in Float32, which training uses, it differs from that in Float64 by "
          + "\(short(100 * difference)) %",
        hint: "differences of large numbers lose digits; a vjp must not depend on the dtype")
    }
    return .pass(
      "as finite differences in Float64: \(usual.count + far.count) slopes, largest error "
        + short(usual.error))
  }

  /// The worst disagreement with finite differences at sets of four images, whose pixels are of a given
  /// scale.
  private func compareSlopes(at places: [(x: Tensor, scale: Double)], directions: Int) throws
    -> FiniteDifferences.Finding
  {
    // A loss weighs distances: a stated gradient must take that over.
    let weights = [1, 0.5, -1, 2]
    var worst = FiniteDifferences.Finding()
    var count = 0
    for (place, (x, scale)) in places.enumerated() {
      let directions = try (0..<directions).map {
        try probes.noise(4, stream: UInt32(70 + 10 * place + $0))
      }
      let found = try FiniteDifferences.compare(at: x, scale: scale, directions: directions) {
        zip(try traced.values($0), weights).map { $0 * $1 }
      } slopes: {
        try traced.slopes($0, weights: weights)
      }
      count += found.count
      if found.error >= worst.error { worst = found }
    }
    worst.count = count
    return worst
  }

  /// ‖g₃₂ − g₆₄‖ / ‖g₆₄‖ of the gradients in both types.
  private func float32Difference(_ x: Tensor) throws -> Double {
    let exact = try traced.slopes(x)
    let rounded = try traced.slopes(x.cast(to: .float32))
    let size = exact.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let difference = zip(exact, rounded).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return size > 0 ? difference.squareRoot() / size : 0
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
    tried += try leastFlatImages()
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

  /// Flat images on either side of where the slope along all pixels changes its sign, next to each other in
  /// Float64 and in Float32: one of them may lie on the set itself, where roots and quotients break.
  private func leastFlatImages() throws -> [(name: String, images: Tensor)] {
    var found: [(String, Tensor)] = []
    for dtype in [DType.float64, .float32] {
      let (low, high) = probes.usualRange
      // Four images a time: a program of that size is there already.
      func isRising(_ levels: [Double]) throws -> [Bool] {
        let slopes = try traced.slopes(probes.flat(levels).cast(to: dtype))
        let size = slopes.count / 4
        return (0..<4).map { slopes[$0 * size..<($0 + 1) * size].reduce(0, +) > 0 }
      }
      var bracket: (Double, Double)?
      var last: (level: Double, isRising: Bool)?
      for start in stride(from: 0, to: 16, by: 4) {
        let levels = (start..<start + 4).map { low + (high - low) * Double($0) / 15 }
        for (level, rising) in zip(levels, try isRising(levels)) {
          if let last, bracket == nil, rising, !last.isRising { bracket = (last.level, level) }
          last = (level, rising)
        }
      }
      guard var (below, above) = bracket else { continue }
      // Each round leaves a fifth: these many come down to neighbouring numbers.
      for _ in 0..<(dtype == .float64 ? 23 : 11) {
        let levels = (1...4).map { below + (above - below) * Double($0) / 5 }
        let rising = try isRising(levels)
        let first = rising.firstIndex(of: true) ?? 4
        (below, above) = (
          first > 0 ? levels[first - 1] : below, first < 4 ? levels[first] : above
        )
      }
      found.append(
        ("the flat image of least distance, \(short(below))", try probes.flat([below, above])))
    }
    return found
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
