import CKernels

/// A computation that is planned once and run many times with new inputs.
public final class Program: Sendable {
  private let plan: Plan
  private let inputs: [(name: String, shape: Shape, dtype: DType)]
  private let outputs: [(shape: Shape, dtype: DType)]

  /// Plans `outputs` as a function of `inputs`.
  ///
  /// - Parameters:
  ///   - inputs: made by ``Tensor/placeholder(_:shape:dtype:)``.
  ///   - outputs: what to compute from them.
  /// - Throws: ``EngineError/unboundPlaceholder(name:)`` if an output needs a placeholder that is not among
  ///   the inputs.
  public init(inputs: [Tensor], outputs: [Tensor]) throws(EngineError) {
    for input in inputs where !(input.node.primitive is Placeholder) {
      throw .invalidArgument(
        op: "Program", argument: "inputs", expected: "placeholders", got: input.node.primitive.name)
    }
    prepareKernels()
    plan = try Planner.plan(outputs: outputs.map(\.node), inputs: inputs.map(\.node))
    self.inputs = inputs.map {
      (($0.node.primitive as? Placeholder)?.label ?? "", $0.shape, $0.dtype)
    }
    self.outputs = outputs.map { ($0.shape, $0.dtype) }
  }

  /// Number of kernel calls in one run.
  public var stepCount: Int { plan.stepCount }
  /// Bytes of working memory besides inputs and results.
  public var scratchByteCount: Int { plan.scratchByteCount }

  /// Computes the outputs for new values of the inputs.
  ///
  /// - Throws: ``EngineError`` when a value has another shape or dtype than its placeholder.
  public func run(_ values: [Tensor]) throws(EngineError) -> [Tensor] {
    guard values.count == inputs.count else {
      throw .invalidArgument(
        op: "Program.run", argument: "values", expected: "\(inputs.count)", got: "\(values.count)")
    }
    var storages: [Storage] = []
    for (value, input) in zip(values, inputs) {
      guard value.shape == input.shape else {
        throw .shapeMismatch(op: "input '\(input.name)'", lhs: input.shape, rhs: value.shape)
      }
      guard value.dtype == input.dtype else {
        throw .dtypeMismatch(
          op: "input '\(input.name)'", expected: input.dtype.rawValue, got: value.dtype)
      }
      storages.append(try value.storage())
    }
    let results = try plan.run(storages)
    return zip(results, outputs).map { Tensor(storage: $0, shape: $1.shape, dtype: $1.dtype) }
  }
}

/// Computes the values of tensors together, sharing what they share.
///
/// - Throws: ``EngineError/unboundPlaceholder(name:)`` when a value depends on a program's input.
public func evaluate(_ tensors: [Tensor]) throws(EngineError) {
  let pending = tensors.map(\.node).filter { $0.value == nil }
  guard !pending.isEmpty else { return }
  prepareKernels()
  let (plan, leaves) = try PlanCache.shared.plan(outputs: pending)
  let values = try plan.run(leaves)
  for (node, value) in zip(pending, values) { node.value = value }
}

/// Threads of kernels: of this process, shared by everything that computes.
public enum Threads {
  /// How many threads kernels use.
  public static var count: Int {
    get { Int(mg_thread_count()) }
    set { mg_set_thread_count(Int32(clamping: newValue)) }
  }
}

/// What the matrix library runs as: for reports about the machine.
public func blasCoreName() -> String? { mg_blas_core().map { String(cString: $0) } }

private let kernelsArePrepared: Void = mg_initialize()
private func prepareKernels() { _ = kernelsArePrepared }
