import CKernels

/// Turns a graph into a ``Plan``: equal nodes are computed once, movements become views, element-wise
/// nodes and folds become passes over memory, and every other node adds its own step.
final class Planner {
  private var views: [UInt64: View] = [:]
  private(set) var steps: [Step] = []
  private var buffers: [Buffer] = []
  /// Where concatenations lie of which parts are stored already.
  private var concatenations: [UInt64: View] = [:]
  private let graph: PlanGraph

  /// Plans the computation of `outputs` from `inputs`.
  static func plan(outputs: [Node], inputs: [Node] = []) throws(EngineError) -> Plan {
    try plan(PlanGraph(outputs: outputs), outputs: outputs, inputs: inputs)
  }

  static func plan(_ graph: PlanGraph, outputs: [Node], inputs: [Node] = []) throws(EngineError)
    -> Plan
  {
    let planner = Planner(graph)
    for (index, input) in inputs.enumerated() {
      planner.views[input.serial] = planner.newView(
        .input(index), shape: input.shape, dtype: input.dtype)
    }
    for item in Fusion(graph).schedule {
      switch item {
      case .node(let node): try planner.prepare(node)
      case .pass(let pass): try planner.lower(pass)
      }
    }
    for (index, output) in outputs.enumerated() {
      try planner.prepare(planner.canonical(output))
      planner.addOutput(output, index)
    }
    let steps = LoopSequence.joined(planner.steps, buffers: planner.buffers)
    return Plan(steps: steps, buffers: planner.buffers)
  }

  private init(_ graph: PlanGraph) { self.graph = graph }

  /// The node that stands for all nodes equal to this one.
  func canonical(_ node: Node) -> Node { graph.canonical(node) }

  // MARK: Views

  /// Where a node's value lies; it has been lowered before.
  func view(of node: Node) -> View {
    guard let view = views[canonical(node).serial] else {
      preconditionFailure("'\(node.primitive.name)' is used before it is planned")
    }
    return view
  }

  /// Sees that a node has a view; what is a mere view of something else is made when it is wanted.
  func prepare(_ node: Node) throws(EngineError) {
    guard views[node.serial] == nil else { return }
    if let value = graph.value(of: node) {
      return define(node, as: constant(value, shape: node.shape, dtype: node.dtype))
    }
    for input in node.inputs { try prepare(canonical(input)) }
    try node.primitive.lower(node, into: self)
  }

  func define(_ node: Node, as view: View) { views[node.serial] = view }

  func constant(_ storage: Storage, shape: Shape, dtype: DType) -> View {
    newView(.constant(storage), shape: shape, dtype: dtype)
  }

  private func newView(_ buffer: Buffer, shape: Shape, dtype: DType) -> View {
    buffers.append(buffer)
    return View(
      buffer: buffers.count - 1, offset: 0, sizes: shape.dimensions, strides: shape.rowMajorStrides,
      dtype: dtype)
  }

  func allocate(_ shape: Shape, _ dtype: DType, axes: [Int]) -> View {
    var view = newView(.scratch(byteCount: shape.count * dtype.size), shape: shape, dtype: dtype)
    view.strides = View.denseStrides(shape.dimensions, axes: axes)
    return view
  }

  func allocate(_ shape: Shape, _ dtype: DType, order: View.Order) -> View {
    allocate(shape, dtype, axes: order.axes(rank: shape.rank))
  }

  /// The place of a result in the concatenation that alone uses it, which then has nothing to copy; `nil`
  /// for other results.
  func placeInConcatenation(_ result: Node, axes: [Int]) -> View? {
    guard let users = graph.users[result.serial], users.count == 1,
      let concatenate = users[0].primitive as? Concatenate,
      let number = users[0].inputs.firstIndex(where: { canonical($0) === result }),
      !graph.outputs.contains(result.serial)
    else { return nil }
    let node = users[0]
    let whole = concatenations[node.serial] ?? allocate(node.shape, node.dtype, axes: axes)
    concatenations[node.serial] = whole
    return concatenate.part(number, of: node, in: whole)
  }

