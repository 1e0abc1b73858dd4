/// Where a tensor's elements lie in a buffer of a plan.
struct View: Sendable, Hashable {
  /// Index of the buffer in the plan.
  var buffer: Int
  /// First element, counted in elements.
  var offset: Int
  var sizes: [Int]
  /// Distance between neighbours along each axis, in elements; 0 repeats, negative runs backwards.
  var strides: [Int]
  var dtype: DType

  var count: Int { sizes.reduce(1, *) }

  /// Which axis varies slowest in memory, and so on.
  enum Order: Sendable {
    case rowMajor
    /// Images with their channels next to each other: N, H, W, C.
    case channelsLast

    func axes(rank: Int) -> [Int] {
      switch self {
      case .rowMajor: Array(0..<rank)
      case .channelsLast: rank == 4 ? [0, 2, 3, 1] : Array(0..<rank)
      }
    }
  }

  /// Strides of dense memory whose axes vary in the given order, slowest first.
  static func denseStrides(_ sizes: [Int], axes: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: sizes.count)
    var step = 1
    for axis in axes.reversed() {
      strides[axis] = step
      step *= max(sizes[axis], 1)
    }
    return strides
  }

  /// Whether the elements fill memory in the given order without gaps.
  func isDense(axes: [Int]) -> Bool {
    let dense = View.denseStrides(sizes, axes: axes)
    return sizes.indices.allSatisfy { sizes[$0] == 1 || strides[$0] == dense[$0] }
  }

  /// Axes from the largest stride to the smallest; ties keep their order.
  var memoryOrder: [Int] {
    sizes.indices.sorted { (abs(strides[$0]), $1) > (abs(strides[$1]), $0) }
  }

  /// An order for a copy: as in memory, repeated axes right after the axis before them.
  var copyOrder: [Int] {
    var order = memoryOrder.filter { strides[$0] != 0 || sizes[$0] == 1 }
    for axis in sizes.indices where strides[axis] == 0 && sizes[axis] != 1 {
      let place = axis > 0 ? (order.firstIndex(of: axis - 1) ?? -1) + 1 : 0
      order.insert(axis, at: place)
    }
    return order
  }

  /// Whether some axis repeats elements.
  var repeats: Bool { sizes.indices.contains { sizes[$0] > 1 && strides[$0] == 0 } }

  func sliced(_ ranges: [SliceRange]) -> View {
    var view = self
    for (axis, range) in ranges.enumerated() {
      view.offset += range.start * strides[axis]
      view.strides[axis] = strides[axis] * range.step
      view.sizes[axis] = range.count
    }
    return view
  }

  /// The same elements in row-major order under another shape, if strides can say it.
  func reshaped(to target: [Int]) -> View? {
    var view = self
    view.sizes = target
    guard count > 0 else {
      view.strides = View.denseStrides(target, axes: Array(target.indices))
      return view
    }
    // Both shapes are cut into the shortest runs of axes with equal products; each run must be evenly
    // spaced in memory to be cut anew.
    let old = sizes.indices.filter { sizes[$0] != 1 }
    let new = target.indices.filter { target[$0] != 1 }
    var strides = [Int](repeating: 0, count: target.count)
    var (i, j) = (0, 0)
    while i < old.count, j < new.count {
      var (oldEnd, newEnd) = (i + 1, j + 1)
      var (oldProduct, newProduct) = (sizes[old[i]], target[new[j]])
      while oldProduct != newProduct {
        if oldProduct < newProduct {
          oldProduct *= sizes[old[oldEnd]]
          oldEnd += 1
        } else {
          newProduct *= target[new[newEnd]]
          newEnd += 1
        }
      }
      for k in i..<(oldEnd - 1)
      where self.strides[old[k]] != self.strides[old[k + 1]] * sizes[old[k + 1]] {
        return nil
      }
      var step = self.strides[old[oldEnd - 1]]
      for k in stride(from: newEnd - 1, through: j, by: -1) {
        strides[new[k]] = step
        step *= target[new[k]]
      }
      (i, j) = (oldEnd, newEnd)
    }
    // Axes of size 1 get the stride dense memory would have, so that density tests stay simple.
    for axis in target.indices.reversed() where target[axis] == 1 {
      strides[axis] = axis + 1 < target.count ? strides[axis + 1] * target[axis + 1] : 1
    }
    view.strides = strides
    return view
  }

  /// One axis of a loop nest over several operands.
  struct LoopAxis {
    var size: Int
    var strides: [Int]
  }

  /// Merges neighbouring loop axes that all operands traverse evenly; slowest first, size 1 dropped.
  static func merged(_ axes: [(Int, [Int])]) -> [LoopAxis] {
    var result: [LoopAxis] = []
    for (size, strides) in axes where size != 1 {
      if let last = result.last,
        zip(last.strides, strides).allSatisfy({ $0 == $1 * size })
      {
        result[result.count - 1] = LoopAxis(size: last.size * size, strides: strides)
      } else {
        result.append(LoopAxis(size: size, strides: strides))
      }
    }
    return result
  }
}
