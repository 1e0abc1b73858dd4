import CKernels

/// Running sums along an axis.
struct CumulativeSum: Primitive {
  let axis: Int
  let reversed: Bool
  let name = "cumsum"
  var attributes: String? { "\(axis),\(reversed)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let dy = context.cotangent
    let other = CumulativeSum(axis: axis, reversed: !reversed)
    return [Tensor(Node(other, [dy.node], shape: dy.shape, dtype: dy.dtype))]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [input])
    planner.define(node, as: output)
    let lines = mg_lines(from: input, to: output, axis: axis)
    let (isDouble, reversed): (Int32, Int32) = (node.dtype == .float64 ? 1 : 0, reversed ? 1 : 0)
    planner.emit(name, reads: [input], writes: output) { memory in
      withUnsafePointer(to: lines) {
        mg_cumulative_sum($0, isDouble, reversed, memory[input.buffer], memory[output.buffer])
      }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    DenseArray.forEachLine(of: shape, axis: axis) { start in
      var sum = 0.0
      let order = 0..<shape[axis]
      for i in reversed ? Array(order.reversed()) : Array(order) {
        let index = start.replacing(axis, with: i)
        sum += inputs[0][index]
        result[index] = sum
      }
    }
    return result
  }
}

extension Tensor {
  /// Running sums along an axis: element i is the sum of elements 0 … i. Int32 and Bool become Float32.
  ///
  /// - Parameter reversed: element i is the sum of elements i … n-1 instead.
  public func cumulativeSum(axis: Int, reversed: Bool = false) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "cumsum")
    let x = dtype.isFloating ? self : try cast(to: .float32)
    return Tensor(
      Node(CumulativeSum(axis: axis, reversed: reversed), [x.node], shape: shape, dtype: x.dtype))
  }

  /// Running products along an axis: element i is the product of elements 0 … i.
  ///
  /// By doubling: after k rounds an element is the product of the 2ᵏ up to it, so that gradients are right
  /// where elements are 0, and log n multiplications are done.
  public func cumulativeProduct(axis: Int) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "cumprod")
    var result = dtype.isFloating ? self : try cast(to: .float32)
    let size = shape[axis]
    var reach = 1
    while reach < size {
      var padding = [(Int, Int)](repeating: (0, 0), count: rank)
      padding[axis] = (reach, 0)
      let before = try result.sliced(axis: axis, from: 0, to: size - reach)
        .padded(padding, value: 1)
      result = try result * before
      reach *= 2
    }
    return result
  }

  /// Product over axes (all by default), as a tree of multiplications: its gradient is right where elements
  /// are 0. The product of nothing is 1.
  public func product(_ axes: [Int]? = nil, keepDims: Bool = false) throws(EngineError) -> Tensor {
    let axes = try shape.resolve(axes: axes, op: "prod")
    var x = try flattened(over: axes)
    let last = x.rank - 1
    if x.shape[last] == 0 {
      x = .ones(Shape(x.shape.dimensions.replacing(last, with: 1)), dtype: x.dtype)
    }
    while x.shape[last] > 1 {
      let (size, half) = (x.shape[last], x.shape[last] / 2)
      let pairs =
        try x.sliced(axis: last, from: 0, to: half)
        * x.sliced(axis: last, from: half, to: 2 * half)
      x =
        size == 2 * half
        ? pairs
        : try .concatenated([pairs, x.sliced(axis: last, from: size - 1, to: size)], axis: last)
    }
    return try x.reshaped(to: reduced(over: axes, keepDims: keepDims))
  }
}
