import Foundation
import LuaBridge
import Testing

@testable import Host

@Suite("Runs say what they chose and what changed")
struct StageSettingsTests {
  @Test("Changes are named, those of stages before by their names")
  func changes() {
    let old = ["namm.steps": "1", "seed": "0", "after.data": "a", "constraint": "x"]
    let new = ["namm.steps": "2", "seed": "0", "after.data": "b", "namm.batch": "3"]
    #expect(
      StageSettings.changes(from: old, to: new)
        == ["data", "the constraint or its file", "namm.batch", "namm.steps"])
    #expect(StageSettings.changes(from: old, to: old).isEmpty)
  }

  private func settings(_ namm: [String: LuaValue], preset: String? = nil) throws
    -> ExperimentSettings
  {
    var table = LuaTable(fields: [
      "data": .table(LuaTable(array: [.string("burgers")])), "constraint": .string("burgers"),
      "namm": .table(LuaTable(fields: namm)), "finetune": .table(LuaTable()),
    ])
    if let preset { table["preset"] = .string(preset) }
    return try ExperimentSettings(table, file: "a.lua")
  }

  @Test("Images choose the activation where the recipe does not")
  func activation() throws {
    var open = try settings([:])
    let isOpen = open.chooseActivation(hasNegativePixels: false)
    #expect(isOpen)
    #expect(open.namm.networks.inverse.activation == .softplus && !open.hasActivationOfImages)
    let isStillOpen = open.chooseActivation(hasNegativePixels: true)
    #expect(isStillOpen)
    #expect(open.namm.networks.inverse.activation == .none && open.hasActivationOfImages)
    #expect(
      open.finetuning?.settings.networks.inverse.activation == ResNetGenerator.Activation.none)
    var named = try settings(["activation": .string("softplus")])
    let isNamed = named.chooseActivation(hasNegativePixels: true)
    #expect(!isNamed)
    #expect(named.namm.networks.inverse.activation == .softplus)
    var flow = try settings([:], preset: "divergence_free")
    let isFlow = flow.chooseActivation(hasNegativePixels: true)
    #expect(isFlow)
    #expect(
      flow.namm.networks.inverse.activation == ResNetGenerator.Activation.none
        && !flow.hasActivationOfImages)
    #expect(ActivationChoice.percent(0.0031) == "0.31 %" && ActivationChoice.percent(1) == "100 %")
  }

  @Test("A difference that may be chance is told from one that is not")
  func error() {
    func side(_ mean: Double, _ std: Double) -> (ExperimentMetrics.Spread, Int) {
      (.init(mean: mean, std: std), 101)
    }
    // Two standard errors of the difference are 2·√(0.01 + 0.01) ≈ 0.283.
    #expect(ExperimentReport.isWithinError(side(1, 1), side(1.28, 1)))
    #expect(!ExperimentReport.isWithinError(side(1, 1), side(1.29, 1)))
  }

  @Test("Columns that hold nothing are left out")
  func columns() {
    let table = Table(headers: ["", "a", "b"], rows: [["x", "–", "1"], ["y", "–", "–"]])
    #expect(table.withoutEmptyColumns("–").headers == ["", "b"])
    #expect(table.withoutEmptyColumns("–").rows == [["x", "1"], ["y", "–"]])
  }
}
