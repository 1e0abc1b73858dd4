/// The sizes of a tensor's axes, outermost first; `[]` is a scalar.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// Size of each axis; never negative.
  public let dimensions: [Int]

  /// Wraps axis sizes that are known to be valid: ours, not a user's.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The largest number of elements a tensor may have (2^40: no array of this program is near it).
  public static let maximumCount = 1 << 40

  /// The largest number of axes.
  public static let maximumRank = 8

  /// Checks sizes that come from outside.
  ///
  /// - Throws: ``EngineError/invalidShape(op:dimensions:reason:)`` for a negative size, too many axes,
  ///   or a product beyond ``maximumCount``.
  public init(checking dimensions: [Int], op: String) throws(EngineError) {
    guard dimensions.count <= Shape.maximumRank else {
      throw .invalidShape(
        op: op, dimensions: dimensions, reason: "at most \(Shape.maximumRank) axes are supported")
    }
    var count = 1
    for size in dimensions {
      guard size >= 0 else {
        throw .invalidShape(op: op, dimensions: dimensions, reason: "sizes must not be negative")
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow, product <= Shape.maximumCount else {
        throw .invalidShape(op: op, dimensions: dimensions, reason: "too many elements")
      }
      count = product
    }
    self.dimensions = dimensions
  }

  /// Number of axes.
  public var rank: Int { dimensions.count }

  /// Number of elements; 1 for a scalar.
  public var count: Int {
    var count = 1
    for size in dimensions { count *= size }
    return count
  }

  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// Printed as `[2, 3]`.
  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }

  /// Row-major strides in elements.
  var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(dimensions[axis + 1], 1)
    }
    return strides
  }

  /// Resolves an axis that may count from the end.
  ///
  /// - Throws: ``EngineError/invalidAxis(op:axis:rank:)`` outside `-rank..<rank`.
  func resolve(axis: Int, op: String) throws(EngineError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw .invalidAxis(op: op, axis: axis, rank: rank)
    }
    return axis < 0 ? axis + rank : axis
  }

  /// Resolves several distinct axes, sorted; `nil` means all of them.
  func resolve(axes: [Int]?, op: String) throws(EngineError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    var resolved = axes
    for (index, axis) in axes.enumerated() where axis < 0 || axis >= rank {
      resolved[index] = try resolve(axis: axis, op: op)
    }
    guard resolved.count > 1 else { return resolved }
    resolved.sort()
    guard zip(resolved, resolved.dropFirst()).allSatisfy({ $0 != $1 }) else {
      throw .invalidArgument(op: op, argument: "axes", expected: "distinct axes", got: "\(axes)")
    }
    return resolved
  }

  /// The shape two operands broadcast to (NumPy's rule).
  static func broadcasting(_ lhs: Shape, _ rhs: Shape, op: String) throws(EngineError) -> Shape {
    if lhs == rhs { return lhs }
    let rank = max(lhs.rank, rhs.rank)
    var sizes = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      let a = axis < rank - lhs.rank ? 1 : lhs[axis - (rank - lhs.rank)]
      let b = axis < rank - rhs.rank ? 1 : rhs[axis - (rank - rhs.rank)]
      guard a == b || a == 1 || b == 1 else {
        throw .shapeMismatch(op: op, lhs: lhs, rhs: rhs)
      }
      sizes[axis] = a == 1 ? b : a
    }
    return try Shape(checking: sizes, op: op)
  }
}
