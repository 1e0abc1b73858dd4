import CKernels

/// Which register holds what in a pass: operands from memory, then numbers, then what is computed.
struct PassRegisters {
  let leaves: [Node]
  private(set) var constants: [Double] = []
  private(set) var count: Int
  private let pass: Fusion.Pass
  private let canonical: (Node) -> Node
  private var assigned: [UInt64: Int] = [:]
  private var free: [Int] = []
  /// The factors of products that only sums need: these multiply while they add up.
  private let factors: [UInt64: [Node]]

  init(_ pass: Fusion.Pass, canonical: @escaping (Node) -> Node) {
    self.pass = pass
    self.canonical = canonical
    let inner = Set(pass.members.filter(Fusion.isPointwise).map(\.serial))
    var leaves: [Node] = []
    var numbers: [(serial: UInt64, index: Int)] = []
    var known = inner
    for input in (pass.members + pass.results).flatMap(\.inputs).map(canonical)
    where known.insert(input.serial).inserted {
      if let value = Tensor(input).literal {
        let index = constants.firstIndex { $0.bitPattern == value.bitPattern } ?? constants.count
        if index == constants.count { constants.append(value) }
        numbers.append((input.serial, index))
      } else {
        assigned[input.serial] = leaves.count
        leaves.append(input)
      }
    }
    for (serial, index) in numbers { assigned[serial] = leaves.count + index }
    self.leaves = leaves
    count = leaves.count + constants.count
    factors = PassRegisters.summedProducts(pass, canonical)
  }

  /// Products of a pass that are folded by sums, and by nothing else, with their factors.
  private static func summedProducts(_ pass: Fusion.Pass, _ canonical: (Node) -> Node)
    -> [UInt64: [Node]]
  {
    let members = pass.members.filter(Fusion.isPointwise)
    var needed = Set(pass.results.map(\.serial))
    needed.formUnion(members.flatMap(\.inputs).map { canonical($0).serial })
    let folds = Dictionary(grouping: pass.results.filter(Fusion.isFold)) {
      canonical($0.inputs[0]).serial
    }
    var factors: [UInt64: [Node]] = [:]
    for node in members where !needed.contains(node.serial) {
      guard let users = folds[node.serial],
        users.allSatisfy({ ($0.primitive as? Reduce)?.kind == .sum }),
        [MG_MULTIPLY, MG_SQUARE].contains(opcode(node))
      else { continue }
      factors[node.serial] = node.inputs.map(canonical)
    }
    return factors
  }

  subscript(node: Node) -> Int {
    guard let register = assigned[node.serial] else {
      preconditionFailure("'\(node.primitive.name)' is used in a pass that does not compute it")
    }
    return register
  }

  /// Which register a fold folds, and which one it is multiplied by before that.
  func folded(_ fold: Node) -> (source: Int, factor: Int?) {
    let input = canonical(fold.inputs[0])
    guard let factors = factors[input.serial], let last = factors.last else {
      return (self[input], nil)
    }
    return (self[factors[0]], self[last])
  }

  /// What is stored or folded.
  private var kept: Set<UInt64> {
    Set(
      pass.results.flatMap { result -> [Node] in
        guard Fusion.isFold(result) else { return [result] }
        let input = canonical(result.inputs[0])
        return factors[input.serial] ?? [input]
      }.map(\.serial))
  }

  /// The arithmetic. Registers are taken back when their value is not read any more; what is stored or
  /// folded keeps its own: it may lie in the memory of an operand, which nothing may overwrite early.
  mutating func instructions() -> [mg_instruction] {
    let kept = self.kept
    let operations = self.operations(kept: kept)
    var lastUse: [UInt64: Int] = [:]
    for (time, operation) in operations.enumerated() {
      for operand in operation.operands { lastUse[operand.serial] = time }
    }
    var expiring: [Int: [UInt64]] = [:]
    for operation in operations where !kept.contains(operation.node.serial) {
      expiring[lastUse[operation.node.serial] ?? 0, default: []].append(operation.node.serial)
    }
    var instructions: [mg_instruction] = []
    for (time, operation) in operations.enumerated() {
      let operands = operation.operands.map { UInt8(self[$0]) }
      for serial in expiring[time] ?? [] {
        if let register = assigned[serial] { free.append(register) }
      }
      let result: Int
      if !kept.contains(operation.node.serial), let reused = free.popLast() {
        result = reused
      } else {
        result = count
        count += 1
      }
      assigned[operation.node.serial] = result
      func operand(_ index: Int) -> UInt8 { operands[min(index, operands.count - 1)] }
      instructions.append(
        mg_instruction(
          opcode: UInt8(operation.opcode.rawValue), result: UInt8(result), a: operand(0),
          b: operand(1), c: operand(2), d: operand(3)))
    }
    return instructions
  }

