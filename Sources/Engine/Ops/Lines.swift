import CKernels

extension mg_lines {
  /// The lines of two views along an axis; the views agree in all other sizes.
  init(from: View, to: View, axis: Int) {
    self.init()
    let others = from.sizes.indices.filter { $0 != axis }
    rank = Int32(others.count)
    withUnsafeMutableBytes(of: &sizes) { fill($0, others.map { from.sizes[$0] }) }
    withUnsafeMutableBytes(of: &from_strides) { fill($0, others.map { from.strides[$0] }) }
    withUnsafeMutableBytes(of: &to_strides) { fill($0, others.map { to.strides[$0] }) }
    (from_offset, to_offset) = (Int64(from.offset), Int64(to.offset))
    (from_step, to_step) = (Int64(from.strides[axis]), Int64(to.strides[axis]))
    (count, to_count) = (Int64(from.sizes[axis]), Int64(to.sizes[axis]))
  }
}

extension DenseArray {
  /// Calls `body` with the index of the first element of every line along an axis.
  static func forEachLine(of shape: Shape, axis: Int, _ body: ([Int]) -> Void) {
    var sizes = shape.dimensions
    sizes[axis] = 1
    forEachIndex(of: Shape(sizes), body)
  }

  /// The elements of one line.
  func line(at index: [Int], axis: Int) -> [Double] {
    (0..<shape[axis]).map { self[index.replacing(axis, with: $0)] }
  }
}

extension [Int] {
  func replacing(_ position: Int, with value: Int) -> [Int] {
    var copy = self
    copy[position] = value
    return copy
  }
}
