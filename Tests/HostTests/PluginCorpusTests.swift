import Engine
import Foundation
import Host
import LuaBridge
import Testing

private let corpusFolder = ProcessInfo.processInfo.environment["MOONGLASS_BAD_PLUGINS"]

/// Hostile plugins, each run in this process, with an honest one after it.
///
/// The corpus lies in the folder that `MOONGLASS_BAD_PLUGINS` names; without it the test is
/// skipped.
@Suite("Hostile plugins", .enabled(if: corpusFolder != nil, "MOONGLASS_BAD_PLUGINS is not set"))
struct PluginCorpusTests {
  /// Single calls of Lua's own pattern matcher cannot be interrupted; they wait for a budgeted one.
  static let uninterruptible = ["t08_pattern_backtrack", "t09_pattern_quadratic"]

  static var files: [String] {
    guard let folder = corpusFolder else { return [] }
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasSuffix(".lua") && !uninterruptible.contains(String($0.dropLast(4))) }.sorted()
  }

  private static let limits = LuaLimits(seconds: 1, memory: 64 << 20)

  /// Loads it and asks it three times (or 1100 where it takes that long to go wrong).
  private static func run(_ file: String, print: @escaping LuaRuntime.Printer) throws -> [Double] {
    let registry = PluginRegistry(limits: limits, print: print)
    let constraint = try registry.constraint(named: file)
    let repeats = file.contains("e06_") || file.contains("m07_") ? 1100 : 3
    let x = Tensor((0..<128).map { Float($0) / 128 }, shape: [2, 1, 8, 8])
    var values: [Double] = []
    for _ in 0..<repeats {
      let distances = try constraint.distances(x)
      let gradient = try gradient(of: distances.sum(), withRespectTo: [x])[0]
      values = try distances.doubles() + gradient.doubles()
    }
    return values
  }

  @Test("is contained")
  func corpus() throws {
    let folder = try #require(corpusFolder)
    let control = try Self.run("\(folder)/ok01_sum.lua") { _ in }
    for name in Self.files {
      let start = Date()
      var outcome: String
      do {
        let values = try Self.run("\(folder)/\(name)") {
          #expect(!$0.contains("ESCAPED"), "\(name)")
        }
        outcome = values.allSatisfy(\.isFinite) ? "ran" : "ran, not finite"
      } catch {
        let diagnostic = error as? any Diagnostic
        outcome = "\(diagnostic?.code ?? "untyped"): \(diagnostic?.message ?? "\(error)")"
      }
      let seconds = Date().timeIntervalSince(start)
      print("corpus \(name) \(String(format: "%.2f", seconds)) s \(outcome.prefix(150))")
      #expect(!outcome.contains("ESCAPED") && !outcome.contains("untyped"), "\(name): \(outcome)")
      #expect(seconds < 3 || name.hasPrefix("e06"), "\(name) took \(seconds) s")
      #expect(try Self.run("\(folder)/ok01_sum.lua") { _ in } == control, "after \(name)")
    }
  }
}
