import Engine
import LuaBridge

/// An error as a check reports it: with a hint that knows where it arose.
struct PluginProblem {
  let message: String
  let hint: String?

  init(_ error: any Error) {
    let diagnostic = error as? any Diagnostic
    message = diagnostic?.message ?? "\(error)"
    if diagnostic?.code == "dtype.mismatch" {
      hint =
        "the gradient is checked in Float64: give constants the dtype of x, as in "
        + "mg.linspace(0, 1, 8, x.dtype) or w:to(x.dtype)"
    } else {
      hint = diagnostic?.hint
    }
  }
}

/// The line of a script that a number which is not finite comes from.
public struct Blame: Sendable {
  /// The library function as people write it.
  let function: String
  /// `file.lua:7`
  let place: String

  /// Whether an argument has numbers below 0.
  let isBelowZero: Bool

  private init(_ call: TracedCall) {
    let operators = ["__div": "a / b", "__pow": "a ^ b", "__mul": "a * b", "__mod": "a % b"]
    function = operators[call.function] ?? call.function
    place = "\(call.file):\(call.line)"
    isBelowZero = call.inputs.contains { input in
      (try? input.doubles().contains { $0 < 0 }) == true
    }
  }

  /// What usually helps.
  var hint: String {
    switch function {
    case "sqrt", "a ^ b", "pow":
      "its derivative at 0 is infinite: for the root of a sum of squares use norm, as in x:norm{2, 3, 4}, "
        + "whose gradient at 0 is 0; else add a small number before the root"
    case "log" where isBelowZero:
      "its argument goes below 0: take (mg.maximum(x, 0) + 1e-8):log(); images that are never below 0 are "
        + "declared by domain = { min = 0 }"
    case "log": "add a small number inside: (x + 1e-8):log(), or use log1p"
    case "a / b", "div", "reciprocal":
      "if the divisor is never below 0: mg.maximum(d, 1e-8); if it can have either sign, multiply the rule "
        + "out: (a - b):abs() instead of (a / b - 1):abs()"
    case "custom":
      "its vjp must return finite numbers everywhere: use mg.where to return 0 at the kink"
    default: "keep its argument away from where it, or its derivative, is infinite"
    }
  }

  /// The line of a constraint's script that a distance which is not finite comes from; `nil` where that is not
  /// known, as of one written in Swift.
  static func value(of constraint: any Constraint, at images: Tensor) throws -> Blame? {
    let runtime = (constraint as? LuaConstraint)?.definition.function?.runtime
    return value(try runtime?.tracing { _ = try constraint.distances(images) } ?? [])
  }

  /// The same of the distances' gradient.
  static func gradient(of constraint: any Constraint, at images: Tensor) throws -> Blame? {
    let runtime = (constraint as? LuaConstraint)?.definition.function?.runtime
    var result = Tensor.zeros([], dtype: images.dtype)
    let calls = try runtime?.tracing { result = try constraint.distances(images).sum() } ?? []
    return gradient(calls, of: result)
  }

  /// The first call whose result is not finite though its arguments are.
  static func value(_ calls: [TracedCall]) -> Blame? {
    for call in calls.prefix(callLimit) {
      guard let isFinite = try? call.outputs.allSatisfy(isFinite), !isFinite,
        (try? call.inputs.allSatisfy(self.isFinite)) == true
      else { continue }
      return Blame(call)
    }
    return nil
  }

  /// The call, nearest to the result, that turns a finite gradient into one that is not.
  static func gradient(_ calls: [TracedCall], of result: Tensor) -> Blame? {
    for call in calls.suffix(callLimit).reversed() {
      guard let output = call.outputs.first(where: \.dtype.isFloating) else { continue }
      let inputs = call.inputs.filter(\.dtype.isFloating)
      guard !inputs.isEmpty,
        let arriving = try? vjp(
          of: result, cotangent: .ones(result.shape, dtype: result.dtype),
          withRespectTo: [output])[0],
        (try? isFinite(arriving)) == true,
        let leaving = try? vjp(of: output, cotangent: arriving, withRespectTo: inputs),
        (try? leaving.allSatisfy(isFinite)) == false
      else { continue }
      return Blame(call)
    }
    return nil
  }

  /// Calls looked at: a distance has tens.
  private static let callLimit = 500

  private static func isFinite(_ x: Tensor) throws -> Bool {
    try x.doubles().allSatisfy(\.isFinite)
  }
}
