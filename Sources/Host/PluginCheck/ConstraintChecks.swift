import Engine
import Foundation
import LuaBridge

/// Everything a constraint is held to.
struct ConstraintChecks {
  let constraint: any Constraint
  let traced: TracedConstraint
  let probes: ProbeImages
  let search: MinimiserSearch
  /// The state of a Lua plugin, for finding the line of a problem.
  let runtime: LuaRuntime?
  /// Loads the same plugin again, into a state of its own.
  let reload: () throws -> any Constraint

  init(
    constraint: any Constraint, probes: ProbeImages, runtime: LuaRuntime?,
    reload: @escaping () throws -> any Constraint
  ) {
    self.constraint = constraint
    traced = TracedConstraint(constraint)
    self.probes = probes
    search = MinimiserSearch(constraint: constraint, probes: probes)
    self.runtime = runtime
    self.reload = reload
  }

  func run(_ list: inout CheckList) {
    guard list.run("shape", shape) else { return }
    guard list.run("finite", finite) else { return }
    list.run("non-negative", nonNegative)
    list.run("valid data", validData)
    list.run("reaches input", reachesInput)
    list.run("gradient", gradientCheck)
    list.run("kinks", kinks)
    list.run("independent images", independent)
    list.run("batch size", batchSize)
    list.run("deterministic", deterministic)
    list.run("projection", projection)
    list.run("metrics", metrics)
    list.run("cheap minimisers", cheapMinimisers)
    list.run("speed", speed)
  }

  // MARK: Values

  func values(_ x: Tensor) throws -> [Double] { try traced.values(x) }
  func slopes(_ x: Tensor) throws -> [Double] { try traced.slopes(x) }

  private func shape() throws -> CheckOutcome {
    for count in [1, 3, 8] {
      for dtype in [DType.float32, .float64] {
        let x = Tensor.placeholder("x", shape: Shape([count] + probes.size), dtype: dtype)
        let result = try constraint.distances(x)
        guard result.shape == [count] else {
          return .fail("distance must return [N] = [\(count)], got \(result.shape)")
        }
      }
    }
    return .pass("[N] for N = 1, 3 and 8, in Float32 and Float64")
  }

  private func finite() throws -> CheckOutcome {
    let x = try probes.random(8)
    for (name, images) in [
      ("random images", x), ("images near valid ones", try probes.nearValid(8)),
    ] {
      let bad = try values(images).first { !$0.isFinite }
      guard let bad else { continue }
      return .fail(
        "the distance of \(name) is \(bad)" + place(try blameValue(images)),
        hint: hint(try blameValue(images)))
    }
    let distances = Summary(try values(x))
    return .pass(
      "distance of random images: mean \(short(distances.mean)), \(short(distances.minimum))…\(short(distances.maximum))"
    )
  }

  private func nonNegative() throws -> CheckOutcome {
    let help =
      "a distance is 0 on the set and positive elsewhere: take abs, square or relu of what should vanish"
    var tried = try probes.kinks()
    tried.append(("random images", try probes.random(8)))
    tried.append(("images near valid ones", try probes.nearValid(8)))
    if probes.mayBeNegative {
      tried.append(("random images, upside down", try probes.random(8).negated()))
    }
    // Far from the data an iteration need not converge.
    tried += try probes.extremes().filter { (try? values($0.images)) != nil }
    for (name, images) in tried {
      if let negative = try values(images).first(where: { $0 < 0 }) {
        return .fail("the distance of \(name) is \(short(negative))", hint: help)
      }
    }
    let found = try search.fromNoise()
    if found.least < -found.rounding {
      return .fail(
        "descent from random images comes to \(short(found.least)) within \(found.steps) steps",
        hint: help)
    }
    return .pass("also at the end of \(found.steps) steps of descent")
  }

  private func validData() throws -> CheckOutcome {
    guard let valid = probes.valid else {
      return .skip(
        "no valid images are known: add generate(count, p, rng) to the plugin, or name some with --data"
      )
    }
    let distances = try values(valid.cast(to: .float32))
    let usual = Summary(try values(probes.random(8))).mean
    let worst = distances.max() ?? 0
    guard worst <= 1e-3 * usual || worst < 1e-9 else {
      return .fail(
        "the distance of \(probes.origin) is up to \(short(worst)) (mean \(short(Summary(distances).mean))); "
          + "random images have \(short(usual))",
        hint:
          "distance and data disagree: compare units, the order of rows and columns, and parameters"
      )
    }
    return .pass("\(probes.origin): at most \(short(worst)), random images \(short(usual))")
  }

  // MARK: Batches

