import Engine

/// How a tensor prints: shape and dtype, and the values where they are known and few.
enum TensorText {
  private static let limit = 64

  static func describe(_ x: Tensor) -> String {
    let head = "tensor \(x.shape) \(x.dtype.rawValue)"
    guard x.entryCount <= limit, let values = try? x.doubles() else { return head }
    return head + " " + nested(values[...], x.shape.dimensions[...], x.dtype)
  }

  private static func nested(
    _ values: ArraySlice<Double>, _ dimensions: ArraySlice<Int>, _ dtype: DType
  ) -> String {
    guard let first = dimensions.first else { return values.first.map { text($0, dtype) } ?? "" }
    let rest = dimensions.dropFirst()
    let size = rest.reduce(1, *)
    let parts = (0..<first).map { index in
      let start = values.startIndex + index * size
      return nested(values[start..<start + size], rest, dtype)
    }
    return "{" + parts.joined(separator: ", ") + "}"
  }

  private static func text(_ value: Double, _ dtype: DType) -> String {
    switch dtype {
    case .bool: value != 0 ? "true" : "false"
    case .int32: "\(Int(value))"
    case .float32: shortest("\(Float(value))")
    case .float64: shortest("\(value)")
    }
  }

  private static func shortest(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// The values as nested Lua tables; a plain number for a scalar.
  static func list(_ x: Tensor) throws -> LuaValue {
    guard x.entryCount <= 1 << 20 else {
      throw ArgumentProblem("\(x.count) values are too many for a table")
    }
    let values = try x.doubles().map { value -> LuaValue in
      switch x.dtype {
      case .bool: .bool(value != 0)
      case .int32: .integer(Int(value))
      default: .number(value)
      }
    }
    return nest(values[...], x.shape.dimensions[...])
  }

  private static func nest(_ values: ArraySlice<LuaValue>, _ dimensions: ArraySlice<Int>)
    -> LuaValue
  {
    guard let first = dimensions.first else { return values.first ?? .nil }
    let rest = dimensions.dropFirst()
    let size = rest.reduce(1, *)
    return .table(
      LuaTable(
        array: (0..<first).map { index in
          let start = values.startIndex + index * size
          return nest(values[start..<start + size], rest)
        }))
  }
}

extension Tensor {
  /// Entries of the nested lists that show this tensor: an axis of size 0 does not hide the others.
  fileprivate var entryCount: Int { shape.dimensions.reduce(1) { $0 * Swift.max($1, 1) } }
}
