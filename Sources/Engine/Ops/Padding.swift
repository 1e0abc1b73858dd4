/// How values outside a tensor are made up.
public enum PaddingMode: String, Sendable, CaseIterable {
  /// Zeros, or a given value.
  case zero
  /// The tensor repeats: what leaves at one end comes in at the other.
  case circular
  /// Mirrored about the edge element, which is not repeated.
  case reflect
  /// The edge element repeats.
  case edge
}

/// Extends axes periodically. Its own primitive because convolutions on a torus need it at every layer.
struct CircularPad: Primitive {
  let padding: [AxisPadding]
  let name = "circular pad"
  var attributes: String? { AxisPadding.describe(padding) }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let node = Node(
      CircularFold(padding: padding), [context.cotangent.node], shape: context.inputs[0].shape,
      dtype: context.cotangent.dtype)
    return [Tensor(node)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [input])
    for region in AxisPadding.regions(padding, sizes: input.sizes) {
      planner.emitCopy(from: input.sliced(region.inner), to: output.sliced(region.outer))
    }
    planner.define(node, as: output)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    let input = inputs[0]
    return DenseArray(shape: shape) { index in input[wrap(index, padding, input.shape)] }
  }
}

/// The adjoint of a circular pad: what stands in the margins is added where it came from.
struct CircularFold: Primitive {
  let padding: [AxisPadding]
  let name = "circular fold"
  var attributes: String? { AxisPadding.describe(padding) }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let node = Node(
      CircularPad(padding: padding), [context.cotangent.node], shape: context.inputs[0].shape,
      dtype: context.cotangent.dtype)
    return [Tensor(node)]
  }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.view(of: node.inputs[0])
    let output = planner.allocate(node.shape, node.dtype, like: [input])
    for (number, region) in AxisPadding.regions(padding, sizes: node.shape.dimensions).enumerated()
    {
      let (from, to) = (input.sliced(region.outer), output.sliced(region.inner))
      // The first region is the middle, which covers the whole result.
      if number == 0 { planner.emitCopy(from: from, to: to) } else { planner.emitAdd(from, to: to) }
    }
    planner.define(node, as: output)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    DenseArray.forEachIndex(of: inputs[0].shape) { index in
      result[wrap(index, padding, shape)] += inputs[0][index]
    }
    return result
  }
}

/// The place in `0..<size` that `index` has when an axis repeats.
func wrap(_ index: Int, _ size: Int) -> Int { (index % size + size) % size }

private func wrap(_ index: [Int], _ padding: [AxisPadding], _ shape: Shape) -> [Int] {
  index.indices.map { wrap(index[$0] - padding[$0].before, shape[$0]) }
}

/// How far one axis is extended at its two ends.
struct AxisPadding: Sendable, Hashable {
  let before: Int
  let after: Int

  static func describe(_ padding: [AxisPadding]) -> String {
    padding.map { "\($0.before)+\($0.after)" }.joined(separator: ",")
  }

  /// A part of the padded tensor (`outer`) and the part of the original it equals (`inner`).
  struct Region {
    let inner: [SliceRange]
    let outer: [SliceRange]
  }

  /// Cuts the padded tensor into the middle (first) and its margins. Paddings are at most the size.
  static func regions(_ padding: [AxisPadding], sizes: [Int]) -> [Region] {
    var regions = [Region(inner: [], outer: [])]
    for (axis, size) in sizes.enumerated() {
      let (before, after) = (padding[axis].before, padding[axis].after)
      let parts = [
        (inner: 0..<size, outer: before), (inner: size - before..<size, outer: 0),
        (inner: 0..<after, outer: before + size),
      ].filter { !$0.inner.isEmpty }
      regions = parts.flatMap { part in
        regions.map { region in
          Region(
            inner: region.inner
              + [SliceRange(start: part.inner.lowerBound, stop: part.inner.upperBound)],
            outer: region.outer + [
              SliceRange(start: part.outer, stop: part.outer + part.inner.count)
            ])
        }
      }
    }
    return regions
  }
}

extension Tensor {
  /// Extends each axis by `(before, after)` elements.
  ///
  /// - Parameters:
  ///   - padding: one pair for each axis, none negative.
  ///   - mode: what the new elements are.
  ///   - value: the new elements' value in mode ``PaddingMode/zero``.
  /// - Throws: when a circular or reflecting pad is longer than its axis allows.
  public func padded(_ padding: [(Int, Int)], mode: PaddingMode = .zero, value: Double = 0)
    throws(EngineError) -> Tensor
  {
    guard padding.count == rank, padding.allSatisfy({ $0.0 >= 0 && $0.1 >= 0 }) else {
      throw .invalidArgument(
        op: "pad", argument: "padding", expected: "\(rank) pairs of sizes ≥ 0", got: "\(padding)")
    }
    if padding.allSatisfy({ $0 == (0, 0) }) { return self }
    let limit = Shape.maximumCount
    let sizes = zip(shape.dimensions, padding).map {
      $0 + Swift.min($1.0, limit) + Swift.min($1.1, limit)
    }
    let target = try Shape(checking: sizes, op: "pad")
    let margin = mode == .reflect ? 1 : 0
    for (axis, pad) in padding.enumerated() where mode != .zero {
      let longest = mode == .edge ? (shape[axis] > 0 ? Int.max : 0) : shape[axis] - margin
      guard Swift.max(pad.0, pad.1) <= Swift.max(longest, 0) else {
        throw .invalidArgument(
          op: "pad", argument: "padding of axis \(axis)",
          expected: "at most \(Swift.max(longest, 0)) in mode '\(mode.rawValue)'", got: "\(pad)")
      }
    }
    switch mode {
    case .zero: return try zeroPadded(padding, target: target, value: value)
    case .circular:
      let padding = padding.map { AxisPadding(before: $0.0, after: $0.1) }
      return Tensor(Node(CircularPad(padding: padding), [node], shape: target, dtype: dtype))
    case .reflect, .edge:
      var result = self
      for (axis, pad) in padding.enumerated() where pad != (0, 0) {
        result = try result.marginPadded(axis: axis, pad, mode: mode)
      }
      return result
    }
  }

  private func zeroPadded(_ padding: [(Int, Int)], target: Shape, value: Double) throws(EngineError)
    -> Tensor
  {
    let ranges = zip(shape.dimensions, padding).map { SliceRange(start: $1.0, stop: $1.0 + $0) }
    let padded = unsliced(ranges, into: target)
    if value == 0 { return padded }
    let inside = Tensor.ones(shape, dtype: .bool).unsliced(ranges, into: target)
    return try .select(inside, padded, .full(value, shape: target, dtype: dtype))
  }

  private func marginPadded(axis: Int, _ pad: (Int, Int), mode: PaddingMode) throws(EngineError)
    -> Tensor
  {
    let size = shape[axis]
    var parts = [self]
    if pad.0 > 0 {
      parts.insert(
        mode == .reflect
          ? try sliced(axis: axis, from: pad.0, to: 0, step: -1)
          : try sliced(axis: axis, from: 0, to: 1).repeated(pad.0, axis: axis), at: 0)
    }
    if pad.1 > 0 {
      parts.append(
        mode == .reflect
          ? try sliced(axis: axis, from: size - 2, to: size - 2 - pad.1, step: -1)
          : try sliced(axis: axis, from: size - 1, to: size).repeated(pad.1, axis: axis))
    }
    return try .concatenated(parts, axis: axis)
  }

  private func repeated(_ count: Int, axis: Int) throws(EngineError) -> Tensor {
    var sizes = shape.dimensions
    sizes[axis] = count
    return try broadcast(to: Shape(sizes))
  }
}
