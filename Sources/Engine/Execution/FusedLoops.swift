import CKernels

/// A loop nest over views that computes, stores and folds: what the block interpreter runs.
struct FusedLoops {
  /// What becomes of a register.
  enum Result {
    case store(View)
    /// A fold over the axes of size 1 in `into`, which is dense over the others in the order of the loops.
    /// A sum may be one of products with the register `times`.
    case fold(Reduce.Kind, times: Int?, into: View, accumulators: View)

    var view: View {
      switch self {
      case .store(let view), .fold(_, _, let view, _): view
      }
    }
  }

  var sizes: [Int]
  /// Axes from the outermost loop to the innermost.
  var order: [Int]
  var inputs: [View]
  var constants: [Double] = []
  var instructions: [mg_instruction] = []
  var registerCount: Int
  var results: [(source: Int, result: Result)]
  var isDouble: Bool

  /// No arithmetic: elements are loaded and stored.
  init(copying from: View, to: View) {
    let wide: Set<DType> = [.float64, .int32]
    sizes = to.sizes
    order = to.memoryOrder
    inputs = [from]
    registerCount = 1
    results = [(0, .store(to))]
    isDouble = wide.contains(from.dtype) || wide.contains(to.dtype)
  }

  init(
    sizes: [Int], order: [Int], inputs: [View], constants: [Double],
    instructions: [mg_instruction], registerCount: Int,
    results: [(source: Int, result: Result)], isDouble: Bool
  ) {
    self.sizes = sizes
    self.order = order
    self.inputs = inputs
    self.constants = constants
    self.instructions = instructions
    self.registerCount = registerCount
    self.results = results
    self.isDouble = isDouble
  }

  var count: Int { sizes.reduce(1, *) }
  var reads: [View] { inputs }
  var writes: [View] {
    results.flatMap { result -> [View] in
      switch result.result {
      case .store(let view): [view]
      case .fold(_, _, let into, let accumulators): [into, accumulators]
      }
    }
  }
  var hasFolds: Bool {
    results.contains { if case .fold = $0.result { true } else { false } }
  }

  // MARK: How the loops are cut

  /// Consecutive parts of the loops that run independently of each other.
  struct Units: Equatable {
    let count: Int
    /// The parts cover `lead` steps of `length` elements in all, as evenly as can be.
    let lead: Int
    let length: Int
  }

  private static let maximumBlock = 1024
  private static let blocksPerUnit = 8
  private static let maximumUnits = 64

  /// The outermost axis that is more than one step long.
  var leadAxis: Int? { order.first { sizes[$0] > 1 } }

  /// Units of whole steps of the outermost axis: the images of a batch.
  var leadUnits: Units? {
    guard let axis = leadAxis else { return nil }
    return Units(
      count: min(sizes[axis], FusedLoops.maximumUnits), lead: sizes[axis],
      length: count / sizes[axis])
  }

  /// Units of equally many elements, for folds no more of them than is of use.
  private var evenUnits: Units {
    let blocks =
      hasFolds ? max(FusedLoops.blocksPerUnit, count / blockLength / 32) : FusedLoops.blocksPerUnit
    let length = blockLength * blocks
    let steps = max((count + length - 1) / length, 1)
    return Units(count: steps, lead: steps, length: length)
  }

  /// Whether a fold folds the outermost axis: its units must be put together at the end.
  func isShared(_ into: View) -> Bool { leadAxis.map { into.sizes[$0] == 1 } ?? true }

  /// How the loops are cut when they run by themselves. By sizes alone, so that folds come out the same
  /// whatever the number of threads.
  var units: Units {
    guard hasFolds, let lead = leadUnits else { return evenUnits }
    let keepsLead = results.contains {
      if case .fold(_, _, let into, _) = $0.result { !isShared(into) } else { false }
    }
    return keepsLead || lead.lead >= 4 ? lead : evenUnits
  }

  /// How many elements the interpreter takes at a time: few enough that registers stay in the L1 cache, and
  /// whole rows where rows are short, so that a repeated row is loaded once.
  private var blockLength: Int {
    let loops = axes(strides)
    let (inner, block) = (loops[loops.count - 1].size, FusedLoops.maximumBlock)
    return inner > 1 && inner <= block / 2 && loops.count > 1 ? block - block % inner : block
  }

