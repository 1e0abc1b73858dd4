import Foundation

/// The x with f(x) = x, by iterating f from the first input; f captures the other inputs.
///
/// Its gradient is that of the point, not of the way to it (the implicit function theorem): the adjoint u
/// with u = ū + (∂f/∂x)ᵀ u is a fixed point again.
private struct FixedPoint: Primitive {
  let function: Subgraph
  let tolerance: Double
  /// Whether the tolerance is relative to the largest element: for adjoints, which may be of any size.
  let isRelative: Bool
  let maximumSteps: Int
  let name = "fixed_point"
  var attributes: String? { nil }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    // Barriers keep the gradient of one application of f apart from what its operands were made of.
    let point = context.output.barrier()
    let captured = context.inputs.dropFirst().map { $0.barrier() }
    let image = function.applied(to: [point] + captured)
    let adjoint = try fixedPoint(
      from: context.cotangent, tolerance: tolerance, isRelative: true, maximumSteps: maximumSteps
    ) { (u) throws(EngineError) in
      try context.cotangent
        + Engine.vjp(of: image, cotangent: u, withRespectTo: [point])[0]
    }
    let slopes = try Engine.vjp(
      of: image, cotangent: adjoint, withRespectTo: captured.filter { $0.dtype.isFloating })
    var floating = slopes.makeIterator()
    return [nil] + captured.map { $0.dtype.isFloating ? floating.next() : nil }
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let operands = node.inputs.map { planner.dense(planner.view(of: $0)) }
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    let inputs = node.inputs.enumerated().map {
      Tensor.placeholder("operand \($0)", shape: $1.shape, dtype: $1.dtype)
    }
    let step = function.applied(to: inputs)
    let change = try (step - inputs[0]).abs().max()
    let program = try Program(inputs: inputs, outputs: [step, change, step.abs().max()])
    let kinds = node.inputs.map { ($0.shape, $0.dtype) }
    planner.emit(name, reads: operands, writes: output) { (memory) throws(EngineError) in
      var values: [Tensor] = []
      for (view, kind) in zip(operands, kinds) {
        values.append(
          try Tensor(copying: memory.start(of: view), shape: kind.0, dtype: kind.1))
      }
      let point = try iterate { (x) throws(EngineError) in
        values[0] = x ?? values[0]
        let results = try program.run(values)
        return (results[0], try results[1].item(), try results[2].item())
      }
      let storage = try point.storage()
      memory.start(of: output).copyMemory(from: storage.pointer, byteCount: storage.byteCount)
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var values = inputs
    let nodes = function.arguments + function.captured
    return try iterate { (x: DenseArray?) throws(EngineError) in
      values[0] = x ?? values[0]
      var known: [UInt64: DenseArray] = [:]
      for (node, value) in zip(nodes, values) { known[node.serial] = value }
      let result = DenseArray(
        shape: shape,
        values: try ReferenceEvaluator.values(of: Tensor(function.result), knowing: known))
      let change = largest(zip(result.values, values[0].values).map { $0 - $1 })
      return (result, change, largest(result.values))
    }
  }

  /// The largest magnitude, NaN if there is one.
  private func largest(_ values: [Double]) -> Double {
    values.reduce(0) { $1.isNaN || abs($1) > $0 ? abs($1) : $0 }
  }

  /// Applies `step` (to the start where it gets `nil`) until the largest change is small enough.
  private func iterate<Value>(
    _ step: (Value?) throws(EngineError) -> (value: Value, change: Double, size: Double)
  ) throws(EngineError) -> Value {
    var current: Value?
    var residual = Double.infinity
    for number in 1...maximumSteps {
      let (value, change, size) = try step(current)
      if change <= (isRelative ? tolerance * size : tolerance) { return value }
      guard change.isFinite else {
        throw .notConverged(op: name, steps: number, residual: change, tolerance: tolerance)
      }
      (current, residual) = (value, change)
    }
    throw .notConverged(op: name, steps: maximumSteps, residual: residual, tolerance: tolerance)
  }
}

extension Tensor {
  /// A copy of dense memory that somebody else may write again.
  fileprivate init(copying source: UnsafeMutableRawPointer, shape: Shape, dtype: DType)
    throws(EngineError)
  {
    let storage = try Storage(reserving: shape.count * dtype.size)
    storage.pointer.copyMemory(from: source, byteCount: storage.byteCount)
    self.init(storage: storage, shape: shape, dtype: dtype)
  }
}

/// The x with f(x) = x, by iterating `function` from `start` until the largest element of |f(x) - x| is at
/// most `tolerance`; the iteration is one step of a plan, whatever the number of its steps.
///
/// The gradient is implicit: nothing of the iteration is kept, and it does not depend on `start`. It reaches
/// everything `function` captures. A batch comes to rest together, when its slowest member does.
///
/// - Parameters:
///   - start: floating; where the iteration begins.
///   - tolerance: above 0; gradients are solved for to the same tolerance, relative to their largest element.
///   - maximumSteps: at least 1.
///   - function: called once, with a stand-in for x; must return x's shape and dtype.
/// - Throws: when computed, ``EngineError/notConverged(op:steps:residual:tolerance:)``.
public func fixedPoint(
  from start: Tensor, tolerance: Double = 1e-6, maximumSteps: Int = 1000,
  _ function: (Tensor) throws -> Tensor
) throws -> Tensor {
  var failure: (any Error)?
  do {
    return try fixedPoint(
      from: start, tolerance: tolerance, isRelative: false, maximumSteps: maximumSteps
    ) { (x) throws(EngineError) in
      do { return try function(x) } catch {
        failure = error
        throw .custom(error)
      }
    }
  } catch { throw failure ?? error }
}

private func fixedPoint(
  from start: Tensor, tolerance: Double, isRelative: Bool, maximumSteps: Int,
  _ function: (Tensor) throws(EngineError) -> Tensor
) throws(EngineError) -> Tensor {
  guard start.dtype.isFloating else {
    throw .dtypeMismatch(op: "fixed_point", expected: "a floating tensor", got: start.dtype)
  }
  guard tolerance > 0, tolerance.isFinite, maximumSteps >= 1 else {
    throw .invalidArgument(
      op: "fixed_point", argument: "tolerance and steps", expected: "above 0 and at least 1",
      got: "\(tolerance) and \(maximumSteps)")
  }
  let x = Tensor.placeholder("x of fixed_point", shape: start.shape, dtype: start.dtype)
  let image = try function(x)
  guard image.shape == start.shape else {
    throw .shapeMismatch(op: "fixed_point", lhs: start.shape, rhs: image.shape)
  }
  guard image.dtype == start.dtype else {
    throw .dtypeMismatch(op: "fixed_point", expected: start.dtype.rawValue, got: image.dtype)
  }
  let body = Subgraph(from: [x], to: image)
  if body.isConstant || start.count == 0 { return body.applied(to: [start]) }
  let primitive = FixedPoint(
    function: body, tolerance: tolerance, isRelative: isRelative, maximumSteps: maximumSteps)
  return Tensor(
    Node(
      primitive, NodeInputs([start.node] + body.captured), shape: start.shape, dtype: start.dtype))
}
