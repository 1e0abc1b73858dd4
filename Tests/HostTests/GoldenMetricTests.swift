import Engine
import Host
import TestSupport
import Testing

/// The maximum mean discrepancy against the authors' implementation.
@Suite struct GoldenMetricTests {
  private static let files = Golden.names("mmd")

  @Test(.enabled(if: !files.isEmpty, "no discrepancies are at hand"), arguments: files)
  func discrepancy(_ name: String) throws {
    let golden = try Golden.open(name)
    let (x, y) = (try golden["X"], try golden["Y"])
    let scales = try golden["length_scales"].doubles()
    func lengthScales(of kernel: Substring) throws -> [Double] {
      if kernel == "mix" { return scales }
      let number = try #require(Int(kernel.dropFirst()))
      return [scales[number]]
    }
    var checked = 0
    for (key, tensor) in golden.tensors {
      // Such as `mmd2/l0_biased`.
      let parts = key.split(separator: "/")
      guard parts.count == 2, parts[0] != "estimate_sigma" else { continue }
      let words = parts[1].split(separator: "_")
      let (kernel, ending) = (try #require(words.first), try #require(words.last))
      let mmd = try MMD(lengthScales: lengthScales(of: kernel))
      let estimator = try #require(MMD.Estimator(rawValue: String(ending)))
      let expected = try tensor.item()
      let actual: Double =
        switch parts[0] {
        case "mmd2": try mmd.squared(x, y, estimator: estimator)
        case "var": try mmd.variance(x, y)
        case "ratio": try mmd.ratio(x, y)
        default: .nan
        }
      #expect(
        abs(actual - expected) < 1e-4 * abs(expected) + 1e-6, "\(key): \(actual), not \(expected)")
      checked += 1
    }
    #expect(checked >= 2 * scales.count)
    #expect(
      try relativeError(
        Tensor([MMD.medianLengthScale(x)], shape: [1]), golden["estimate_sigma/X"]) < 1e-4)
    #expect(
      try relativeError(
        Tensor(MMD.medianHeuristic(x, y).lengthScales, shape: [1]), golden["estimate_sigma/pooled"])
        < 1e-4)
  }
}
