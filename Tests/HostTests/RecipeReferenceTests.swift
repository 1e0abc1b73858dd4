import Foundation
import LuaBridge
import TestSupport
import Testing

@testable import Host

/// The page of settings is what reads them.
@Suite("The recipe reference is true")
struct RecipeReferenceTests {
  private func settings() throws -> SettingsLog {
    let log = SettingsLog()
    let least = LuaTable(fields: [
      "data": .table(LuaTable(array: [.string("burgers")])), "constraint": .string("burgers"),
    ])
    _ = try ExperimentSettings(least, file: "some.lua", log: log)
    return log
  }

  @Test("The committed page is what the readers give")
  func committed() throws {
    let text = try RecipeReference.markdown()
    #expect(try CommittedPage.firstDifference("docs/recipe.md", text) == nil, "run `make docs`")
  }

  @Test("Every setting has a meaning, and what it may be")
  func complete() throws {
    let log = try settings()
    for entry in log.entries {
      #expect(!entry.meaning.isEmpty && !entry.values.isEmpty, "\(entry.path).\(entry.name)")
    }
    let names = log.entries.map { "\($0.path).\($0.name)" }
    for name in [
      "solve.guidance_limit", "namm.strong_convexity", "namm.regularizer_weight",
      "namm.cycle_weight", "namm.fixed_inverse_noise", "namm.reduction", "finetune.inverse_noise",
      "mdm.average_decay", "solve.mirror_dps_scale", "solve.cg_dps_weight", "counter.fewest",
      "vae.kl_weight", "validation.patience", ".preset", ".operator",
    ] {
      #expect(names.contains(name), "\(name)")
    }
  }

  /// A setting that is listed but not accepted, or the reverse, would be a reader that lies.
  @Test("What is listed is accepted under that name, and nothing else is")
  func accepted() throws {
    let log = try settings()
    for path in log.paths where !path.isEmpty && !path.hasPrefix("data") {
      var recipe = LuaTable(fields: [
        "data": .table(LuaTable(array: [.string("burgers")])), "constraint": .string("burgers"),
      ])
      recipe[path] = .table(LuaTable(fields: ["no_such_setting": .integer(1)]))
      let error = #expect(throws: RunError.self) { try ExperimentSettings(recipe, file: "a.lua") }
      guard case .unknownSetting(path, "no_such_setting", let known)? = error else {
        Issue.record("\(path): \(String(describing: error))")
        continue
      }
      let listed = log.entries.filter { $0.path == path }.map(\.name)
      #expect(Set(known) == Set(listed), "\(path)")
    }
  }

  @Test("A recipe without a name has that of its file")
  func fileName() throws {
    let recipe = LuaTable(fields: [
      "data": .table(LuaTable(array: [.string("burgers")])), "constraint": .string("burgers"),
    ])
    #expect(try ExperimentSettings(recipe, file: "a/rows.lua").name == "rows")
    #expect(throws: RunError.self) { try ExperimentSettings(recipe, file: "a/my rows.lua") }
  }
}
