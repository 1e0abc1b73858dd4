import Engine
import Foundation

/// Values as an interactive session shows them: matrices row under row.
public enum LuaText {
  /// Larger tensors are shown by their corners.
  private static let edge = 4, wholeLimit = 12

  /// The text of any value.
  public static func describe(_ value: LuaValue) -> String {
    switch value {
    case .tensor(let x): describe(x)
    case .string(let text): String.escaping(text.utf8)
    case .table(let table): describe(table, depth: 0)
    case .definition(let definition): "\(definition.kind.rawValue) '\(definition.name)'"
    case .function(let function):
      function.line > 0 ? "function of \(function.file):\(function.line)" : "function"
    default: value.summary
    }
  }

  private static func describe(_ table: LuaTable, depth: Int) -> String {
    guard depth < 4 else { return "{…}" }
    func text(_ value: LuaValue) -> String {
      switch value {
      case .string(let text): "\"\(String.escaping(text.utf8))\""
      case .table(let inner): describe(inner, depth: depth + 1)
      case .tensor(let x): "tensor \(x.shape)"
      default: describe(value)
      }
    }
    let limit = 20
    var parts = table.array.prefix(limit).map(text)
    if table.array.count > limit { parts.append("… \(table.array.count) in all") }
    parts += table.fields.sorted { $0.key < $1.key }.map { "\($0.key) = \(text($0.value))" }
    return parts.isEmpty ? "{}" : "{ " + parts.joined(separator: ", ") + " }"
  }

  /// Shape, dtype and numbers; of more than two axes, one matrix after the other.
  private static func describe(_ x: Tensor) -> String {
    let head = "tensor \(x.shape) \(x.dtype.rawValue)"
    guard x.count > 0, x.count <= 1 << 24, let values = try? x.doubles() else { return head }
    let columns = x.shape.dimensions.last ?? 1
    let rows = x.rank > 1 ? x.shape[x.rank - 2] : 1
    let matrices = x.count / Swift.max(rows * columns, 1)
    let texts = texts(values, x.dtype, rows: rows, columns: columns, matrices: matrices)
    guard x.rank > 0 else { return head + "\n  " + (texts.first ?? "") }
    let width = texts.map(\.count).max() ?? 0
    var next = texts.makeIterator()
    var lines = [head]
    for matrix in picks(matrices) {
      guard let matrix else {
        lines.append("  …")
        continue
      }
      if matrices > 1 { lines.append("  [\(index(matrix, x))]") }
      for row in picks(rows) {
        let cells = picks(columns).map { column in
          guard row != nil, column != nil else {
            _ = next.next()
            return row == nil ? String(repeating: " ", count: Swift.max(width - 1, 0)) + "⋮" : "…"
          }
          let text = next.next() ?? ""
          return String(repeating: " ", count: width - text.count) + text
        }
        lines.append("  " + cells.joined(separator: "  "))
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The positions along an axis that are shown; `nil` stands for those left out.
  private static func picks(_ size: Int) -> [Int?] {
    guard size > wholeLimit else { return (0..<size).map { $0 } }
    return (0..<edge).map { $0 } + [nil] + (size - edge..<size).map { $0 }
  }

  /// 1-based indices of a matrix among the leading axes.
  private static func index(_ matrix: Int, _ x: Tensor) -> String {
    var (rest, parts) = (matrix, [String]())
    for size in x.shape.dimensions.dropLast(2).reversed() {
      parts.append("\(rest % size + 1)")
      rest /= size
    }
    return (parts.reversed() + ["·", "·"]).joined(separator: ", ")
  }

  /// The numbers shown, in order; those left out are empty.
  private static func texts(
    _ values: [Double], _ dtype: DType, rows: Int, columns: Int, matrices: Int
  ) -> [String] {
    var texts: [String] = []
    for case let matrix? in picks(matrices) {
      for row in picks(rows) {
        for column in picks(columns) {
          guard let row, let column else {
            texts.append("")
            continue
          }
          texts.append(text(values[(matrix * rows + row) * columns + column], dtype))
        }
      }
    }
    return texts
  }

  private static func text(_ value: Double, _ dtype: DType) -> String {
    switch dtype {
    case .bool: value != 0 ? "true" : "false"
    case .int32: "\(Int(value))"
    default: String(format: "%.5g", value)
    }
  }
}
