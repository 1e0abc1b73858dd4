// Shapes and order of elements: the movement surface of `Tensor`.

extension SliceRange {
  /// The same range if an axis of the given size holds it. Of a single element the step is dropped: it
  /// may be anything.
  fileprivate func inside(_ size: Int) -> SliceRange? {
    let limit = Shape.maximumCount
    guard step != 0, (-limit...limit).contains(start), (-limit...limit).contains(stop) else {
      return nil
    }
    if count == 0 { return self }
    let (indices, last) = (0..<size, start + (count - 1) * step)
    guard indices.contains(start), indices.contains(last) else { return nil }
    return count == 1 ? SliceRange(start: start, stop: start + 1) : self
  }
}

extension Tensor {
  /// Broadcasts to a shape it is known to fit.
  func unsafeBroadcast(to target: Shape) -> Tensor {
    if shape == target { return self }
    let padded = [Int](repeating: 1, count: target.rank - rank) + shape.dimensions
    let reshaped = unsafeReshaped(to: Shape(padded))
    if reshaped.shape == target { return reshaped }
    return Tensor(Node(Broadcast(), .one(reshaped.node), shape: target, dtype: dtype))
  }

  private func unsafeReshaped(to target: Shape) -> Tensor {
    if shape == target { return self }
    return Tensor(Node(Reshape(), .one(node), shape: target, dtype: dtype))
  }

  func unsafeSliced(_ ranges: [SliceRange]) -> Tensor {
    let isWhole = ranges.indices.allSatisfy {
      ranges[$0].start == 0 && ranges[$0].stop == shape[$0] && ranges[$0].step == 1
    }
    if isWhole { return self }
    let target = Shape(ranges.map(\.count))
    return Tensor(Node(Slice(ranges: ranges), .one(node), shape: target, dtype: dtype))
  }

  /// The adjoint of taking `ranges` out of a tensor of shape `target`.
  func unsliced(_ ranges: [SliceRange], into target: Shape) -> Tensor {
    Tensor(Node(Unslice(ranges: ranges), [node], shape: target, dtype: dtype))
  }

  /// Repeats axes of size 1, and adds axes in front, until the shape is `target`.
  public func broadcast(to target: Shape) throws(EngineError) -> Tensor {
    guard try Shape.broadcasting(shape, target, op: "broadcast") == target else {
      throw .shapeMismatch(op: "broadcast", lhs: shape, rhs: target)
    }
    return unsafeBroadcast(to: target)
  }

  /// The same elements in row-major order as another shape; one size may be -1 and is worked out.
  public func reshaped(to sizes: [Int]) throws(EngineError) -> Tensor {
    var sizes = sizes
    if let axis = sizes.firstIndex(of: -1) {
      guard !sizes[(axis + 1)...].contains(-1) else {
        throw .invalidShape(op: "reshape", dimensions: sizes, reason: "only one size may be -1")
      }
      sizes[axis] = 1
      let rest = try Shape(checking: sizes, op: "reshape").count
      guard rest > 0, count % rest == 0 else {
        sizes[axis] = -1
        throw .invalidShape(
          op: "reshape", dimensions: sizes, reason: "\(count) elements of \(shape) do not fit")
      }
      sizes[axis] = count / rest
    }
    let target = try Shape(checking: sizes, op: "reshape")
    guard target.count == count else {
      throw .invalidShape(
        op: "reshape", dimensions: sizes, reason: "\(shape) has \(count) elements")
    }
    return unsafeReshaped(to: target)
  }

  /// Reorders axes: result axis `i` is this tensor's axis `axes[i]`.
  public func permuted(_ axes: [Int]) throws(EngineError) -> Tensor {
    var resolved: [Int] = []
    for axis in axes { resolved.append(try shape.resolve(axis: axis, op: "permute")) }
    guard resolved.sorted() == Array(0..<rank) else {
      throw .invalidArgument(
        op: "permute", argument: "axes", expected: "each of the \(rank) axes once", got: "\(axes)")
    }
    if resolved == Array(0..<rank) { return self }
    let target = Shape(resolved.map { shape[$0] })
    return Tensor(Node(Permute(axes: resolved), [node], shape: target, dtype: dtype))
  }

  /// Swaps the last two axes.
  public func transposed() throws(EngineError) -> Tensor {
    guard rank >= 2 else {
      throw .invalidArgument(
        op: "transpose", argument: "tensor", expected: "at least 2 axes", got: "shape \(shape)")
    }
    return try permuted(Array(0..<rank - 2) + [rank - 1, rank - 2])
  }

