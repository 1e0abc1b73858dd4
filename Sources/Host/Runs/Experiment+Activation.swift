import Engine
import Foundation

/// What the inverse map ends with. A softplus gives nothing below 0: it would ruin data of either sign.
extension Experiment {
  /// The same experiment with the activation that the recipe names, or else the training images ask for.
  func choosingActivation(for data: Data) throws -> Experiment {
    let pixels = try data.train.floats()
    let negative = pixels.count { $0 < 0 }
    let share = ActivationChoice.percent(Double(negative) / Double(max(pixels.count, 1)))
    let below = "\(share) of the pixels of the training images are below 0"
    var chosen = self
    let isChosen = chosen.settings.chooseActivation(hasNegativePixels: negative > 0)
    let activation = chosen.settings.namm.networks.inverse.activation
    if isChosen {
      progress.note(
        "namm: activation = \"\(activation.rawValue)\": "
          + (negative > 0 ? below : "no pixel of the training images is below 0"))
    } else if negative > 0, activation != .none {
      progress.warn(
        "namm.activation is \"\(activation.rawValue)\", but \(below), where the inverse map then gives "
          + "nothing: leave it out, or set \"none\"")
    }
    return chosen
  }

  /// What fingerprints say of an activation that is not the one of older runs.
  var activationIngredients: [String] {
    settings.hasActivationOfImages ? ["activation=none"] : []
  }
}

extension ExperimentSettings {
  /// Settles what the inverse map ends with, where the recipe does not say.
  ///
  /// - Returns: whether the recipe leaves it open.
  mutating func chooseActivation(hasNegativePixels: Bool) -> Bool {
    guard isActivationOpen else { return false }
    if hasNegativePixels, namm.networks.inverse.activation != .none {
      namm.networks.inverse.activation = .none
      finetuning?.settings.networks.inverse.activation = .none
      hasActivationOfImages = true
    }
    return true
  }
}

enum ActivationChoice {
  /// A share in words; what is there is never 0 %.
  static func percent(_ share: Double) -> String {
    String(format: share >= 0.1 ? "%.0f %%" : "%.2g %%", share * 100)
  }
}