  /// Where a concatenation lies.
  func concatenation(_ node: Node, like parts: [View]) -> View {
    concatenations[node.serial] ?? allocate(node.shape, node.dtype, like: parts)
  }

  /// Memory laid out as the operands of the same rank are, so that they are traversed together.
  func allocate(_ shape: Shape, _ dtype: DType, like operands: [View]) -> View {
    let model = operands.filter { $0.sizes.count == shape.rank && !$0.repeats }.max {
      $0.count < $1.count
    }
    return allocate(shape, dtype, axes: model?.memoryOrder ?? Array(0..<shape.rank))
  }

  /// The view itself where it is dense in the given order; a copy elsewhere.
  func dense(_ view: View, order: View.Order = .rowMajor) -> View {
    let axes = order.axes(rank: view.sizes.count)
    if view.isDense(axes: axes) { return view }
    let copy = allocate(Shape(view.sizes), view.dtype, axes: axes)
    emitCopy(from: view, to: copy)
    return copy
  }

  /// The same elements in row-major order under another shape; a copy where strides cannot say it.
  func reshaped(_ view: View, to target: [Int]) -> View {
    if let same = view.reshaped(to: target) { return same }
    // A copy that keeps the order of memory serves the layers around; row-major always works.
    let kept = allocate(Shape(view.sizes), view.dtype, axes: view.copyOrder)
    guard let result = kept.reshaped(to: target) else {
      let copy = dense(view)
      return View(
        buffer: copy.buffer, offset: copy.offset, sizes: target,
        strides: Shape(target).rowMajorStrides, dtype: copy.dtype)
    }
    emitCopy(from: view, to: kept)
    return result
  }

  // MARK: Steps

  func emit(
    _ name: String, reads: [View], writes: View, flops: Double? = nil,
    _ run: @escaping (Memory) throws(EngineError) -> Void
  ) {
    guard writes.count > 0 else { return }
    steps.append(Step(name: name, reads: reads, writes: [writes], work: .call(run), flops: flops))
  }

  func emit(_ name: String, _ loops: FusedLoops) {
    guard loops.count > 0 else { return }
    steps.append(
      Step(name: name, reads: loops.reads, writes: loops.writes, work: .loops([loops])))
  }

  func emitCopy(from: View, to: View) { emit("copy", FusedLoops(copying: from, to: to)) }

  func emitAdd(_ view: View, to total: View) {
    let add = mg_instruction(opcode: UInt8(MG_ADD.rawValue), result: 2, a: 0, b: 1, c: 0, d: 0)
    emit(
      "add",
      FusedLoops(
        sizes: total.sizes, order: total.memoryOrder, inputs: [total, view], constants: [],
        instructions: [add], registerCount: 3, results: [(2, .store(total))],
        isDouble: total.dtype == .float64))
  }

  func emitFill(_ view: View, with value: Double = 0) {
    let scalar = constant(view.dtype.storage(of: value), shape: [], dtype: view.dtype)
    var spread = scalar
    spread.sizes = view.sizes
    spread.strides = view.sizes.map { _ in 0 }
    emit("fill", FusedLoops(copying: spread, to: view))
  }

  // MARK: Results

  /// Sees that an output's value ends up dense and row-major in memory of its own.
  private func addOutput(_ output: Node, _ index: Int) {
    let view = view(of: output)
    if case .scratch(let byteCount) = buffers[view.buffer], view.offset == 0,
      byteCount == view.count * view.dtype.size, view.isDense(axes: Array(view.sizes.indices))
    {
      buffers[view.buffer] = .output(index, byteCount: byteCount)
      return
    }
    let copy = allocate(output.shape, output.dtype, order: .rowMajor)
    if copy.count > 0 { emitCopy(from: view, to: copy) }
    buffers[copy.buffer] = .output(index, byteCount: copy.count * copy.dtype.size)
  }
}
