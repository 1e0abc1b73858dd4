import Engine

/// What `x[…]` means: Torch7's slices, 1-based with inclusive ranges.
///
/// One entry an axis, from the first; axes without one are taken whole. A number picks and drops
/// the axis; `{}` takes all; `{a, b}` from a to b; `{a, b, step}`; `{a}` picks and keeps the axis.
enum Slicing {
  static func slice(_ x: Tensor, _ entries: [LuaValue]) throws -> Tensor {
    guard entries.count <= x.rank else {
      throw ArgumentProblem("\(entries.count) entries for a tensor of \(x.rank) axes")
    }
    var ranges: [SliceRange] = []
    var kept: [Int] = []
    ranges.reserveCapacity(x.rank)
    kept.reserveCapacity(x.rank)
    for axis in 0..<x.rank {
      let size = x.shape[axis]
      guard axis < entries.count else {
        ranges.append(SliceRange(start: 0, stop: size))
        kept.append(size)
        continue
      }
      let entry = entries[axis]
      if let number = entry.integer {
        let start = try index(number, size: size, axis: axis)
        ranges.append(SliceRange(start: start, stop: start + 1))
      } else {
        let range = try range(entry, size: size, axis: axis)
        ranges.append(range.range)
        kept.append(range.count)
      }
    }
    return try x.sliced(ranges).reshaped(to: kept)
  }

  private static func range(
    _ entry: LuaValue, size: Int, axis: Int
  ) throws(ArgumentProblem) -> (range: SliceRange, count: Int) {
    guard let table = entry.table, table.fields.isEmpty, table.array.count <= 3 else {
      throw ArgumentProblem(
        "entry \(axis + 1) must be a number, {} or {first, last, step}, got \(entry.summary)")
    }
    let numbers = table.array.compactMap(\.integer)
    guard numbers.count == table.array.count else {
      throw ArgumentProblem("entry \(axis + 1) must hold integers")
    }
    guard let first = numbers.first else { return (SliceRange(start: 0, stop: size), size) }
    let start = try index(first, size: size, axis: axis)
    let end = numbers.count > 1 ? try index(numbers[1], size: size, axis: axis) : start
    let step = numbers.count > 2 ? numbers[2] : 1
    guard step != 0, step != Int.min else { throw ArgumentProblem("the step must not be \(step)") }
    guard (end - start) * step.signum() >= 0 else {
      throw ArgumentProblem(
        "{\(numbers.map(String.init).joined(separator: ", "))} on axis \(axis + 1) of \(size) is empty",
        hint: step > 0 ? "to go backwards give a step: {\(first), \(numbers[1]), -1}" : nil)
    }
    let count = (end - start) / step + 1
    // Half-open, one step past the last element taken.
    return (SliceRange(start: start, stop: end + step.signum(), step: step), count)
  }

  /// A 0-based index from one that counts from 1, or from the end.
  static func index(_ number: Int, size: Int, axis: Int) throws(ArgumentProblem) -> Int {
    if number >= 1, number <= size { return number - 1 }
    if number <= -1, number >= -size { return number + size }
    throw ArgumentProblem(
      number == 0
        ? "there is no index 0: indices count from 1"
        : "index \(number) is out of range 1…\(size) on axis \(axis + 1)")
  }
}
