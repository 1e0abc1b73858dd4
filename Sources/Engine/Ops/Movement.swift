// Primitives that move elements without changing them. Where strides can say it, they cost nothing: the
// executor gives the result as a view of its input.

/// Repeats axes of size 1.
struct Broadcast: ViewPrimitive {
  let name = "broadcast"
  var role: NodeRole { .broadcast }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let from = context.inputs[0].shape
    let axes = (0..<from.rank).filter { from[$0] != context.output.shape[$0] }
    return [try context.cotangent.sum(axes, keepDims: true)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    var view = planner.view(of: node.inputs[0])
    for axis in 0..<node.shape.rank where view.sizes[axis] != node.shape[axis] {
      view.strides[axis] = 0
      view.sizes[axis] = node.shape[axis]
    }
    planner.define(node, as: view)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    let input = inputs[0]
    return DenseArray(shape: shape) { index in
      input[index.indices.map { input.shape[$0] == 1 ? 0 : index[$0] }]
    }
  }
}

/// Gives the same elements in row-major order another shape.
struct Reshape: ViewPrimitive {
  let name = "reshape"
  var role: NodeRole { .reshape }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    [try context.cotangent.reshaped(to: context.inputs[0].shape.dimensions)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let view = planner.view(of: node.inputs[0])
    planner.define(node, as: planner.reshaped(view, to: node.shape.dimensions))
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape, values: inputs[0].values)
  }
}

/// Reorders axes: result axis `i` is input axis `axes[i]`.
struct Permute: ViewPrimitive {
  let axes: [Int]
  let name = "permute"
  var attributes: String? { "\(axes)" }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    var inverse = axes
    for (to, from) in axes.enumerated() { inverse[from] = to }
    return [try context.cotangent.permuted(inverse)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    var view = planner.view(of: node.inputs[0])
    view.strides = axes.map { view.strides[$0] }
    view.sizes = node.shape.dimensions
    planner.define(node, as: view)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { index in
      var from = index
      for (to, axis) in axes.enumerated() { from[axis] = index[to] }
      return inputs[0][from]
    }
  }
}

/// The part of an axis to take: from `start` towards `stop` (not included) in steps.
public struct SliceRange: Sendable, Hashable {
  public let start: Int
  public let stop: Int
  public let step: Int

  /// A negative step runs backwards; `stop` is then below `start` and may be -1.
  public init(start: Int, stop: Int, step: Int = 1) {
    self.start = start
    self.stop = stop
    self.step = step
  }

  /// Number of elements taken.
  var count: Int {
    let length = step > 0 ? stop - start : start - stop
    return length > 0 ? Int((UInt(length) - 1) / step.magnitude) + 1 : 0
  }
}

/// Takes a strided part of every axis.
struct Slice: ViewPrimitive {
  let ranges: [SliceRange]
  let name = "slice"
  var attributes: String? { describe(ranges) }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    [context.cotangent.unsliced(ranges, into: context.inputs[0].shape)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    planner.define(node, as: planner.view(of: node.inputs[0]).sliced(ranges))
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { index in
      inputs[0][index.indices.map { ranges[$0].start + index[$0] * ranges[$0].step }]
    }
  }
}

/// The adjoint of a slice: puts elements back into a tensor of zeros. Also zero padding, and dilation.
struct Unslice: Primitive {
  let ranges: [SliceRange]
  let name = "unslice"
  var attributes: String? { describe(ranges) }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    [context.cotangent.unsafeSliced(ranges)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [input])
    planner.emitFill(output)
    planner.emitCopy(from: input, to: output.sliced(ranges))
    planner.define(node, as: output)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    DenseArray.forEachIndex(of: inputs[0].shape) { index in
      result[index.indices.map { ranges[$0].start + index[$0] * ranges[$0].step }] =
        inputs[0][index]
    }
    return result
  }
}

private func describe(_ ranges: [SliceRange]) -> String {
  ranges.map { "\($0.start):\($0.stop):\($0.step)" }.joined(separator: ",")
}

/// Joins tensors along an axis.
struct Concatenate: Primitive {
  let axis: Int
  let name = "concatenate"
  var attributes: String? { "\(axis)" }

  /// Where input number `number` lies in the result.
  private func ranges(of number: Int, sizes: [Int], in shape: Shape) -> [SliceRange] {
    let start = sizes[..<number].reduce(0, +)
    return shape.dimensions.indices.map {
      $0 == axis
        ? SliceRange(start: start, stop: start + sizes[number])
        : SliceRange(start: 0, stop: shape[$0])
    }
  }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let sizes = context.inputs.map { $0.shape[axis] }
    return sizes.indices.map {
      context.needs[$0]
        ? context.cotangent.unsafeSliced(ranges(of: $0, sizes: sizes, in: context.output.shape))
        : nil
    }
  }
  /// Where input number `number` of the node lies in the memory of the whole.
  func part(_ number: Int, of node: Node, in whole: View) -> View {
    let sizes = node.inputs.map { $0.shape[axis] }
    return whole.sliced(ranges(of: number, sizes: sizes, in: node.shape))
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let inputs = node.inputs.map { planner.view(of: $0) }
    let output = planner.concatenation(node, like: inputs)
    for (number, input) in inputs.enumerated() where input.count > 0 {
      let part = part(number, of: node, in: output)
      if input != part { planner.emitCopy(from: input, to: part) }
    }
    planner.define(node, as: output)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { index in
      var from = index
      for input in inputs {
        if from[axis] < input.shape[axis] { return input[from] }
        from[axis] -= input.shape[axis]
      }
      return .nan
    }
  }
}

/// Shifts elements along an axis; those that leave at one end come in at the other.
struct Roll: Primitive {
  let axis: Int
  /// In `1..<size`: element `i` of the result is element `i - shift`.
  let shift: Int
  let name = "roll"
  var attributes: String? { "\(axis),\(shift)" }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    [try context.cotangent.rolled(by: -shift, axis: axis)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [input])
    let size = node.shape[axis]
    var from = node.shape.dimensions.map { SliceRange(start: 0, stop: $0) }
    var to = from
    from[axis] = SliceRange(start: 0, stop: size - shift)
    to[axis] = SliceRange(start: shift, stop: size)
    planner.emitCopy(from: input.sliced(from), to: output.sliced(to))
    from[axis] = SliceRange(start: size - shift, stop: size)
    to[axis] = SliceRange(start: 0, stop: shift)
    planner.emitCopy(from: input.sliced(from), to: output.sliced(to))
    planner.define(node, as: output)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { index in
      var from = index
      from[axis] = (index[axis] - shift + shape[axis]) % shape[axis]
      return inputs[0][from]
    }
  }
}
