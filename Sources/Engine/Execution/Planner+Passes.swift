extension Planner {
  /// Plans a pass as one step.
  func lower(_ pass: Fusion.Pass) throws(EngineError) {
    var registers = PassRegisters(pass, canonical: canonical)
    for leaf in registers.leaves { try prepare(leaf) }
    let inputs = registers.leaves.map { view(of: $0) }
    let instructions = registers.instructions()
    let first = pass.results[0]
    let sizes = Fusion.isFold(first) ? first.inputs[0].shape : first.shape
    guard sizes.count > 0 else { return defineEmpty(pass) }

    // The loops follow the memory of the largest operand.
    let model = inputs.filter { !$0.repeats }.max { $0.count < $1.count }
    var loops = FusedLoops(
      sizes: sizes.dimensions, order: model?.memoryOrder ?? Array(0..<sizes.rank), inputs: inputs,
      constants: registers.constants, instructions: instructions,
      registerCount: registers.count, results: [], isDouble: pass.isDouble)
    loops.order = foldingOrder(loops, pass)
    for result in pass.results {
      // Folds are written to dense memory alone.
      let place = Fusion.isFold(result) ? nil : placeInConcatenation(result, axes: loops.order)
      let view = place ?? allocate(result.shape, result.dtype, axes: loops.order)
      define(result, as: view)
      if let fold = result.primitive as? Reduce {
        // Where accumulators lie is settled once it is known how many there are.
        let (source, factor) = registers.folded(result)
        loops.results.append(
          (source, .fold(fold.kind, times: factor, into: view, accumulators: view)))
      } else {
        loops.results.append((registers[result], .store(view)))
      }
    }
    let units = loops.units.count
    for (index, (source, result)) in loops.results.enumerated() {
      guard case .fold(let kind, let factor, let into, _) = result else { continue }
      let copies = loops.isShared(into) ? units : 1
      let accumulators = allocate([copies * into.count], .float64, axes: [0])
      loops.results[index] = (
        source, .fold(kind, times: factor, into: into, accumulators: accumulators)
      )
    }
    let names = pass.results.map(\.primitive.name).joined(separator: ", ")
    emit(instructions.count > 1 ? "\(names) of \(instructions.count)" : names, loops)
  }

  /// Nothing to visit: sums are 0.
  private func defineEmpty(_ pass: Fusion.Pass) {
    for result in pass.results {
      let view = allocate(result.shape, result.dtype, order: .rowMajor)
      define(result, as: view)
      if view.count > 0 { emitFill(view) }
    }
  }

  // Units of a fold over the outermost axis have accumulators each: no more memory than this for them.
  private static let maximumAccumulators = 1 << 18

  /// The order of loops, another axis outermost where folds over the first would need too much memory.
  private func foldingOrder(_ loops: FusedLoops, _ pass: Fusion.Pass) -> [Int] {
    func accumulators(_ order: [Int]) -> Int {
      guard let lead = order.first(where: { loops.sizes[$0] > 1 }) else { return 0 }
      return pass.results.filter { Fusion.isFold($0) && $0.shape[lead] == 1 }
        .reduce(0) { $0 + $1.shape.count } * min(loops.sizes[lead], 64)
    }
    let candidates =
      [loops.order] + loops.order.map { axis in [axis] + loops.order.filter { $0 != axis } }
    return candidates.first { accumulators($0) <= Planner.maximumAccumulators }
      ?? candidates.min { accumulators($0) < accumulators($1) } ?? loops.order
  }
}
