/// What a node does: one of a small closed set, each in its family's file under `Ops/`.
///
/// A primitive states its gradient in terms of tensors, how the executor runs it, and a naive
/// evaluation in Double that tests trust. Shape rules live in the `Tensor` method that builds the node.
protocol Primitive: Sendable {
  /// The name people meet in errors and profiles.
  var name: String { get }
  /// Everything that tells two nodes of this primitive apart besides their inputs, shape and dtype;
  /// with `name` it is the key for common subexpressions. `nil` keeps a node out of that search.
  var attributes: String? { get }
  /// What sort of node it makes.
  var role: NodeRole { get }
  /// Itself, if it is a number.
  var literal: Literal? { get }

  /// The vector-Jacobian product: for each input the cotangent it receives, `nil` for zero.
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?]

  /// Adds what is to be run for `node` to the plan.
  func lower(_ node: Node, into planner: Planner) throws(EngineError)

  /// The value computed the plainest way.
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray
}

extension Primitive {
  var attributes: String? { "" }
  var role: NodeRole { .operation }
  var literal: Literal? { nil }
}

/// What is asked of nodes so often that they remember it, and need not be opened.
enum NodeRole: Sendable {
  case literal, broadcast, reshape, operation
}

/// A primitive whose result is its first input seen in another way: it costs nothing to run.
protocol ViewPrimitive: Primitive {}

/// A primitive that is computed in passes over memory together with others: see ``Fusion``.
protocol FusedPrimitive: Primitive {}

extension FusedPrimitive {
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    throw .library(name: "executor", reason: "'\(name)' is planned by itself")
  }
}

/// What a gradient rule may use.
struct GradientContext {
  let inputs: [Tensor]
  let output: Tensor
  /// Gradient of the final scalar with respect to `output`: same shape and dtype.
  let cotangent: Tensor
  /// Which inputs lead to something a gradient is wanted for.
  let needs: [Bool]
}

/// A row-major array of Doubles: the currency of the naive evaluator.
struct DenseArray: Sendable {
  var shape: Shape
  var values: [Double]

  /// Calls `body` with every index of `shape` in row-major order.
  static func forEachIndex(of shape: Shape, _ body: ([Int]) -> Void) {
    guard shape.count > 0 else { return }
    var index = [Int](repeating: 0, count: shape.rank)
    for _ in 0..<shape.count {
      body(index)
      for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
  }

  subscript(index: [Int]) -> Double {
    get { values[offset(index)] }
    set { values[offset(index)] = newValue }
  }

  init(shape: Shape, values: [Double]) {
    self.shape = shape
    self.values = values
  }

  /// All elements equal.
  init(shape: Shape, filledWith value: Double) {
    self.init(shape: shape, values: .init(repeating: value, count: shape.count))
  }

  /// One element a time, from its index.
  init(shape: Shape, _ element: ([Int]) -> Double) {
    var values: [Double] = []
    values.reserveCapacity(shape.count)
    DenseArray.forEachIndex(of: shape) { values.append(element($0)) }
    self.init(shape: shape, values: values)
  }

  private func offset(_ index: [Int]) -> Int {
    zip(index, shape.dimensions).reduce(0) { $0 * $1.1 + $1.0 }
  }
}
