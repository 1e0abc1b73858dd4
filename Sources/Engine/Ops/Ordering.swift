import CKernels

// Order itself is a whole number and has no gradient; values in order are picked, and picking has one.

/// The order that sorts each line along an axis, as Int32 element numbers from 0.
struct Argsort: Primitive {
  let axis: Int
  let descending: Bool
  let name = "argsort"
  var attributes: String? { "\(axis),\(descending)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [nil] }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    let lines = mg_lines(from: input, to: output, axis: axis)
    let descending: Int32 = descending ? 1 : 0
    planner.emit(name, reads: [input], writes: output) { (memory) throws(EngineError) in
      let status = withUnsafePointer(to: lines) {
        mg_argsort(
          $0, input.dtype.code, descending, memory[input.buffer],
          memory[output.buffer].assumingMemoryBound(to: Int32.self))
      }
      if status != 0 { throw .library(name: name, reason: "no memory to sort in") }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    DenseArray.forEachLine(of: shape, axis: axis) { start in
      let line = inputs[0].line(at: start, axis: axis)
      // Pairs of value and number: equal values keep their order. NaN is above everything.
      let order = line.indices.sorted { a, b in
        let (x, y) = descending ? (line[b], line[a]) : (line[a], line[b])
        if x < y || (y.isNaN && !x.isNaN) { return true }
        if y < x || (x.isNaN && !y.isNaN) { return false }
        return a < b
      }
      for (i, number) in order.enumerated() {
        result[start.replacing(axis, with: i)] = Double(number)
      }
    }
    return result
  }
}

/// The number of the largest element along an axis, which stays with size 1.
struct Argmax: Primitive {
  let axis: Int
  let name = "argmax"
  var attributes: String? { "\(axis)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [nil] }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    let lines = mg_lines(from: input, to: output, axis: axis)
    planner.emit(name, reads: [input], writes: output) { memory in
      withUnsafePointer(to: lines) {
        mg_argmax(
          $0, input.dtype.code, memory[input.buffer],
          memory[output.buffer].assumingMemoryBound(to: Int32.self))
      }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { start in
      let line = inputs[0].line(at: start, axis: axis)
      let top = line.contains { $0.isNaN } ? nil : line.max()
      return Double(line.firstIndex { top == nil ? $0.isNaN : $0 == top } ?? 0)
    }
  }
}

extension Tensor {
  /// The order that sorts this tensor along an axis, as Int32 indices from 0.
  ///
  /// Equal elements keep their order; NaN counts as the largest.
  public func argsort(axis: Int = -1, descending: Bool = false) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "argsort")
    guard shape[axis] <= Int(Int32.max) else {
      throw .invalidShape(
        op: "argsort", dimensions: shape.dimensions, reason: "an axis too long to number")
    }
    return Tensor(
      Node(Argsort(axis: axis, descending: descending), [node], shape: shape, dtype: .int32))
  }

  /// The elements in order along an axis; gradients go back to where they came from.
  public func sorted(axis: Int = -1, descending: Bool = false) throws(EngineError) -> Tensor {
    try gathered(axis: axis, indices: argsort(axis: axis, descending: descending))
  }

  /// The `count` largest elements along an axis, largest first, and their indices (Int32, from 0).
  ///
  /// - Throws: unless `count` is between 0 and the size of the axis.
  public func top(_ count: Int, axis: Int = -1, smallest: Bool = false) throws(EngineError)
    -> (values: Tensor, indices: Tensor)
  {
    let axis = try shape.resolve(axis: axis, op: "topk")
    guard (0...shape[axis]).contains(count) else {
      throw .invalidArgument(
        op: "topk", argument: "count", expected: "between 0 and \(shape[axis])", got: "\(count)")
    }
    let indices = try argsort(axis: axis, descending: !smallest)
      .sliced(axis: axis, from: 0, to: count)
    return (try gathered(axis: axis, indices: indices), indices)
  }

  /// The index of the largest element along an axis (Int32, from 0): the first among equals.
  public func argmax(axis: Int, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "argmax")
    guard shape[axis] > 0, shape[axis] <= Int(Int32.max) else {
      throw .invalidShape(
        op: "argmax", dimensions: shape.dimensions, reason: "there is no element to pick")
    }
    let target = Shape(shape.dimensions.replacing(axis, with: 1))
    let result = Tensor(Node(Argmax(axis: axis), [node], shape: target, dtype: .int32))
    return keepDims ? result : try result.squeezed(axis: axis)
  }

  /// The index of the smallest element along an axis (Int32, from 0): the first among equals.
  public func argmin(axis: Int, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let turned = dtype == .bool ? try logicalNot() : try 0 - self
    return try turned.argmax(axis: axis, keepDims: keepDims)
  }
}