  /// Strides of inputs and results; of a fold, those among its accumulators.
  private var strides: [[Int]] {
    inputs.map(\.strides)
      + results.map { _, result in
        guard case .fold(_, _, let into, _) = result else { return result.view.strides }
        let dense = View.denseStrides(into.sizes, axes: order)
        return into.sizes.indices.map { into.sizes[$0] == 1 ? 0 : dense[$0] }
      }
  }

  /// The loops, neighbours merged where all operands allow.
  private func axes(_ strides: [[Int]]) -> [View.LoopAxis] {
    let loops = View.merged(order.map { axis in (sizes[axis], strides.map { $0[axis] }) })
    return loops.isEmpty ? [View.LoopAxis(size: 1, strides: strides.map { _ in 0 })] : loops
  }

  // MARK: For the kernel

  /// The kernel's own record. Results that are stored past the caches are those of the buffers `streamed`.
  func prepared(_ units: Units, streamed: Set<Int> = []) -> PreparedLoops {
    let loops = axes(strides)
    var record = mg_fused()
    record.rank = Int32(loops.count)
    withUnsafeMutableBytes(of: &record.sizes) { fill($0, loops.map(\.size)) }
    record.input_count = Int32(inputs.count)
    record.constant_count = Int32(constants.count)
    record.register_count = Int32(registerCount)
    record.instruction_count = Int32(instructions.count)
    record.result_count = Int32(results.count)
    record.is_double = isDouble ? 1 : 0
    (record.units, record.lead, record.lead_length) = (
      Int64(units.count), Int64(units.lead), Int64(units.length)
    )
    withUnsafeMutableBytes(of: &record.inputs) { bytes in
      let target = bytes.bindMemory(to: mg_operand.self)
      for (index, input) in inputs.enumerated() {
        target[index] = FusedLoops.operand(input, loops.map { $0.strides[index] })
      }
    }
    withUnsafeMutableBytes(of: &record.constants) { bytes in
      let target = bytes.bindMemory(to: Double.self)
      for (index, value) in constants.enumerated() { target[index] = value }
    }
    withUnsafeMutableBytes(of: &record.instructions) { bytes in
      let target = bytes.bindMemory(to: mg_instruction.self)
      for (index, instruction) in instructions.enumerated() { target[index] = instruction }
    }
    withUnsafeMutableBytes(of: &record.results) { bytes in
      let target = bytes.bindMemory(to: mg_result.self)
      for (index, (source, result)) in results.enumerated() {
        let strides = loops.map { $0.strides[inputs.count + index] }
        target[index] = self.result(result, source: source, strides: strides)
        target[index].is_streamed = streamed.contains(result.view.buffer) ? 1 : 0
      }
    }
    record.block = Int64(blockLength)
    return PreparedLoops(record)
  }

  private func result(_ result: Result, source: Int, strides: [Int]) -> mg_result {
    var record = mg_result()
    record.source = Int32(source)
    record.target = FusedLoops.operand(result.view, strides)
    switch result {
    case .store: record.kind = MG_STORE
    case .fold(let kind, let factor, let into, let accumulators):
      record.kind = kind == .max ? MG_MAX : factor == nil ? MG_SUM : MG_SUM_OF_PRODUCTS
      record.factor = Int32(factor ?? source)
      record.accumulators = Int32(accumulators.buffer)
      record.kept = Int64(into.count)
      record.is_shared = isShared(into) ? 1 : 0
    }
    return record
  }

  private static func operand(_ view: View, _ strides: [Int]) -> mg_operand {
    var operand = mg_operand()
    operand.buffer = Int32(view.buffer)
    operand.offset = Int64(view.offset)
    operand.dtype = view.dtype.code
    withUnsafeMutableBytes(of: &operand.strides) { fill($0, strides) }
    return operand
  }
}

/// Loops in the form the kernel reads, kept off the stack.
final class PreparedLoops {
  let record: UnsafeMutablePointer<mg_fused>

  init(_ record: mg_fused) {
    self.record = .allocate(capacity: 1)
    self.record.initialize(to: record)
  }

  deinit { record.deallocate() }
}

extension DType {
  /// The kernels' name for it.
  var code: mg_dtype {
    switch self {
    case .float32: MG_F32
    case .float64: MG_F64
    case .int32: MG_I32
    case .bool: MG_BOOL
    }
  }
}

/// Copies numbers into a C array of 64-bit integers.
func fill(_ bytes: UnsafeMutableRawBufferPointer, _ values: [Int]) {
  let target = bytes.bindMemory(to: Int64.self)
  for (index, value) in values.enumerated() { target[index] = Int64(value) }
}
