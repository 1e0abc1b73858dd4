import Testing

@testable import Host

@Suite("Problems of a recipe are placed")
struct RecipeTextTests {
  private static let source = """
    -- namm = { steps = 1 }
    local steps = 3
    return mg.recipe {
      data = { "burgers", count = 5 },
      mdm = { width = 8,
        steps = steps },
      namm = {
        batch = 2, -- steps = 4
        steps = 0 },
    }
    """

  @Test(
    arguments: [
      (["namm", "steps"], 9), (["mdm", "steps"], 6), (["namm"], 7), (["mdm", "width"], 5),
      (["namm", "missing"], 7), (["data", "count"], 4), (["nothing"], nil), (["a recipe"], nil),
    ] as [([String], Int?)])
  func line(_ path: [String], _ expected: Int?) {
    #expect(RecipeText.line(of: path, in: Self.source) == expected)
  }
}
