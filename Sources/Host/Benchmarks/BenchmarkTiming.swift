import Engine
import Foundation

extension Benchmark {
  /// Times the work.
  ///
  /// - Parameters:
  ///   - steps: timed repetitions; `nil`: as many as the case takes by itself.
  ///   - warmup: repetitions before the clock starts.
  ///   - profile: collects the kernel calls of the timed repetitions.
  public func measure(
    _ settings: BenchmarkSettings = BenchmarkSettings(), steps: Int? = nil, warmup: Int = 2,
    profile: Profile? = nil
  ) throws -> BenchmarkResult {
    let begin = Clock.seconds
    let prepared = try prepare(settings)
    let prepareSeconds = Clock.seconds - begin
    let counter = Profile()
    for number in 0..<max(warmup, 0) {
      Profile.current = number == 0 ? counter : nil
      defer { Profile.current = nil }
      try prepared.run()
    }
    let warmupSeconds = Clock.seconds - begin

    Profile.current = profile
    defer { Profile.current = nil }
    let (start, busy, own) = (Clock.seconds, Clock.busyProcessorSeconds, Clock.ownProcessorSeconds)
    var times: [Double] = []
    for _ in 0..<max(steps ?? self.steps, 1) {
      let start = Clock.seconds
      try prepared.run()
      times.append(Clock.seconds - start)
    }
    let elapsed = max(Clock.seconds - start, 1e-9)
    let others = Clock.busyProcessorSeconds.flatMap { now in
      busy.map { max(0, now - $0 - (Clock.ownProcessorSeconds - own)) / elapsed }
    }
    times.sort()
    let median = Benchmark.median(ofSorted: times)
    let counted = counter.flops > 0 ? counter.flops : nil
    let flops = prepared.flops ?? counted
    return BenchmarkResult(
      name: name, median: median, minimum: times[0],
      percentile90: times[max(0, Int((0.9 * Double(times.count)).rounded(.up)) - 1)],
      steps: times.count, threads: Threads.count, peakMemory: Clock.peakMemory,
      warmup: warmupSeconds, prepare: prepareSeconds, otherProcessors: others,
      gflop: flops.map { $0 / 1e9 }, gflopPerSecond: flops.map { $0 / median / 1e9 },
      isCounted: flops.map { _ in prepared.flops == nil },
      size: settingsUsed.contains(.size) ? settings.size.rawValue : nil,
      constraint: settingsUsed.contains(.constraint) ? settings.constraint.name : nil)
  }

  /// The middle of sorted numbers, of which there is at least one.
  static func median(ofSorted values: [Double]) -> Double {
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }
}

/// Time and memory as the system counts them.
private enum Clock {
  static var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

  /// Processor seconds that the whole machine has used since it started; `nil` off Linux.
  static var busyProcessorSeconds: Double? {
    guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
      let line = text.split(separator: "\n").first
    else { return nil }
    // user nice system idle iowait irq softirq steal, in ticks
    let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
    guard ticks.count == 8 else { return nil }
    return (ticks.reduce(0, +) - ticks[3] - ticks[4]) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static var usage: rusage {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return usage
  }

  /// Processor seconds of this process.
  static var ownProcessorSeconds: Double {
    let usage = usage
    return [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6
    }
  }

  /// Largest resident memory so far, MiB; Linux counts it in KiB.
  static var peakMemory: Double { Double(usage.ru_maxrss) / 1024 }
}