  /// Takes a part of every axis.
  ///
  /// - Throws: when a range leaves its axis or has step 0.
  public func sliced(_ ranges: [SliceRange]) throws(EngineError) -> Tensor {
    guard ranges.count == rank else {
      throw .invalidArgument(
        op: "slice", argument: "ranges", expected: "one for each of the \(rank) axes",
        got: "\(ranges.count)")
    }
    var ranges = ranges
    for (axis, range) in ranges.enumerated() {
      guard let inside = range.inside(shape[axis]) else {
        throw .invalidArgument(
          op: "slice", argument: "range of axis \(axis)", expected: "inside 0..<\(shape[axis])",
          got: "\(range.start)..<\(range.stop) in steps of \(range.step)")
      }
      if inside != range { ranges[axis] = inside }
    }
    return unsafeSliced(ranges)
  }

  /// Takes `start..<stop` of one axis.
  public func sliced(axis: Int, from start: Int, to stop: Int, step: Int = 1) throws(EngineError)
    -> Tensor
  {
    let axis = try shape.resolve(axis: axis, op: "slice")
    var ranges = shape.dimensions.map { SliceRange(start: 0, stop: $0) }
    ranges[axis] = SliceRange(start: start, stop: stop, step: step)
    return try sliced(ranges)
  }

  /// Reverses the order along axes.
  public func flipped(axes: [Int]) throws(EngineError) -> Tensor {
    let axes = try shape.resolve(axes: axes, op: "flip")
    return unsafeSliced(
      shape.dimensions.enumerated().map { axis, size in
        axes.contains(axis)
          ? SliceRange(start: size - 1, stop: -1, step: -1) : SliceRange(start: 0, stop: size)
      })
  }

  /// Shifts elements along an axis; those that leave at one end come in at the other.
  ///
  /// Element `i` of the result is element `i - shift` of this tensor, as NumPy's roll.
  public func rolled(by shift: Int, axis: Int) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "roll")
    let size = shape[axis]
    guard size > 0 else { return self }
    let shift = ((shift % size) + size) % size
    if shift == 0 { return self }
    return Tensor(Node(Roll(axis: axis, shift: shift), [node], shape: shape, dtype: dtype))
  }

  /// Adds an axis of size 1 before position `axis` of the result.
  public func expanded(axis: Int) throws(EngineError) -> Tensor {
    guard axis >= -rank - 1, axis <= rank else {
      throw .invalidAxis(op: "expand", axis: axis, rank: rank + 1)
    }
    var sizes = shape.dimensions
    sizes.insert(1, at: axis < 0 ? axis + rank + 1 : axis)
    return try reshaped(to: sizes)
  }

  /// Drops an axis of size 1.
  public func squeezed(axis: Int) throws(EngineError) -> Tensor {
    let axis = try shape.resolve(axis: axis, op: "squeeze")
    guard shape[axis] == 1 else {
      throw .invalidArgument(
        op: "squeeze", argument: "axis \(axis)", expected: "size 1", got: "\(shape[axis])")
    }
    var sizes = shape.dimensions
    sizes.remove(at: axis)
    return try reshaped(to: sizes)
  }

  /// Joins tensors of equal dtype along an axis; all other sizes agree.
  public static func concatenated(_ tensors: [Tensor], axis: Int) throws(EngineError) -> Tensor {
    guard let first = tensors.first else {
      throw .invalidArgument(
        op: "concatenate", argument: "tensors", expected: "at least one", got: "none")
    }
    if tensors.count == 1 { return first }
    let axis = try first.shape.resolve(axis: axis, op: "concatenate")
    var sizes = first.shape.dimensions
    for tensor in tensors.dropFirst() {
      guard tensor.dtype == first.dtype else {
        throw .dtypeMismatch(op: "concatenate", expected: first.dtype.rawValue, got: tensor.dtype)
      }
      let fits =
        tensor.rank == first.rank
        && sizes.indices.allSatisfy { $0 == axis || sizes[$0] == tensor.shape[$0] }
      guard fits else {
        throw .shapeMismatch(op: "concatenate", lhs: first.shape, rhs: tensor.shape)
      }
      sizes[axis] += tensor.shape[axis]
    }
    let target = try Shape(checking: sizes, op: "concatenate")
    return Tensor(
      Node(
        Concatenate(axis: axis), NodeInputs(tensors.map(\.node)), shape: target,
        dtype: first.dtype))
  }

  /// Joins tensors of equal shape along a new axis.
  public static func stacked(_ tensors: [Tensor], axis: Int) throws(EngineError) -> Tensor {
    if let other = tensors.first(where: { $0.shape != tensors[0].shape }) {
      throw .shapeMismatch(op: "stack", lhs: tensors[0].shape, rhs: other.shape)
    }
    var expanded: [Tensor] = []
    for tensor in tensors { expanded.append(try tensor.expanded(axis: axis)) }
    return try concatenated(expanded, axis: axis)
  }
}
