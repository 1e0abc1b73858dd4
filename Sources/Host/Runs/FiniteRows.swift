import Engine

extension Tensor {
  /// Numbers of the entries of the first axis that hold neither NaN nor infinity, ascending.
  func finiteRows() throws(EngineError) -> [Int] {
    guard count > 0 else { return Array(0..<shape[0]) }
    let values = try doubles()
    let width = values.count / shape[0]
    return (0..<shape[0]).filter { row in
      values[row * width..<(row + 1) * width].allSatisfy(\.isFinite)
    }
  }

  /// These entries of the first axis, one after another.
  func rows(_ chosen: [Int]) throws(EngineError) -> Tensor {
    if chosen == Array(0..<shape[0]) { return self }
    if chosen.isEmpty { return try sliced(axis: 0, from: 0, to: 0) }
    var parts: [Tensor] = []
    for row in chosen { parts.append(try sliced(axis: 0, from: row, to: row + 1)) }
    return try .concatenated(parts, axis: 0)
  }
}

extension Constraint {
  /// The distance of every image, and which images did not diverge: all of their pixels and their distance
  /// are finite. A distance that looks at some pixels alone says nothing of the others.
  func finiteDistances(all images: Tensor) throws -> (distances: [Double], rows: [Int]) {
    let distances = try distances(all: images)
    return (distances, try images.finiteRows().filter { distances[$0].isFinite })
  }
}
