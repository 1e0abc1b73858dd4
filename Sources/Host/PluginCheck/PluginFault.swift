import Engine
import LuaBridge

/// What sort of fault a plugin has: stable words, for machines.
public enum PluginFault: String, Sendable, Encodable {
  /// It is no plugin, or its parameters are not right.
  case loadError = "load-error"
  /// One of its functions raised an error.
  case runtimeError = "runtime-error"
  /// It took longer than its limit.
  case interrupted
  /// It wanted more memory than its limit.
  case memoryError = "memory-error"
  /// A value of the wrong type or shape, one that is not finite, or a negative distance.
  case badResult = "bad-result"
  /// A gradient that is missing, wrong or not finite.
  case badGradient = "bad-gradient"
  /// The result for an image depends on the others of its batch.
  case batchDependent = "batch-dependent"
  /// The same images have different results.
  case nondeterministic
  /// Its parts contradict each other: valid images have a distance, samples do not fit the likelihood.
  case contradiction

  /// What an error while a plugin is loaded means.
  init(loading error: any Error) {
    switch PluginFault(error) {
    case .interrupted: self = .interrupted
    case .memoryError: self = .memoryError
    default: self = .loadError
    }
  }

  /// What an error from a call means.
  init(_ error: any Error) {
    if case EngineError.noGradient = error {
      self = .badGradient
      return
    }
    switch (error as? LuaError)?.kind {
    case .interrupted: self = .interrupted
    case .memory: self = .memoryError
    case .result: self = .badResult
    default: self = .runtimeError
    }
  }

  /// What it means that a check failed.
  init(check: String) {
    switch check {
    case "loads", "parameters": self = .loadError
    case "reaches input", "gradient", "kinks": self = .badGradient
    case "independent images", "batch size": self = .batchDependent
    case "deterministic": self = .nondeterministic
    case "valid data", "projection", "linear", "adjoint", "noise": self = .contradiction
    default: self = .badResult
    }
  }
}
