import Engine
import Host
import TestSupport
import Testing

/// The built-in constraints against the authors' implementation.
@Suite struct GoldenConstraintTests {
  @Test(arguments: Golden.names("constraint_flux")) func totalBrightness(_ name: String) throws {
    let golden = try Golden.open(name)
    let constraint = TotalBrightness(total: try golden.setting("total_flux"))
    for set in sets(golden) {
      let x = try golden.image("\(set)/input")
      let (losses, expected) = (try constraint.distances(x), try golden["\(set)/losses"])
      let allowed = try 1e-5 * x.abs().sum([1, 2, 3]).max().item()
      #expect(try largestError(losses, expected) < allowed, "\(set)")
      try checkGradient(constraint, golden, set, x, tolerance: 1e-6)
    }
  }

  @Test(arguments: Golden.names("constraint_burgers")) func burgers(_ name: String) throws {
    let golden = try Golden.open(name)
    let constraint = Burgers(
      substeps: Int(try golden.setting("inner_steps")), timeStep: try golden.setting("dt"),
      viscosity: try golden.setting("nu"),
      domain: try golden.setting("x1") - golden.setting("x0"))
    for set in sets(golden) {
      let x = try golden.image("\(set)/input")
      let (losses, expected) = (try constraint.distances(x), try golden["\(set)/losses"])
      if set == "valid" {
        #expect(try losses.max().item() < 1e-6)
      } else {
        #expect(try relativeError(losses, expected) < 1e-5, "\(set)")
        try checkGradient(constraint, golden, set, x, tolerance: 2e-5)
      }
      if let residual = golden.tensors["\(set)/residual"] {
        let actual = try constraint.residual(x).squeezed(axis: 1)
        #expect(try relativeError(actual, residual) < 1e-5)
      }
    }
  }

  private func sets(_ golden: Golden) -> [String] {
    golden.tensors.keys.filter { $0.hasSuffix("/input") }.map { String($0.dropLast(6)) }.sorted()
  }

  /// Stored is the gradient of the mean over the batch.
  private func checkGradient(
    _ constraint: any Constraint, _ golden: Golden, _ set: String, _ x: Tensor, tolerance: Double
  ) throws {
    guard golden.tensors["\(set)/grad"] != nil else { return }
    let slope = try gradient(of: constraint.distances(x).mean(), withRespectTo: [x])[0]
    #expect(try relativeError(slope, golden.image("\(set)/grad")) < tolerance, "\(set)")
  }
}
