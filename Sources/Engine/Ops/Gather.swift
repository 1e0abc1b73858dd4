import CKernels

/// Picks elements along an axis: `y[…, i, …] = x[…, indices[…, i, …], …]`.
///
/// All sizes but that of the axis agree. Indices count from `origin`, negative ones from the end.
struct Gather: Primitive {
  let axis: Int
  let origin: Int
  let name = "gather"
  var attributes: String? { "\(axis),\(origin)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let (x, indices, dy) = (context.inputs[0], context.inputs[1], context.cotangent)
    let scatter = ScatterAdd(axis: axis, origin: origin)
    return [
      Tensor(Node(scatter, [dy.node, indices.node], shape: x.shape, dtype: dy.dtype)), nil,
    ]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let (x, indices) = (planner.view(of: node.inputs[0]), planner.view(of: node.inputs[1]))
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    let lines = mg_lines(from: x, to: output, axis: axis)
    let picks = mg_picks(indices, axis: axis, origin: origin)
    let (axis, extent) = (axis, x.sizes[axis])
    planner.emit(name, reads: [x, indices], writes: output) { (memory) throws(EngineError) in
      try picks.check(memory[indices.buffer], lines, indices.sizes[axis], extent: extent, name)
      withUnsafePointer(to: lines) { lines in
        withUnsafePointer(to: picks) {
          mg_gather(
            lines, $0, memory[indices.buffer].assumingMemoryBound(to: Int32.self), x.dtype.code,
            memory[x.buffer], memory[output.buffer])
        }
      }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape) { index in
      let number = Int(inputs[1][index])
      let place = number < 0 ? number + inputs[0].shape[axis] : number - origin
      return inputs[0][index.replacing(axis, with: place)]
    }
  }
}

/// The adjoint of picking: `y[…, indices[…, i, …], …] += x[…, i, …]` on a tensor of zeros.
struct ScatterAdd: Primitive {
  let axis: Int
  let origin: Int
  let name = "scatter_add"
  var attributes: String? { "\(axis),\(origin)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let (x, indices, dy) = (context.inputs[0], context.inputs[1], context.cotangent)
    let gather = Gather(axis: axis, origin: origin)
    return [
      Tensor(Node(gather, [dy.node, indices.node], shape: x.shape, dtype: dy.dtype)), nil,
    ]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let (x, indices) = (planner.view(of: node.inputs[0]), planner.view(of: node.inputs[1]))
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    planner.emitFill(output)
    let lines = mg_lines(from: x, to: output, axis: axis)
    let picks = mg_picks(indices, axis: axis, origin: origin)
    let (axis, extent) = (axis, output.sizes[axis])
    // The zeros are read too: they must stand before this step.
    planner.emit(name, reads: [x, indices, output], writes: output) {
      (memory) throws(EngineError) in
      try picks.check(memory[indices.buffer], lines, indices.sizes[axis], extent: extent, name)
      withUnsafePointer(to: lines) { lines in
        withUnsafePointer(to: picks) {
          mg_scatter_add(
            lines, $0, memory[indices.buffer].assumingMemoryBound(to: Int32.self), x.dtype.code,
            memory[x.buffer], memory[output.buffer])
        }
      }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    DenseArray.forEachIndex(of: inputs[0].shape) { index in
      let number = Int(inputs[1][index])
      let place = number < 0 ? number + shape[axis] : number - origin
      result[index.replacing(axis, with: place)] += inputs[0][index]
    }
    return result
  }
}

extension mg_picks {
  fileprivate init(_ indices: View, axis: Int, origin: Int) {
    self.init()
    let others = indices.sizes.indices.filter { $0 != axis }
    withUnsafeMutableBytes(of: &strides) { fill($0, others.map { indices.strides[$0] }) }
    offset = Int64(indices.offset)
    step = Int64(indices.strides[axis])
    self.origin = Int64(origin)
  }

