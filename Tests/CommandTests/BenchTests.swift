import Foundation
import Testing

/// `moonglass bench` from the outside: results, comparisons, traces and messages.
@Suite(.serialized) struct BenchTests {
  /// A program like the one compared with, that takes half the time with channels last and writes down
  /// what it was asked.
  private let peer = """
    echo "$@" >> asked.txt
    case "$1" in *_nhwc) time=0.25;; *) time=0.5;; esac
    echo "some warning"
    echo "{\\"case\\": \\"$1\\", \\"median_s\\": $time, \\"peak_rss_mb\\": 100, \\"other_cpus\\": ${BUSY:-0}}"
    """

  private func lines(_ output: String) throws -> [[String: Any]] {
    try output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func aCaseIsTimedAndTraced() throws {
    try withFolder([:]) { folder in
      let bench = try Invocation.run(
        [
          "bench", "conv7x7_1_64", "--steps", "2", "--threads", "2", "--json", "--profile-trace",
          "trace.json",
        ], in: folder)
      #expect(bench.status == 0, "\(bench.errors)")
      let result = try #require(try lines(bench.output).first)
      #expect(result["case"] as? String == "conv7x7_1_64")
      #expect(result["steps"] as? Int == 2 && result["threads"] as? Int == 2)
      let data = try Data(contentsOf: folder.appendingPathComponent("trace.json"))
      let trace = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      let events = try #require(trace["traceEvents"] as? [[String: Any]])
      let counted = events.compactMap { ($0["args"] as? [String: Any])?["gflop"] as? Double }
      // Both repetitions, all three convolutions, by the kernels' own count.
      let gflop = try #require(result["gflop"] as? Double)
      #expect(counted.count == 6 && abs(counted.reduce(0, +) - 2 * gflop) < 1e-6)
    }
  }

  @Test func programsRunInTurnAndTheFasterLayoutCounts() throws {
    try withFolder(["peer.sh": peer]) { folder in
      let bench = try Invocation.run(
        [
          "bench", "conv7x7_1_64", "--against", "sh './peer.sh'", "--rounds", "2", "--steps", "1",
          "--threads", "2", "--json",
        ], in: folder)
      #expect(bench.status == 0, "\(bench.errors)")
      let report = try #require(try lines(bench.output).first)
      #expect(report["peer"] as? String == "conv7x7_1_64_nhwc")
      #expect(report["theirs_s"] as? Double == 0.25 && report["rounds"] as? Int == 2)
      let ours = try #require(report["ours_s"] as? Double)
      let (least, ratio, most) = (
        try #require(report["ratio_min"] as? Double), try #require(report["ratio"] as? Double),
        try #require(report["ratio_max"] as? Double)
      )
      #expect(ours > 0 && least <= ratio && ratio <= most && most > 0)
      let asked = try String(
        contentsOf: folder.appendingPathComponent("asked.txt"), encoding: .utf8)
      let options = "--json --threads 2 --steps 1\n"
      let round = "conv7x7_1_64 \(options)conv7x7_1_64_nhwc \(options)"
      #expect(asked == round + round)
    }
  }

  @Test func aDisturbedComparisonSaysSo() throws {
    try withFolder(["peer.sh": peer]) { folder in
      let bench = try Invocation.run(
        [
          "bench", "gemm_4096x576x64", "--against", "env BUSY=1.5 sh peer.sh", "--rounds", "1",
          "--steps", "1",
        ], in: folder)
      #expect(bench.status == 0, "\(bench.errors)")
      #expect(bench.output.contains("repeat them on an idle machine"), "\(bench.output)")
    }
  }

  @Test func theConstraintIsNamedAsTheOtherProgramDoes() throws {
    try withFolder(["peer.sh": "echo \"$@\" >> asked.txt; exit 3"]) { folder in
      let bench = try Invocation.run(
        [
          "bench", "icnn_fwd", "--against", "sh peer.sh", "--constraint", "lua:burgers", "--steps",
          "1",
        ],
        in: folder)
      #expect(bench.status == 69 && bench.errors.contains("status 3"), "\(bench.errors)")
      let asked = try String(
        contentsOf: folder.appendingPathComponent("asked.txt"), encoding: .utf8)
      #expect(asked.contains("--constraint burgers"), "\(asked)")
    }
  }

  @Test func mistakesAreExplained() throws {
    let small = ["bench", "gemm_4096x576x64", "--steps", "1", "--rounds", "1"]
    let cases: [(arguments: [String], status: Int32, message: String)] = [
      (["bench", "nam_step"], 64, "did you mean 'namm_step'?"),
      (["bench", "gemm", "--steps", "0"], 64, "--steps must be at least 1"),
      (["bench", "gemm", "--against", " "], 64, "--against needs a command"),
      (small + ["--against", "no_such_program_here"], 69, "not found"),
      (small + ["--against", "false"], 69, "status 1"),
      (small + ["--against", "true"], 69, "got nothing"),
      (small + ["--against", "echo"], 69, "got 'gemm_4096x576x64 --json"),
      (["bench", "namm_step", "--constraint", "burgerz"], 65, "did you mean 'burgers'?"),
    ]
    try withFolder([:]) { folder in
      for (arguments, status, message) in cases {
        let bench = try Invocation.run(arguments, in: folder)
        #expect(bench.status == status && bench.errors.contains(message), "\(bench.errors)")
      }
    }
  }
}
