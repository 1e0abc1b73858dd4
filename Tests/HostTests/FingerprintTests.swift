import Engine
import LuaBridge
import Testing

@testable import Host

/// What decides whether a stage is done again.
@Suite struct FingerprintTests {
  private func text(_ tensor: Tensor) throws -> String {
    try LuaValue.table(LuaTable(fields: ["weights": .tensor(tensor)])).canonical()
  }

  @Test func aTensorIsItsNumbers() throws {
    let one = try text(Tensor([1, 2, 3] as [Float], shape: [3]))
    #expect(try one == text(Tensor([0, 1, 2] as [Float], shape: [3]) + 1))
    #expect(try one != text(Tensor([1, 2, 4] as [Float], shape: [3])))
    #expect(try one != text(Tensor([1, 2, 3] as [Float], shape: [3, 1])))
    // The same bytes as numbers of another kind: 0 is 0 in both.
    #expect(try text(.zeros([2])) != text(.zeros([2], dtype: .int32)))
  }

  @Test func aRecipesTensorIsItsNumbers() throws {
    func constraint(_ numbers: String) throws -> String {
      let recipe = "return mg.recipe { constraint = { 'affine', a = mg.tensor { \(numbers) } } }"
      return try withPluginFiles(["r.lua": recipe]) { folder in
        try standardRegistry().recipe(file: "\(folder)/r.lua").values["constraint"].canonical()
      }
    }
    #expect(try constraint("1, 2") == constraint("1, 2"))
    #expect(try constraint("1, 2") != constraint("1, 3"))
  }
}
