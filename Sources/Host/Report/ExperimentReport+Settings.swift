import Engine
import LuaBridge

/// What was run, at the end of the report.
extension ExperimentReport {
  func settingsSection() -> ReportContent.Section {
    let entries = dataEntries + networkEntries + solvingEntries
    var blocks: [any ReportBlock] = [Settings("What was run", entries)]
    if !warnings.isEmpty {
      blocks.append(
        Settings(
          "Warnings of the run", warnings.enumerated().map { ("\($0 + 1)", $1) }))
    }
    return .init("Settings", blocks)
  }

  private typealias Entries = [(name: String, value: String)]

  private var dataEntries: Entries {
    [
      ("seed", "\(settings.seed)"), ("data", settings.data.source.summary),
      ("training images", "\(data.train.shape[0])"),
      ("constraint", described(constraint.source, constraint.plugins, in: "constraint")),
    ]
  }

  /// Where something is written, with the values of its parameters; of what is built in, as the recipe says it.
  private func described(_ source: String, _ plugins: [BoundPlugin], in field: String) -> String {
    guard !plugins.isEmpty else { return "\(source): \(recipe.values[field].display)" }
    let parameters = plugins.compactMap { plugin -> String? in
      let values = plugin.definition.parameters.map {
        "\($0.name) = \(plugin.parameters[$0.name].display)"
      }
      if values.isEmpty { return nil }
      let name = plugins.count > 1 ? plugin.definition.name + " " : ""
      return name + values.joined(separator: ", ")
    }
    return ([source] + parameters).joined(separator: "; ")
  }

  private var networkEntries: Entries {
    let inverse = settings.namm.networks.inverse
    let forward = settings.namm.networks.forward
    let network = settings.mirrorModel.settings.network
    let loss = settings.namm.loss
    return [
      (
        "forward map",
        "ICNN, \(forward.layers) layers of \(forward.filters) filters, α \(forward.strongConvexity)"
      ),
      ("inverse map", "ResNet, width \(inverse.width), \(inverse.blockCount) blocks"),
      (
        "activation of the inverse map",
        inverse.activation.rawValue + (settings.isActivationOpen ? ", by the images" : "")
      ),
      ("λ constraint", "\(loss.constraintWeight)"),
      ("λ regulariser", "\(loss.regularizerWeight) (\(loss.regularizer.rawValue))"),
      ("σ max", "\(settings.namm.maximumInverseNoise)"),
      ("NAMM batch, rate", "\(settings.namm.batchSize), \(settings.namm.optimizer.learningRate)"),
      (
        "score network",
        "width \(network.width), multipliers \(network.multipliers), \(network.blocks) blocks"
      ),
      (
        "diffusion batch, rate",
        "\(settings.mirrorModel.settings.batchSize), \(settings.mirrorModel.settings.optimizer.learningRate)"
      ),
      ("sampling", "\(settings.sampling.method.rawValue), \(settings.sampling.steps) steps"),
    ]
  }

  private var solvingEntries: Entries {
    guard let solving = settings.solving, let forwardOperator else { return [] }
    return [
      (
        "operator", described(forwardOperator.name, forwardOperator.plugins, in: "operator")
      ),
      ("measurements", solving.measurement ?? "simulated, of \(solving.count) test images"),
      ("solver steps", "\(solving.steps)"), ("measurement noise", noise?.summary ?? "none"),
      (
        "ζ of DPS, CG-DPS, mirror DPS",
        "\(solving.plainScale), \(solving.guidedScale), \(solving.mirrorScale)"
      ),
      ("largest guidance step (rms)", "\(solving.guidanceLimit)"),
      ("weight of CG-DPS", "\(solving.constraintWeight)"),
    ]
  }
}
