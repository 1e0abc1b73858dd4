// Tensors cut into pieces, and put together of copies.

extension Tensor {
  /// Cuts an axis into pieces of the given sizes, which must add up to its size.
  public func split(_ sizes: [Int], axis: Int) throws(EngineError) -> [Tensor] {
    let axis = try shape.resolve(axis: axis, op: "split")
    guard sizes.allSatisfy({ (0...shape[axis]).contains($0) }), sizes.reduce(0, +) == shape[axis]
    else {
      throw .invalidArgument(
        op: "split", argument: "sizes", expected: "numbers that add up to \(shape[axis])",
        got: "\(sizes)")
    }
    var pieces: [Tensor] = []
    var start = 0
    for size in sizes {
      pieces.append(try sliced(axis: axis, from: start, to: start + size))
      start += size
    }
    return pieces
  }

  /// Copies side by side along the last axes: `[2, 3]` tiled `[2, 2]` is `[4, 6]`.
  ///
  /// - Parameter counts: how many copies along each of the last axes; more than there are axes add axes in
  ///   front.
  public func tiled(_ counts: [Int]) throws(EngineError) -> Tensor {
    guard counts.allSatisfy({ $0 >= 0 }) else {
      throw .invalidArgument(
        op: "tile", argument: "counts", expected: "0 or more", got: "\(counts)")
    }
    let rank = Swift.max(rank, counts.count)
    let sizes = [Int](repeating: 1, count: rank - self.rank) + shape.dimensions
    let copies = [Int](repeating: 1, count: rank - counts.count) + counts
    let target = try Shape(
      checking: zip(sizes, copies).map { size, count in
        let (product, overflow) = size.multipliedReportingOverflow(by: count)
        return overflow ? Int.max : product
      }, op: "tile")
    // One axis after the other: tensors of the most axes have none to spare for all copies together.
    var result = try reshaped(to: sizes)
    for axis in 0..<rank where copies[axis] != 1 {
      var grown = result.shape.dimensions
      let (before, after) = (grown[..<axis].reduce(1, *), grown[axis...].reduce(1, *))
      grown[axis] = target[axis]
      result = try result.reshaped(to: [before, 1, after])
        .broadcast(to: [before, copies[axis], after]).reshaped(to: grown)
    }
    return result
  }
}
