import ArgumentParser
import Engine
import Foundation
import Host
import LuaBridge

/// Proves a plugin.
struct PluginCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract:
      "Try out everything a constraint or operator must do; exit code 65 if something fails.",
    discussion: """
      ✓ passed   ✗ failed   ! to know about   · not looked at
      """)

  @Argument(help: "A Lua file, or the name of a plugin.", completion: .file(extensions: ["lua"]))
  var plugin: String

  @OptionGroup var options: PluginOptions

  @Option(help: "Sizes of the images to try, as CxHxW (default: those that fit).")
  var size: String?

  @Option(help: "Images that obey the rule: a .npy file, [N, C, H, W] or [N, H, W].")
  var data: String?

  @Option(help: "Seed of the images tried.")
  var seed: UInt64 = 0

  @Flag(help: "Report as one line of JSON.")
  var json = false

  func run() throws {
    var report: PluginReport?
    try Terminal.reporting(isJSON: json) {
      var check = PluginCheck(registry: PluginOptions.registry)
      check.parameters = try options.table()
      check.seed = seed
      check.size = try size.map(PluginCheckCommand.sizes)
      check.validImages = try data.map { (try ImageFile.images($0), $0) }
      report = try check(plugin)
    }
    guard let report else { return }
    if json { try Terminal.json(report) } else { show(report) }
    if !report.isGreen { throw ExitCode(ExitStatus.dataError) }
  }

  static func sizes(_ text: String) throws -> [Int] {
    let sizes = text.split(separator: "x").compactMap { Int($0) }
    guard sizes.count == 3, sizes.allSatisfy({ (1...4096).contains($0) }) else {
      throw ValidationError("--size must be CxHxW, such as 1x32x32, got '\(text)'")
    }
    return sizes
  }

  private func show(_ report: PluginReport) {
    Terminal.line("\(report.kind) \(report.name)")
    let width = report.results.map(\.name.count).max() ?? 0
    for result in report.results {
      let name = result.name.padding(toLength: width, withPad: " ", startingAt: 0)
      Terminal.line("  \(mark(result.status)) \(name)  \(result.detail)")
      if let hint = result.hint {
        Terminal.line(String(repeating: " ", count: width + 6) + "hint: \(hint)")
      }
    }
    let failed = report.results.count { $0.status == .failed }
    Terminal.line(
      failed == 0
        ? "all green: \(report.results.count { $0.status == .passed }) checks passed"
        : "\(failed) of \(report.results.count) checks failed")
  }

  private func mark(_ status: CheckResult.Status) -> String {
    switch status {
    case .passed: "✓"
    case .failed: "✗"
    case .warning: "!"
    case .skipped: "·"
    }
  }
}

/// Images of a person's own.
enum ImageFile {
  /// Reads `[N, C, H, W]`, or `[N, H, W]` as one channel, or one image, as Float32.
  static func images(_ path: String) throws -> Tensor {
    guard FileManager.default.fileExists(atPath: path) else { throw CommandError.missingFile(path) }
    var images = path.hasSuffix(".png") ? try PNG.read(path) : try NPY.read(path)
    images = try images.cast(to: .float32)
    while images.rank < 4, images.rank >= 2 {
      images = try images.expanded(axis: images.rank == 3 ? 1 : 0)
    }
    guard images.rank == 4, images.count > 0 else {
      throw EngineError.file(
        path: path, reason: "expected images [N, C, H, W], got \(images.shape)")
    }
    return images
  }
}
