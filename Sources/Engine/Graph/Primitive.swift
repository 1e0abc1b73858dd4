/// What a node does: one of a small closed set, each in its family's file under `Ops/`.
///
/// A primitive states its gradient in terms of tensors, how the executor runs it, and a naive
/// evaluation in Double that tests trust. Shape rules live in the `Tensor` method that builds the node.
protocol Primitive: Sendable {
  /// The name people meet in errors and profiles.
  var name: String { get }
  /// Everything that tells two nodes of this primitive apart besides their inputs; with `name` it is the
  /// key for common subexpressions.
  var attributes: String { get }

  /// The vector-Jacobian product: for each input the cotangent it receives, `nil` for none (zero).
  /// Rules are only asked where some input needs a gradient; `needs` says which.
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?]

  /// Adds what is to be run for `node` to the plan.
  func lower(_ node: Node, into planner: Planner) throws(EngineError)

  /// The value computed the plainest way.
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray
}

extension Primitive {
  var attributes: String { "" }
}

/// What a gradient rule may use.
struct GradientContext {
  let inputs: [Tensor]
  let output: Tensor
  /// Gradient of the final scalar with respect to `output`; same shape and dtype.
  let cotangent: Tensor
  let needs: [Bool]
}

/// A row-major array of Doubles: the currency of the naive evaluator.
struct DenseArray: Sendable {
  var shape: Shape
  var values: [Double]
}
