/// The paper's settings for its constraints (Feng et al. 2025, table 4): what a recipe that names one need not
/// say.
public enum Preset: String, Sendable, CaseIterable {
  /// Total brightness of black holes, 64×64.
  case brightness
  /// Burgers' equation, 64×64.
  case burgers
  /// Incompressible flow, 128×256 with two channels.
  case divergenceFree = "divergence_free"
  /// Periodic images, 64×64.
  case periodic
  /// Number of galaxies, 128×128.
  case count

  /// λ
  var constraintWeight: Double {
    switch self {
    case .brightness, .count: 0.01
    case .burgers, .divergenceFree, .periodic: 1
    }
  }

  /// σ_max
  var inverseNoise: Double { self == .divergenceFree ? 0.5 : 0.1 }

  /// Hidden layers of the forward map.
  var layers: Int {
    switch self {
    case .brightness, .burgers, .periodic: 3
    case .divergenceFree, .count: 2
    }
  }

  var learningRate: Double { self == .divergenceFree ? 1e-3 : 2e-4 }

  /// Whether the inverse map adds to its input.
  var isResidual: Bool {
    switch self {
    case .brightness, .burgers, .periodic: true
    case .divergenceFree, .count: false
    }
  }

  var activation: ResNetGenerator.Activation { self == .divergenceFree ? .none : .softplus }

  /// Epochs of each stage.
  struct Epochs {
    let namm: Int
    let mdm: Int
    let finetune: Int
    let dm: Int
  }

  /// How often each stage of training goes through the images.
  var epochs: Epochs {
    switch self {
    case .brightness: Epochs(namm: 30, mdm: 200, finetune: 1000, dm: 450)
    case .burgers: Epochs(namm: 100, mdm: 300, finetune: 700, dm: 1500)
    case .divergenceFree: Epochs(namm: 100, mdm: 700, finetune: 500, dm: 2000)
    case .periodic: Epochs(namm: 50, mdm: 300, finetune: 1000, dm: 1000)
    case .count: Epochs(namm: 50, mdm: 300, finetune: 700, dm: 1500)
    }
  }
}

/// A preset with what turns its epochs into steps.
struct ScaledPreset {
  let preset: Preset
  /// Part of the paper's epochs.
  let scale: Double
  /// Images to train on.
  let count: Int

  /// Training steps of so many epochs.
  func steps(_ epochs: KeyPath<Preset.Epochs, Int>, batch: Int)
    -> Int
  {
    let images = scale * Double(preset.epochs[keyPath: epochs]) * Double(count)
    return max(1, Int((images / Double(batch)).rounded(.up)))
  }
}
