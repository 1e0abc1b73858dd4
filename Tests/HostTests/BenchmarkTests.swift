import Engine
import Foundation
import Testing

@testable import Host

/// The benchmarks at sizes that take milliseconds: that all of them run, and what they report.
@Suite struct BenchmarkTests {
  private var tiny: BenchmarkSettings {
    var settings = BenchmarkSettings()
    settings.reduction = .tiny
    return settings
  }

  @Test(arguments: Benchmark.all.map(\.name)) func everyCaseRuns(_ name: String) throws {
    let benchmark = try #require(try Benchmark.named([name]).first)
    let result = try benchmark.measure(tiny, steps: 3, warmup: 1)
    #expect(result.name == name && result.steps == 3)
    let (least, most) = (try #require(result.minimum), try #require(result.percentile90))
    #expect(least > 0 && least <= result.median && result.median <= most)
    #expect(try #require(result.prepare) <= #require(result.warmup))
    let line = try JSONEncoder().encode(result)
    let fields = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
    for key in [
      "case", "median_s", "min_s", "p90_s", "steps", "threads", "peak_rss_mb", "warmup_s",
    ] { #expect(fields[key] != nil, "\(name) lacks \(key)") }
  }

  @Test(arguments: ["namm_step", "score_step", "sample_step", "mirror_dps_step"])
  func modelsTakeTheOtherSettings(_ name: String) throws {
    var settings = tiny
    settings.size = .full
    settings.constraint = Burgers()
    let benchmark = try #require(try Benchmark.named([name]).first)
    let result = try benchmark.measure(settings, steps: 1, warmup: 0)
    #expect(result.constraint == (benchmark.settingsUsed.contains(.constraint) ? "burgers" : nil))
    #expect(result.size == (benchmark.settingsUsed.contains(.size) ? "full" : nil))
  }

  @Test func aConstraintInLuaIsTimedLikeOneInSwift() throws {
    var settings = tiny
    settings.constraint = try PluginRegistry.standard(print: { _ in }).constraint(
      named: repositoryFile("plugins/constraints/burgers.lua"))
    let step = try #require(try Benchmark.named(["namm_step"]).first)
    #expect(try step.measure(settings, steps: 1, warmup: 0).constraint == "burgers")
  }

  private func repositoryFile(_ path: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(path).path
  }

  /// Rates are quoted by these formulas: the peer's.
  @Test func operationsOfConvolutionsAndProductsAreThePeers() throws {
    let expected = [
      "gemm_1024": 2.147, "gemm_4096x576x64": 0.302, "gemm_65536x576x64": 4.832,
      "conv3x3_fwd": 4.832, "conv3x3_train": 14.496, "conv_icnn32": 3.624, "conv_res256": 14.496,
      "conv_down64_128": 7.248, "conv_up256_128": 7.248, "conv7x7_1_64": 1.233,
      "conv7x7_64_1": 1.233,
    ]
    for (name, gflop) in expected {
      let benchmark = try #require(try Benchmark.named([name]).first)
      let flops = try #require(try benchmark.prepare(BenchmarkSettings()).flops)
      #expect(abs(flops / 1e9 - gflop) < 1e-3, "\(name)")
    }
  }

  @Test func namesAndGroupsFindEachCaseOnce() throws {
    #expect(try Benchmark.named([]).count == Benchmark.all.count)
    #expect(Set(Benchmark.all.map(\.name)).count == Benchmark.all.count)
    let names = try Benchmark.named(["conv_sweep", "conv", "gemm_1024"]).map(\.name)
    #expect(names.count == 9 && Set(names).count == 9)
    #expect(Benchmark.all.allSatisfy { $0.peers.isEmpty == $0.groups.contains("lua") })
    do {
      _ = try Benchmark.named(["nam_step"])
      Issue.record("a name that is none was taken")
    } catch {
      #expect(error.message.contains("did you mean 'namm_step'?"))
    }
  }

  @Test func ratiosAreTakenRoundByRound() {
    func result(_ seconds: Double, _ memory: Double) -> BenchmarkResult {
      BenchmarkResult(name: "x", median: seconds, peakMemory: memory)
    }
    let report = ComparisonReport(
      "x", peer: "x", ours: [result(1, 100), result(2, 100), result(4, 100)],
      theirs: [result(3, 200), result(4, 300), result(4, 200)], isDisturbed: false)
    #expect(report.ratio == 2 && report.minimumRatio == 1 && report.maximumRatio == 3)
    #expect(report.ourSeconds == 2 && report.theirSeconds == 4 && report.memoryRatio == 2)
  }
}
