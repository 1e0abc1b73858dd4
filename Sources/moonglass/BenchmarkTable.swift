import Foundation
import Host

/// A value as one line of JSON.
func jsonLine(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Results for people: one line a case.
enum BenchmarkTable {
  static let header =
    "case".padded(to: 20) + columns.map { $0.title.padded(to: -$0.width) }.joined()
  private static let columns: [(title: String, width: Int)] = [
    ("median ms", 11), ("min ms", 11), ("p90 ms", 11), ("steps", 7), ("GFLOP/s", 9),
    ("peak MiB", 10), ("warm-up s", 11),
  ]

  static func row(_ result: BenchmarkResult) -> String {
    let times = [result.median, result.minimum, result.percentile90].map {
      number($0.map { $0 * 1000 }, 11, digits: 2)
    }
    let cells = [
      number(result.steps.map(Double.init), 7), number(result.gflopPerSecond, 9),
      number(result.peakMemory, 10), number(result.warmup, 11, digits: 2),
    ]
    let row = result.name.padded(to: 20) + (times + cells).joined()
    guard let others = result.otherProcessors, result.isDisturbed else { return row }
    return row + String(format: "  others kept %.1f processors busy: repeat", others)
  }

  fileprivate static func number(_ value: Double?, _ width: Int, digits: Int = 0) -> String {
    (value.map { String(format: "%.\(digits)f", $0) } ?? "").padded(to: -width)
  }
}

/// Comparisons for people: one line a case.
enum ComparisonTable {
  static let header =
    "case".padded(to: 20) + columns.map { $0.title.padded(to: -$0.width) }.joined()
    + "  their case"
  private static let columns: [(title: String, width: Int)] = [
    ("ours ms", 11), ("theirs ms", 11), ("ratio", 8), ("spread", 14), ("memory", 8),
  ]

  static func row(_ report: ComparisonReport) -> String {
    let spread = String(format: "%.2f–%.2f", report.minimumRatio, report.maximumRatio)
    let cells = [
      BenchmarkTable.number(report.ourSeconds * 1000, 11, digits: 2),
      BenchmarkTable.number(report.theirSeconds * 1000, 11, digits: 2),
      BenchmarkTable.number(report.ratio, 8, digits: 2), spread.padded(to: -14),
      BenchmarkTable.number(report.memoryRatio, 8, digits: 2),
    ]
    return report.name.padded(to: 20) + cells.joined() + "  " + report.peer
      + (report.isDisturbed ? " (disturbed)" : "")
  }

  static func footer(isDisturbed: Bool) -> String {
    let meaning =
      "ratio: their time over ours, median and spread over the rounds; memory: their peak over ours"
    guard isDisturbed else { return meaning }
    return meaning
      + "\nwarning: other programs kept processors busy during the lines marked disturbed; "
      + "repeat them on an idle machine"
  }
}

extension String {
  /// Spaces after the text up to a width, or before it where the width is negative.
  func padded(to width: Int) -> String {
    let spaces = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? spaces + self : self + spaces
  }
}