  fileprivate func check(
    _ numbers: UnsafeMutableRawPointer, _ lines: mg_lines, _ count: Int, extent: Int, _ op: String
  ) throws(EngineError) {
    var bad: Int32 = 0
    let isInside = withUnsafePointer(to: lines) { lines in
      withUnsafePointer(to: self) {
        mg_picks_check(
          lines, $0, numbers.assumingMemoryBound(to: Int32.self), Int64(count), Int64(extent), &bad)
      }
    }
    guard isInside == 0 else { return }
    throw .invalidArgument(
      op: op, argument: "indices",
      expected: extent == 0
        ? "none: the axis is empty" : "between \(origin) and \(Int(origin) + extent - 1)",
      got: "\(bad)")
  }
}

extension Tensor {
  /// Picks elements along an axis, each place with an index of its own: NumPy's `take_along_axis`.
  ///
  ///     y[…, i, …] = x[…, indices[…, i, …], …]
  ///
  /// - Parameters:
  ///   - indices: Int32, as many axes as this tensor; sizes of the other axes broadcast. Indices count from
  ///     `origin`, negative ones from the end; one that is outside is an error when the value is computed.
  ///   - origin: what the first element's index is: 0, or 1 for those who count so.
  /// - Returns: the shape of `indices`, broadcast.
  public func gathered(axis: Int, indices: Tensor, origin: Int = 0) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "gather")
    let (from, to) = try Tensor.gatherShapes(self.shape, indices, axis: axis, op: "gather")
    return Tensor(
      Node(
        Gather(axis: axis, origin: origin),
        [unsafeBroadcast(to: from).node, indices.unsafeBroadcast(to: to).node], shape: to,
        dtype: dtype))
  }

  /// Picks whole slices along an axis, in the order of `indices`.
  ///
  /// - Parameter indices: Int32 `[n]`; see ``gathered(axis:indices:origin:)``.
  /// - Returns: this tensor's shape with size n at the axis.
  public func selected(axis: Int, indices: Tensor, origin: Int = 0) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "index_select")
    guard indices.rank == 1, indices.dtype == .int32 else {
      throw .invalidArgument(
        op: "index_select", argument: "indices", expected: "an int32 tensor of one axis",
        got: "\(indices.dtype.rawValue) \(indices.shape)")
    }
    let sizes = [Int](repeating: 1, count: rank).replacing(axis, with: indices.count)
    return try gathered(axis: axis, indices: indices.reshaped(to: sizes), origin: origin)
  }

  /// Adds elements up at the places their indices name: the adjoint of ``gathered(axis:indices:origin:)``.
  ///
  ///     y[…, indices[…, i, …], …] += x[…, i, …]
  ///
  /// - Parameters:
  ///   - indices: Int32, broadcasts to this tensor's shape.
  ///   - size: the result's size along the axis.
  public func scatterAdded(axis: Int, indices: Tensor, size: Int, origin: Int = 0)
    throws(EngineError) -> Tensor
  {
    let axis = try shape.resolve(axis: axis, op: "scatter_add")
    guard indices.dtype == .int32 else {
      throw .dtypeMismatch(op: "scatter_add", expected: "int32 indices", got: indices.dtype)
    }
    guard try Shape.broadcasting(shape, indices.shape, op: "scatter_add") == shape else {
      throw .shapeMismatch(op: "scatter_add", lhs: shape, rhs: indices.shape)
    }
    let target = try Shape(
      checking: shape.dimensions.replacing(axis, with: size), op: "scatter_add")
    let operand = dtype == .bool ? try cast(to: .float32) : self
    return Tensor(
      Node(
        ScatterAdd(axis: axis, origin: origin),
        [operand.node, indices.unsafeBroadcast(to: shape).node], shape: target,
        dtype: operand.dtype))
  }

  /// What operand and indices broadcast to: equal but at the axis.
  private static func gatherShapes(_ shape: Shape, _ indices: Tensor, axis: Int, op: String)
    throws(EngineError) -> (from: Shape, to: Shape)
  {
    guard indices.dtype == .int32 else {
      throw .dtypeMismatch(op: op, expected: "int32 indices", got: indices.dtype)
    }
    guard indices.rank == shape.rank else {
      throw .shapeMismatch(op: op, lhs: shape, rhs: indices.shape)
    }
    let one = Shape(shape.dimensions.replacing(axis, with: 1))
    let other = Shape(indices.shape.dimensions.replacing(axis, with: 1))
    let common = try Shape.broadcasting(one, other, op: op).dimensions
    return (
      Shape(common.replacing(axis, with: shape[axis])),
      try Shape(checking: common.replacing(axis, with: indices.shape[axis]), op: op)
    )
  }
}
