import Engine
import LuaBridge

/// Why a run ended early.
public enum RunError: Diagnostic {
  /// A stop was asked for; training was saved, and stages that were done are kept.
  case interrupted(String)
  /// Losses stayed non-finite; `part` is the part of the loss that did, if it was one.
  case diverged(stage: String, step: Int, part: String?)
  /// Too few samples of a model, and their constraint distances, are finite to be measured.
  case samplesDiverged(model: String, count: Int, total: Int)
  /// A recipe asks for something that cannot be.
  case recipe(field: String, expected: String, got: String)
  /// A recipe has a field that means nothing; `path` is the table it is in, empty for the recipe itself.
  case unknownSetting(path: String, name: String, known: [String])

  public var code: String {
    switch self {
    case .interrupted: "run.interrupted"
    case .diverged: "run.diverged"
    case .samplesDiverged: "run.samples-diverged"
    case .recipe, .unknownSetting: "recipe.invalid"
    }
  }

  public var message: String {
    switch self {
    case .interrupted(let place): "stopped during \(place); run the same command to go on"
    case .diverged(let stage, let step, let part):
      "\(stage): \(part.map { "'\($0)'" } ?? "the loss or its gradient") was not finite in several steps in a "
        + "row, the last at step \(step)"
    case .samplesDiverged(let model, let count, let total):
      "\(model): \(count) of \(total) samples have pixels or a constraint distance that are not finite; "
        + "nothing can be measured"
    case .recipe(let field, let expected, let got):
      "recipe: \(field) must be \(expected), got \(got)"
    case .unknownSetting(let path, let name, let known):
      "recipe: \(path.isEmpty ? "a recipe" : "'\(path)'") has no field '\(name)'"
        + (Habit.name(for: name, among: known).map { "; it is '\($0)' here" }
          ?? NearestName.suggestion(name, in: known))
        + "; it has \(known.joined(separator: ", "))"
    }
  }

  public var hint: String? {
    switch self {
    case .diverged:
      "lower the learning rate, or check the constraint: a square root or a quotient at 0 has an infinite gradient"
    case .samplesDiverged:
      "train longer, or take more sampling steps: the model's samples leave the range the constraint can take"
    default: nil
    }
  }
}

/// What settings are called elsewhere.
private enum Habit {
  static func name(for name: String, among known: [String]) -> String? {
    names[name].flatMap { known.contains($0) ? $0 : nil }
  }

  private static let names = [
    "lr": "learning_rate", "batch_size": "batch", "iterations": "steps", "epochs": "steps",
    "n_steps": "steps", "num_steps": "steps", "ema": "average_decay", "ema_decay": "average_decay",
    "channels": "multipliers", "lambda": "constraint_weight", "sigma": "inverse_noise",
    "noise": "measurement_noise", "sampler": "solver", "n_samples": "count",
  ]
}
