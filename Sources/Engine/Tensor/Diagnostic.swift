/// An error a person can act on: every error this program reports conforms.
public protocol Diagnostic: Error, Sendable, CustomStringConvertible {
  /// Stable and greppable, such as `shape.mismatch`.
  var code: String { get }
  /// One sentence: where, what was expected, what came.
  var message: String { get }
  /// The next thing to try, in the imperative; `nil` where the message says it all.
  var hint: String? { get }
}

extension Diagnostic {
  public var hint: String? { nil }
  public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}

/// What a user, a file or a plugin can do wrong with tensors.
public enum EngineError: Diagnostic {
  case shapeMismatch(op: String, lhs: Shape, rhs: Shape)
  case dtypeMismatch(op: String, expected: String, got: DType)
  case invalidShape(op: String, dimensions: [Int], reason: String)
  case invalidAxis(op: String, axis: Int, rank: Int)
  case invalidArgument(op: String, argument: String, expected: String, got: String)
  case unboundPlaceholder(name: String)
  case noGradient(op: String, reason: String)
  case file(path: String, reason: String)
  case library(name: String, reason: String)
  /// A matrix that has no answer: `matrix` counts along the batch from 0.
  case unsolvable(op: String, matrix: Int, reason: String)
  /// An iteration that did not come to rest.
  case notConverged(op: String, steps: Int, residual: Double, tolerance: Double)
  /// Memory that the system did not give.
  case outOfMemory(byteCount: Int)
  /// An error raised by code that the engine called: a gradient somebody else stated.
  case custom(any Error)

  public var code: String {
    switch self {
    case .shapeMismatch: "shape.mismatch"
    case .dtypeMismatch: "dtype.mismatch"
    case .invalidShape: "shape.invalid"
    case .invalidAxis: "axis.invalid"
    case .invalidArgument: "argument.invalid"
    case .unboundPlaceholder: "value.unknown"
    case .noGradient: "gradient.missing"
    case .file: "file.invalid"
    case .library: "library.failed"
    case .unsolvable: "matrix.unsolvable"
    case .notConverged: "iteration.diverged"
    case .outOfMemory: "memory.exhausted"
    case .custom(let error): (error as? any Diagnostic)?.code ?? "custom.failed"
    }
  }

  public var message: String {
    switch self {
    case .shapeMismatch(let op, let lhs, let rhs):
      "\(op): shapes \(lhs) and \(rhs) do not fit together"
    case .dtypeMismatch(let op, let expected, let got):
      "\(op): expected \(expected), got \(got.rawValue)"
    case .invalidShape(let op, let dimensions, let reason):
      "\(op): invalid shape \(dimensions): \(reason)"
    case .invalidAxis(let op, let axis, let rank):
      "\(op): axis \(axis) is out of range for a tensor of \(rank) axes"
    case .invalidArgument(let op, let argument, let expected, let got):
      "\(op): \(argument) must be \(expected), got \(got)"
    case .unboundPlaceholder(let name):
      "the value of '\(name)' is not known here: only its shape and type are"
    case .noGradient(let op, let reason):
      "no gradient through '\(op)': \(reason)"
    case .file(let path, let reason):
      "\(path): \(reason)"
    case .library(let name, let reason):
      "\(name): \(reason)"
    case .unsolvable(let op, let matrix, let reason):
      "\(op): matrix \(matrix + 1) of the batch \(reason)"
    case .notConverged(let op, let steps, let residual, let tolerance):
      "\(op): after \(steps) steps the residual is \(residual), above the tolerance \(tolerance)"
    case .outOfMemory(let byteCount):
      "no memory is left: \(byteCount) bytes were asked for"
    case .custom(let error):
      (error as? any Diagnostic)?.message ?? "\(error)"
    }
  }

  public var hint: String? {
    switch self {
    case .unboundPlaceholder:
      "a distance or a forward operator only builds a computation; use tensor operations instead of reading numbers"
    case .unsolvable: "adding a small multiple of the identity makes a matrix regular"
    case .notConverged:
      "the function must bring points closer together; raise the tolerance or the steps"
    case .outOfMemory: "smaller images, or fewer at a time, take less"
    default: nil
    }
  }
}
