import Engine
import LuaBridge
import TestSupport
import Testing

@testable import Host

/// Faults that hide: in one region, at one sort of image, in one dtype; and honest plugins that look odd.
@Suite("Faults of constraints that hide, and none where there is none")
struct PluginFaultTests {
  struct Plugin: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let distance: String

    init(_ name: String, _ distance: String) { (testDescription, self.distance) = (name, distance) }

    /// Σx² with a gradient of its own, where `w` is the cotangent as images.
    static func custom(_ name: String, _ slope: String) -> Plugin {
      Plugin(
        name,
        """
        return mg.custom { value = x:square():sum { 2, 3, 4 }, inputs = { x }, vjp = function(v)
          local w = v:reshape(-1, 1, 1, 1)
          return \(slope)
        end }
        """)
    }
  }

  private func check(_ plugin: Plugin) throws -> PluginReport {
    let source = """
      return mg.constraint { name = "tried", distance = function(x, p)
      \(plugin.distance)
      end }
      """
    return try withPluginFiles(["tried.lua": source]) {
      try PluginCheck(registry: standardRegistry())("\($0)/tried.lua")
    }
  }

  /// The check fails, and nothing before it: it is what the report is named after.
  private func expectCaught(_ plugin: Plugin, by check: String, as fault: PluginFault) throws {
    let report = try self.check(plugin)
    let first = report.results.first { $0.status == .failed }
    #expect(first?.name == check, "\(report.failures)")
    #expect(report.fault == fault && !report.isGreen, "\(report.failures)")
  }

  static let wrongGradients: [Plugin] = [
    .custom(
      "twice as steep where pixels are bright", "w * 2 * x * mg.where(x:gt(1), 2, 1):to(x.dtype)"),
    .custom(
      "twice as steep where the total is negative",
      "w * 2 * x * mg.where(x:sum({ 2, 3, 4 }, true):lt(0), 2, 1):to(x.dtype)"),
    .custom("twice as steep far out", "w * 2 * x * mg.where(x:abs():gt(5), 2, 1):to(x.dtype)"),
    .custom(
      "wrong for faint images",
      "w * 2 * x * mg.where(x:square():mean({ 2, 3, 4 }, true):lt(1e-2), 3, 1):to(x.dtype)"),
    .custom("of the other sign", "-w * 2 * x"),
    .custom(
      "without the last column", "(w * 2 * x)[{ {}, {}, {}, { 1, -2 } }]:pad { { 0, 0 }, { 0, 1 } }"
    ),
    .custom("without the loss's weight", "2 * x + w * 0"),
    .custom("with the loss's weight twice", "w * w * 2 * x"),
    .custom("divided by the batch", "w * 2 * x / x.shape[1]"),
    .custom("one per cent off", "w * 2.02 * x"),
    .custom("of the next image", "(w * 2 * x):roll(1, 1)"),
    .custom("with something added", "w * (2 * x + 0.01)"),
    .custom("right in Float64 only", "x.dtype == 'float32' and w * x or w * 2 * x"),
  ]

  @Test("A wrong gradient is caught by name", arguments: wrongGradients)
  func wrongGradient(_ plugin: Plugin) throws {
    try expectCaught(plugin, by: "gradient", as: .badGradient)
  }

  static let ignorant: [Plugin] = [
    Plugin("its shape only", "return mg.full({ x.shape[1] }, x.shape[3] * x.shape[4], x.dtype)"),
    Plugin("the stopped image", "return (mg.stop_gradient(x) - 1):abs():mean { 2, 3, 4 }"),
    Plugin("nothing of it: 0", "return (x * 0):sum { 2, 3, 4 }"),
    Plugin("zeros like it", "return mg.zeros_like(x):sum { 2, 3, 4 }"),
    Plugin("it minus itself", "return (x - x):abs():sum { 2, 3, 4 } + 3"),
    Plugin(
      "other images", "return (mg.rand(x.shape, 3):to(x.dtype) - 0.2):square():mean { 2, 3, 4 }"),
    .custom("a gradient of zeros", "x * 0"),
    Plugin("a comparison", "return x:gt(0.5):to(x.dtype):mean { 2, 3, 4 }"),
    Plugin("rounded pixels", "return (x:round() - 1):abs():mean { 2, 3, 4 }"),
    Plugin("one of two numbers", "return mg.where(x:sum { 2, 3, 4 }:gt(128), 2, 1):to(x.dtype)"),
  ]

  @Test(
    "A distance that ignores its input, or passes no gradient to it, is caught", arguments: ignorant
  )
  func ignored(_ plugin: Plugin) throws {
    try expectCaught(plugin, by: "reaches input", as: .badGradient)
  }

  static let negative: [Plugin] = [
    Plugin("strong", "local m = x:square():mean { 2, 3, 4 } return m - m * m / 1e4"),
    Plugin("very strong", "local m = x:square():mean { 2, 3, 4 } return 2 * m - m ^ 1.5 / 1e2"),
    Plugin("faint", "local m = x:square():mean { 2, 3, 4 } return m - 1e-5 * (-m * 1e5):exp()"),
    Plugin("flat", "return x:var { 2, 3, 4 } - 1e-3"),
    Plugin("dark", "return (x:mean { 2, 3, 4 } + 4):abs() - 0.1"),
    Plugin("of one total", "return (x:sum { 2, 3, 4 } - 7):abs() - 0.01"),
    Plugin("of small squares", "return (x:square():mean { 2, 3, 4 } + 1e-8):log()"),
    Plugin("far below", "return x:sum { 2, 3, 4 } + 3000"),
    Plugin("of negative brightest pixel", "return x:max { 2, 3, 4 }"),
    Plugin(
      "striped",
      "return 0.4 - (x[{ {}, {}, {}, { 2, -1, 2 } }] - x[{ {}, {}, {}, { 1, -2, 2 } }]):mean { 2, 3, 4 }"
    ),
  ]

  @Test("A distance that is negative for some images is caught", arguments: negative)
  func negativeSomewhere(_ plugin: Plugin) throws {
    try expectCaught(plugin, by: "non-negative", as: .badResult)
  }

  static let broken: [Plugin] = [
    Plugin(
      "root of a variance", "return (x - x:mean({ 2, 3, 4 }, true)):square():sum { 2, 3, 4 }:sqrt()"
    ),
    Plugin("power of one half", "return x:square():sum { 2, 3, 4 } ^ 0.5"),
    Plugin("power below one", "return (x:abs() ^ 0.3):mean { 2, 3, 4 }"),
    Plugin(
      "root at equal neighbours",
      "return ((x - x:roll(1, 4)):square() + (x - x:roll(1, 3)):square()):sqrt():mean { 2, 3, 4 }"),
    Plugin("root on the set of a total", "return (x:sum { 2, 3, 4 } - 7):square():sqrt()"),
    Plugin("a direction", "return (x / x:norm({ 2, 3, 4 }, true) - 0.1):abs():mean { 2, 3, 4 }"),
    Plugin(
      "contrast stretched",
      "local lo, hi = x:min({ 2, 3, 4 }, true), x:max({ 2, 3, 4 }, true) return ((x - lo) / (hi - lo)):var { 2, 3, 4 }"
    ),
    Plugin(
      "angles of gradients",
      "return mg.atan2(x - x:roll(1, 4), x - x:roll(1, 3)):square():mean { 2, 3, 4 }"),
    Plugin(
      "a root that where does not save",
      "local n = x:square():sum({ 2, 3, 4 }, true) return mg.where(n:gt(0), n:sqrt(), 0):sum { 2, 3, 4 }"
    ),
    Plugin("root of a symmetry", "return (x - x:flip(4)):square():sum { 2, 3, 4 }:sqrt()"),
    Plugin("a logarithm times 0", "return (x:abs():log() * x):abs():mean { 2, 3, 4 }"),
  ]

  @Test("A gradient that is not finite at a kink is caught", arguments: broken)
  func brokenAtAKink(_ plugin: Plugin) throws {
    let report = try check(plugin)
    #expect(report.result("kinks")?.status == .failed, "\(report.results)")
    #expect(report.result("gradient")?.status != .failed, "\(report.failures)")
    #expect(report.result("kinks")?.hint != nil)
  }

  static let honest: [Plugin] = [
    Plugin("norm", "return (x - x:flip(4)):norm { 2, 3, 4 }"),
    Plugin("largest of equal pixels", "return (x:max { 2, 3, 4 } - 1):abs()"),
    Plugin("median", "return (x:reshape(x.shape[1], -1):median(2) - 0.2):abs()"),
    Plugin("order", "return (x:sort(4) - x):abs():mean { 2, 3, 4 }"),
    Plugin("soft count", "return (((x - 0.5) * 20):sigmoid():sum { 2, 3, 4 } - 100):abs()"),
    Plugin("tiny", "return (x - x:flip(3)):square():mean { 2, 3, 4 } * 1e-14"),
    Plugin("huge", "return (x:sum { 2, 3, 4 } - 7):square() * 1e12"),
    Plugin(
      "colour only",
      "assert(x.shape[2] == 3) return (x:mean { 3, 4 }[{ {}, 1 }] - x:mean { 3, 4 }[{ {}, 2 }]):abs()"
    ),
    Plugin(
      "wide",
      "assert(x.shape[4] == 2 * x.shape[3]) return (x - x:roll(x.shape[3], 4)):abs():mean { 2, 3, 4 }"
    ),
    Plugin(
      "upright",
      "assert(x.shape[3] == 2 * x.shape[4]) return (x - x:roll(x.shape[4], 3)):abs():mean { 2, 3, 4 }"
    ),
    Plugin("box around all data", "return ((x - 1e4):relu() + (-1e4 - x):relu()):mean { 2, 3, 4 }"),
    Plugin("steep", "return (x ^ 8):mean { 2, 3, 4 }"),
    Plugin("one pixel", "return (x[{ {}, 1, 1, 1 }] - 0.5):abs()"),
    .custom("gradient of its own", "w * 2 * x"),
    Plugin(
      "root saved by where",
      "local s = x:square():sum { 2, 3, 4 } local z = s:eq(0) return mg.where(z, 0, mg.where(z, 1, s):sqrt())"
    ),
  ]

  @Test("An honest plugin that looks odd is green", arguments: honest)
  func green(_ plugin: Plugin) throws {
    let report = try check(plugin)
    #expect(report.isGreen, "\(report.failures)")
  }

  @Test("A logarithm and a quotient are answered by what would help")
  func hints() throws {
    let log = try check(Plugin("log", "return x:log():abs():mean { 2, 3, 4 }"))
    #expect(
      log.results.first { $0.status == .failed }?.hint?.contains("goes below 0") == true,
      "\(log.failures)")
    let quotient = try check(
      Plugin(
        "quotient", "return (x / x:sum { 2, 3, 4, keepdims = true } - 1):abs():mean { 2, 3, 4 }"))
    #expect(
      quotient.results.contains { $0.hint?.contains("(a - b):abs()") == true },
      "\(quotient.failures)")
    let misspelt = try check(Plugin("misspelt", "return nothing(x)"))
    #expect(
      misspelt.results.first { $0.status == .failed }?.hint?.contains("--size") != true,
      "\(misspelt.failures)")
  }

  @Test("The images tried lie in the domain that a plugin states")
  func domain() throws {
    let source = """
      return mg.constraint { name = "tried", domain = { min = 0, max = 2 },
        distance = function(x, p)
          return ((x + 1e-4):log() - (x:flip(4) + 1e-4):log()):abs():mean { 2, 3, 4 }
        end }
      """
    let report = try withPluginFiles(["tried.lua": source]) {
      try PluginCheck(registry: standardRegistry())("\($0)/tried.lua")
    }
    for name in ["finite", "non-negative", "gradient", "independent images", "batch size"] {
      #expect(report.result(name)?.status != .failed, "\(report.results)")
    }
    let domain = ImageDomain(minimum: 0, maximum: 2)
    #expect([-0.5, 2.5, 0.25, 4.5, -3.5].map(domain.folded) == [0.5, 1.5, 0.25, 0.5, 0.5])
    #expect(ImageDomain(minimum: 1).folded(-1) == 3 && ImageDomain(maximum: 1).folded(3) == -1)
    #expect(ImageDomain().folded(-7) == -7)
  }

  @Test("A plugin for images of one size says how to name it")
  func oneSize() throws {
    let plugin = Plugin(
      "28", "assert(x.shape[3] == 28, '28 x 28 only') return x:abs():sum { 2, 3, 4 }")
    let report = try check(plugin)
    #expect(report.result("images")?.hint?.contains("--size") == true, "\(report.results)")
    #expect(report.fault == .runtimeError)
  }
}
