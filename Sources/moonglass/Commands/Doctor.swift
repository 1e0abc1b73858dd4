import ArgumentParser
import Engine
import Foundation

/// Says what the program finds on this machine.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what was detected on this machine: processor, threads, libraries.")

  func run() throws {
    print("processors   \(ProcessInfo.processInfo.activeProcessorCount)")
    print("threads      \(Threads.count)")
    print("memory       \(ProcessInfo.processInfo.physicalMemory >> 20) MiB")
    print(
      "OpenBLAS     \(blasCoreName().map { "kernels for \($0)" } ?? "not found: install libopenblas0")"
    )
    let size = 1024
    let a = try Tensor.normal(keys: RandomKey(seed: 1).tensor, shape: [size, size])
    let x = Tensor.placeholder("x", shape: a.shape)
    let product = try Program(inputs: [x], outputs: [x.matmul(x)])
    var best = Double.infinity
    for _ in 0..<5 {
      let start = DispatchTime.now().uptimeNanoseconds
      _ = try product.run([a])
      best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
    }
    print(
      String(
        format: "matmul       %.0f GFLOP/s at 1024³ (best of 5)",
        2 * pow(Double(size), 3) / best / 1e9))
  }
}