  private func independent() throws -> CheckOutcome {
    let x = try probes.random(4)
    let others = try probes.random(3, stream: 9)
    let changed = try Tensor.concatenated([x.sliced(axis: 0, from: 0, to: 1), others * 3], axis: 0)
    let (before, after) = (try values(x)[0], try values(changed)[0])
    guard abs(before - after) <= 1e-9 * max(abs(before), 1e-12) else {
      return .fail(
        "the distance of an image goes from \(short(before)) to \(short(after)) when the others of its batch change",
        hint: "reduce over axes {2, 3, 4} only: axis 1 counts images")
    }
    return .pass("the others of a batch make no difference")
  }

  private func batchSize() throws -> CheckOutcome {
    let x = try probes.random(8)
    let together = try values(x)
    for image in 0..<8 {
      let alone = try values(x.sliced(axis: 0, from: image, to: image + 1))[0]
      guard abs(alone - together[image]) <= 1e-9 * max(abs(alone), 1e-12) else {
        return .fail(
          "an image has \(short(alone)) alone and \(short(together[image])) in a batch of 8",
          hint: "divide by sizes of one image, not of the batch")
      }
    }
    return .pass("alone and in a batch of 8 an image has the same distance")
  }

  private func deterministic() throws -> CheckOutcome {
    let x = try probes.random(4)
    func value(_ constraint: any Constraint) throws -> [Double] {
      try constraint.distances(x).doubles()
    }
    let first = try value(constraint)
    for attempt in [try value(constraint), try value(constraint), try value(reload())]
    where attempt != first {
      let pair = zip(first, attempt).first { $0 != $1 }
      return .fail(
        "the same images have \(pair?.0 ?? .nan), then \(pair?.1 ?? .nan)",
        hint: "a distance may not count calls or keep anything between them")
    }
    return .pass("same bits at every call, and loaded anew")
  }

  // MARK: The optional parts

  private func projection() throws -> CheckOutcome {
    let x = try probes.random(4)
    guard let projected = try constraint.project(x) else { return .skip("no project(x, p)") }
    let (before, after) = (Summary(try values(x)).mean, try values(projected).max() ?? 0)
    guard after <= 1e-6 * max(before, 1e-6) else {
      return .fail(
        "projected images have distance \(short(after)), before \(short(before))",
        hint: "project must return images on the set")
    }
    let twice = try constraint.project(projected) ?? projected
    let moved = try (twice - projected).abs().max().item()
    guard moved <= 1e-6 * max(probes.deviation, abs(probes.mean)) else {
      return .fail(
        "projecting twice moves pixels by \(short(moved))",
        hint: "a projection leaves the set alone")
    }
    return .pass("distance \(short(after)) after it, and it moves nothing the second time")
  }

  private func metrics() throws -> CheckOutcome {
    let metrics = try constraint.metrics(try probes.random(4))
    guard !metrics.isEmpty else { return .skip("no metrics(x, p)") }
    for (name, values) in metrics where try !values.doubles().allSatisfy(\.isFinite) {
      return .fail("metric '\(name)' is not finite on random images")
    }
    return .pass(metrics.map(\.name).joined(separator: ", "))
  }

  // MARK: Beyond right and wrong

  private func cheapMinimisers() throws -> CheckOutcome {
    let start = try probes.flat([probes.mean, probes.mean + probes.deviation]).cast(to: .float32)
    let usual = Summary(try values(probes.random(8))).mean
    let advice =
      "a model can satisfy the rule with such an image and lose everything else: what keeps it from that are "
      + "the data; start with a small constraint weight and look at samples"
    let zero = try values(probes.flat([0]))[0]
    if zero <= 1e-3 * usual {
      return .warn(
        "an image of zeros has distance \(short(zero)) (random images \(short(usual)))",
        hint: advice)
    }
    let flat = try search.descend(from: start, flat: true)
    if !flat.diverged, flat.least <= 1e-3 * usual {
      return .warn(
        "a flat image has distance \(short(flat.least)) (random images \(short(usual)))",
        hint: advice)
    }
    let noisy = try search.fromNoise()
    if noisy.diverged {
      return .warn(
        "descent from random images runs into numbers that are not finite",
        hint: "training may do so too: a smaller learning rate or constraint weight helps")
    }
    for (reduction, (contrast, extent)) in zip(
      noisy.reductions, zip(noisy.contrasts, noisy.extents)) where reduction < 1e-2
    {
      if contrast < 0.05 {
        return .warn(
          "descent from noise ends at a flat image (\(short(contrast)) of the contrast is left)",
          hint: advice)
      }
      if extent > 20 {
        return .warn(
          "descent from noise ends at pixels \(short(extent)) deviations out", hint: advice)
      }
    }
    let left = Summary(noisy.reductions).mean
    return .pass(
      "\(noisy.steps) steps of descent from noise leave \(short(100 * left)) % of the distance, and the contrast"
    )
  }

  private func speed() throws -> CheckOutcome {
    let timing = try PluginTiming(size: probes.size) { try constraint.distances($0).sum() }
    return .pass(timing.summary)
  }
}
