import TestSupport
import Testing

@testable import Engine

/// Plans that evaluation finds again by structure.
@Suite struct PlanCacheTests {
  private func planned(_ cache: PlanCache, _ tensor: Tensor) throws -> ObjectIdentifier {
    ObjectIdentifier(try cache.plan(outputs: [tensor.node]).plan)
  }

  @Test func theSameOperationsOnOtherValuesArePlannedOnce() throws {
    let cache = PlanCache()
    func tensor(_ values: [Double], plus number: Double) throws -> Tensor {
      try (Tensor(values, shape: [3]) + number).exp().sum()
    }
    let first = try planned(cache, tensor([1, 2, 3], plus: 1))
    #expect(try planned(cache, tensor([4, 5, 6], plus: 1)) == first)
    #expect(try planned(cache, tensor([1, 2, 3], plus: 2)) != first, "numbers are structure")
    let (x, y) = (
      Tensor([1, 2, 3] as [Float], shape: [3]), Tensor([1, 2, 4] as [Float], shape: [3])
    )
    #expect(try planned(cache, x * x) != planned(cache, x * y))
  }

  @Test func plansThatAreLongUnusedGo() throws {
    let cache = PlanCache(capacity: 2)
    func tensor(_ count: Int) throws -> Tensor { try Tensor.ones([count]).exp() }
    let plans = try (1...3).map { try cache.plan(outputs: [tensor($0).node]).plan }
    #expect(try planned(cache, tensor(3)) == ObjectIdentifier(plans[2]))
    #expect(try planned(cache, tensor(1)) != ObjectIdentifier(plans[0]))
  }

  @Test(arguments: 0..<40) func laterValuesGiveTheirOwnResults(_ seed: Int) throws {
    let recipe = RandomGraph.Recipe(dtype: .float64)
    for valueSeed: UInt64 in 1...3 {
      let graph = try RandomGraph(
        seed: UInt64(60_000 + seed), nodeCount: 12, recipe: recipe, valueSeed: valueSeed)
      try evaluate(graph.outputs)
      for output in graph.outputs {
        let expected = try ReferenceEvaluator.values(of: output)
        let off = zip(try output.doubles(), expected).first {
          !(abs($0 - $1) <= 1e-10 * max(1, abs($1))) && !($0.isNaN && $1.isNaN) && $0 != $1
        }
        #expect(off == nil, "values \(valueSeed)")
      }
    }
  }
}
