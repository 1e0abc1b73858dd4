import Engine
import LuaBridge
import Testing

@testable import Host

/// What constraints made of others say of images.
@Suite struct CompositeTests {
  private struct Part: Constraint {
    var name = "part"
    var domain = ImageDomain()
    func distances(_ x: Tensor) throws -> Tensor { try x.abs().sum([1, 2, 3]) }
  }

  private func both(_ a: ImageDomain, _ b: ImageDomain) throws -> [ImageDomain] {
    let parts = [Part(name: "a", domain: a), Part(name: "b", domain: b)]
    return [
      try WeightedConstraints(name: "all", parts: parts.map { (1, $0) }).domain,
      try ProductConstraint(parts).domain,
    ]
  }

  @Test func theirDomainIsWhatAllPartsTake() throws {
    let (a, b) = (
      ImageDomain(channels: 1, minimum: 0, maximum: 1),
      ImageDomain(height: 8, minimum: -1, maximum: 0.5)
    )
    for domain in try both(a, b) + both(b, a) {
      #expect(domain == ImageDomain(channels: 1, height: 8, minimum: 0, maximum: 0.5))
    }
    // One value is a range too.
    let point = try both(ImageDomain(maximum: 1), ImageDomain(minimum: 1))
    #expect(point.allSatisfy { $0.minimum == 1 && $0.maximum == 1 })
  }

  @Test func domainsThatExcludeEachOtherAreRefused() throws {
    for (a, b, expected) in [
      (
        ImageDomain(height: 8), ImageDomain(height: 16), "of one height, got 8 of 'a' and 16 of 'b'"
      ),
      (ImageDomain(channels: 1), ImageDomain(channels: 2), "number of channels"),
      (ImageDomain(maximum: 0), ImageDomain(minimum: 1), "at least 1.0 and at most 0.0"),
    ] {
      let error = #expect(throws: EngineError.self) { try both(a, b) }
      #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }
    // In a plugin the error says where.
    func plugin(_ height: Int) -> String {
      """
      return mg.constraint {
        name = "h\(height)", domain = { height = \(height) },
        distance = function(x) return x:abs():mean { 2, 3, 4 } end,
      }
      """
    }
    try withPluginFiles([
      "a.lua": plugin(8), "b.lua": plugin(16), "all.lua": "return mg.all { 'a.lua', 'b.lua' }",
    ]) { folder in
      var registry = standardRegistry()
      registry.searchPath.roots = [folder]
      let error = #expect(throws: LuaError.self) { try registry.constraint(named: "all.lua") }
      #expect(error?.message.contains("all.lua:1: ") == true, "\(error?.message ?? "")")
    }
  }

  @Test func everyPartHasALabelOfItsOwn() throws {
    for names in [["x", "x_2", "x"], ["x", "x", "x_2"], ["x", "x", "x"]] {
      let product = try ProductConstraint(names.map { Part(name: $0) })
      let labels = try product.metrics(.ones([1, 1, 2, 2])).map(\.name)
      #expect(Set(labels).count == 3 && labels[0] == "x", "\(labels)")
    }
    let counted = try ProductConstraint(["x", "x", "x"].map { Part(name: $0) })
    #expect(try counted.metrics(.ones([1, 1, 2, 2])).map(\.name) == ["x", "x_2", "x_3"])
  }
}
