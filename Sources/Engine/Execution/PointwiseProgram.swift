import CKernels

/// An element-wise program over views: what ``Planner`` hands to the block interpreter.
struct PointwiseProgram {
  let inputs: [View]
  let constants: [Double]
  let instructions: [mg_instruction]
  let registerCount: Int
  let root: Int
  let output: View
  let isDouble: Bool

  init(
    inputs: [View], constants: [Double], instructions: [mg_instruction], registerCount: Int,
    root: Int,
    output: View, isDouble: Bool
  ) {
    self.inputs = inputs
    self.constants = constants
    self.instructions = instructions
    self.registerCount = registerCount
    self.root = root
    self.output = output
    self.isDouble = isDouble
  }

  /// No arithmetic: elements are loaded and stored.
  init(copying from: View, to: View) {
    let wide: Set<DType> = [.float64, .int32]
    self.init(
      inputs: [from], constants: [], instructions: [], registerCount: 1, root: 0, output: to,
      isDouble: wide.contains(from.dtype) || wide.contains(to.dtype))
  }

  // The L1 cache holds a few registers of this many elements.
  private static let block = 1024

  /// The C program: axes in the order of the result's memory, merged where every operand allows.
  func prepared() -> PreparedPointwise {
    var program = mg_pointwise()
    var loops = View.merged(
      output.memoryOrder.map { axis in
        (output.sizes[axis], (inputs + [output]).map { $0.strides[axis] })
      })
    if loops.isEmpty {
      loops = [View.LoopAxis(size: 1, strides: (inputs + [output]).map { _ in 1 })]
    }
    program.rank = Int32(loops.count)
    withUnsafeMutableBytes(of: &program.sizes) { fill($0, loops.map(\.size)) }
    program.input_count = Int32(inputs.count)
    program.constant_count = Int32(constants.count)
    program.register_count = Int32(registerCount)
    program.instruction_count = Int32(instructions.count)
    program.root = Int32(root)
    program.is_double = isDouble ? 1 : 0
    program.output = operand(output, loops.map { $0.strides[inputs.count] })
    withUnsafeMutableBytes(of: &program.inputs) { bytes in
      let target = bytes.bindMemory(to: mg_operand.self)
      for (index, input) in inputs.enumerated() {
        target[index] = operand(input, loops.map { $0.strides[index] })
      }
    }
    withUnsafeMutableBytes(of: &program.constants) { bytes in
      let target = bytes.bindMemory(to: Double.self)
      for (index, value) in constants.enumerated() { target[index] = value }
    }
    withUnsafeMutableBytes(of: &program.instructions) { bytes in
      let target = bytes.bindMemory(to: mg_instruction.self)
      for (index, instruction) in instructions.enumerated() { target[index] = instruction }
    }
    // Blocks hold whole rows where rows are short, so that a repeated row is loaded once.
    let inner = loops[loops.count - 1].size
    let block = PointwiseProgram.block
    program.block = Int64(
      inner > 1 && inner <= block / 2 && loops.count > 1 ? block - block % inner : block)
    return PreparedPointwise(program)
  }

  private func operand(_ view: View, _ strides: [Int]) -> mg_operand {
    var operand = mg_operand()
    operand.offset = Int64(view.offset)
    operand.dtype = view.dtype.code
    withUnsafeMutableBytes(of: &operand.strides) { fill($0, strides) }
    return operand
  }
}

/// A program in the form the kernel reads, kept off the stack.
final class PreparedPointwise {
  private let program: UnsafeMutablePointer<mg_pointwise>

  init(_ program: mg_pointwise) {
    self.program = .allocate(capacity: 1)
    self.program.initialize(to: program)
  }

  deinit { program.deallocate() }

  func run(_ inputs: [UnsafeRawPointer], _ output: UnsafeMutableRawPointer) {
    let pointers: [UnsafeRawPointer?] = inputs
    pointers.withUnsafeBufferPointer { mg_pointwise_run(program, $0.baseAddress, output) }
  }
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

extension Planner {
  /// Plans a group of element-wise nodes as one step; `root` is the one whose value is stored.
  func lowerPointwise(_ root: Node) throws(EngineError) {
    let members = groups.members(of: root)
    let inner = Set(members.map(\.serial))
    var leaves: [Node] = []
    var constants: [Double] = []
    var registers: [UInt64: Int] = [:]
    var constantRegisters: [UInt64: Int] = [:]
    for input in members.flatMap(\.inputs).map({ canonical($0) })
    where !inner.contains(input.serial) && registers[input.serial] == nil {
      if constantRegisters[input.serial] == nil {
        if let value = Tensor(input).literal {
          constantRegisters[input.serial] =
            constants.firstIndex { $0.bitPattern == value.bitPattern } ?? constants.count
          if constantRegisters[input.serial] == constants.count { constants.append(value) }
        } else {
          registers[input.serial] = leaves.count
          leaves.append(input)
        }
      }
    }
    for (serial, index) in constantRegisters { registers[serial] = leaves.count + index }
    var allocator = RegisterAllocator(
      members: members, canonical: canonical, firstFree: leaves.count + constants.count)
    var instructions: [mg_instruction] = []
    for (time, node) in members.enumerated() {
      let operands = node.inputs.map { UInt8(registers[canonical($0).serial] ?? 0) }
      let result = allocator.register(for: node, at: time)
      registers[node.serial] = result
      let opcode = (node.primitive as? Pointwise)?.operation.opcode ?? MG_COPY
      instructions.append(
        mg_instruction(
          opcode: UInt8(opcode.rawValue), result: UInt8(result), a: operands[0],
          b: operands.count > 1 ? operands[1] : operands[0], c: operands.last ?? operands[0]))
    }
    let inputs = leaves.map { view(of: $0) }
    let output = allocate(root.shape, root.dtype, like: inputs)
    let program = PointwiseProgram(
      inputs: inputs, constants: constants, instructions: instructions,
      registerCount: allocator.count, root: registers[root.serial] ?? 0, output: output,
      isDouble: PointwiseGroups.worksInDouble(root))
    let name = members.map { $0.primitive.name }.joined(separator: "·")
    emitPointwise(name, program, reads: inputs, writes: output, runsInPlace: true)
    define(root, as: output)
  }
}

/// Gives the nodes of a group registers, taking back those whose value is not read any more.
private struct RegisterAllocator {
  private var free: [Int] = []
  private var next: Int
  private var expiring: [Int: [UInt64]] = [:]
  private var assigned: [UInt64: Int] = [:]
  private let root: UInt64

  init(members: [Node], canonical: (Node) -> Node, firstFree: Int) {
    next = firstFree
    root = members[members.count - 1].serial
    var lastUse: [UInt64: Int] = [:]
    for (time, node) in members.enumerated() {
      for input in node.inputs { lastUse[canonical(input).serial] = time }
    }
    for node in members where node.serial != root {
      expiring[lastUse[node.serial] ?? 0, default: []].append(node.serial)
    }
  }

  var count: Int { next }

  /// The stored result has a register of its own: it may lie in the memory of an operand, which no
  /// intermediate may overwrite early.
  mutating func register(for node: Node, at time: Int) -> Int {
    for serial in expiring[time] ?? [] {
      if let register = assigned[serial] { free.append(register) }
    }
    let register: Int
    if node.serial != root, let reused = free.popLast() {
      register = reused
    } else {
      register = next
      next += 1
    }
    assigned[node.serial] = register
    return register
  }
}
