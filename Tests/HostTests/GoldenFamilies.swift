import Foundation
import TestSupport
import Testing

/// Every file of reference values is compared with something: tests take all files of a family.
@Suite struct GoldenFamilyTests {
  static let families = [
    "constraint_burgers", "constraint_count", "constraint_fluid", "constraint_flux",
    "constraint_periodic", "data", "dps", "generator_", "icnn_", "mmd", "namm_", "ncsnpp",
    "sampler_em", "score_optimizer", "sde",
  ]

  @Test(.enabled(if: Golden.folder != nil, "the full set is not at hand: small files only"))
  func everyFileIsOfAFamilyAndEveryFamilyIsThere() throws {
    let folder = try #require(Golden.folder)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".safetensors") }
    #expect(!files.isEmpty)
    for file in files {
      #expect(Self.families.contains { file.hasPrefix($0) }, "no test reads \(file)")
    }
    for family in Self.families {
      #expect(files.contains { $0.hasPrefix(family) }, "no \(family) in \(folder.path)")
    }
  }
}