  private struct Operation {
    let node: Node
    let opcode: mg_opcode
    let operands: [Node]
  }

  /// What is computed for which node. A product that is only added to something is computed with the sum,
  /// a sigmoid that only its operand is multiplied by, with the product, and a comparison that nothing but
  /// selects asks for, with each of them.
  private func operations(kept: Set<UInt64>) -> [Operation] {
    let members = pass.members.filter { Fusion.isPointwise($0) && factors[$0.serial] == nil }
    let comparisons = self.comparisons(members, kept: kept)
    var uses: [UInt64: Int] = [:]
    for input in members.flatMap(\.inputs) { uses[canonical(input).serial, default: 0] += 1 }
    let computedOnce = members.filter { uses[$0.serial] == 1 && !kept.contains($0.serial) }
    func serials(_ opcode: mg_opcode) -> Set<UInt64> {
      Set(computedOnce.filter { PassRegisters.opcode($0) == opcode }.map(\.serial))
    }
    let (products, sigmoids) = (serials(MG_MULTIPLY), serials(MG_SIGMOID))
    var absorbed: Set<UInt64> = []
    var operations: [Operation] = []
    // Users first: what one of them absorbs must not absorb anything itself.
    for node in members.reversed()
    where !absorbed.contains(node.serial) && comparisons[node.serial] == nil {
      let operands = node.inputs.map(canonical)
      let opcode = PassRegisters.opcode(node)
      var operation = Operation(node: node, opcode: opcode, operands: operands)
      if opcode == MG_MULTIPLY,
        let index = operands.firstIndex(where: { sigmoids.contains($0.serial) }),
        canonical(operands[index].inputs[0]).serial == operands[1 - index].serial
      {
        absorbed.insert(operands[index].serial)
        operation = Operation(node: node, opcode: MG_SWISH, operands: [operands[1 - index]])
      } else if opcode == MG_ADD,
        let index = operands.firstIndex(where: { products.contains($0.serial) })
      {
        absorbed.insert(operands[index].serial)
        operation = Operation(
          node: node, opcode: MG_MULTIPLY_ADD,
          operands: operands[index].inputs.map(canonical) + [operands[1 - index]])
      } else if opcode == MG_SELECT, let comparison = comparisons[operands[0].serial] {
        operation = Operation(
          node: node, opcode: comparison,
          operands: operands[0].inputs.map(canonical) + operands[1...])
      }
      operations.append(operation)
    }
    return operations.reversed()
  }

  /// Comparisons that only decide selects, and the selects that compare themselves.
  private func comparisons(_ members: [Node], kept: Set<UInt64>) -> [UInt64: mg_opcode] {
    let joint = [MG_LESS: MG_SELECT_LESS, MG_LESS_EQUAL: MG_SELECT_LESS_EQUAL]
    var result: [UInt64: mg_opcode] = [:]
    for node in members where !kept.contains(node.serial) {
      result[node.serial] = joint[PassRegisters.opcode(node)]
    }
    for node in members {
      let decides = PassRegisters.opcode(node) == MG_SELECT
      for (index, input) in node.inputs.enumerated() where !decides || index > 0 {
        result[canonical(input).serial] = nil
      }
    }
    return result
  }

  private static func opcode(_ node: Node) -> mg_opcode {
    (node.primitive as? Pointwise)?.operation.opcode ?? MG_COPY
  }
}
