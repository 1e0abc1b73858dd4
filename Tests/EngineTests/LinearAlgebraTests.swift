import Foundation
import TestSupport
import Testing

@testable import Engine

/// Factorisations against what defines them, and what is said of matrices that have none.
@Suite struct LinearAlgebraTests {
  private func largest(_ x: Tensor) throws -> Double {
    x.count == 0 ? 0 : try x.abs().max().item()
  }

  static let sizes = [(1, 1), (2, 3), (5, 4), (3, 33), (40, 7)]

  @Test(arguments: sizes) func factorsGiveTheMatrixBack(_ n: Int, _ batch: Int) throws {
    for (dtype, tolerance) in [(DType.float64, 1e-11), (.float32, 2e-3)] {
      var random = SplitMix64(seed: UInt64(n * 100 + batch))
      let x = random.tensor([batch, n, n + 2], dtype: dtype)
      let a = try x.matmul(x.transposed()) + .identity(n, dtype: dtype)
      let l = try a.cholesky()
      #expect(try largest(l.matmul(l.transposed()) - a) < tolerance)
      #expect(try largest(l.upperTriangle(1)) == 0)
      let (w, v) = try a.eigenSystem()
      #expect(try largest((v * w.expanded(axis: -2)).matmul(v.transposed()) - a) < tolerance)
      #expect(try largest(v.transposed().matmul(v) - .identity(n, dtype: dtype)) < tolerance)
      #expect(try largest(w - w.sorted()) == 0)
      let (u, s, right) = try x.singularValueDecomposition()
      #expect(
        try largest((u * s.expanded(axis: -2)).matmul(right.transposed()) - x) < tolerance)
      #expect(try largest(s - s.sorted(descending: true)) == 0)
      let b = random.tensor([n, 2], dtype: dtype)
      #expect(try largest(a.matmul(a.solve(b)) - b) < tolerance)
      #expect(try largest(l.matmul(l.triangularSolve(b)) - b) < tolerance)
      #expect(
        try largest(
          l.transposed().matmul(l.triangularSolve(b, transposed: true)) - b) < tolerance)
      let sum = try l.diagonal().log().sum([-1]) * 2
      #expect(try largest(a.logDeterminant() - sum) < tolerance)
    }
  }

  @Test func determinantsHaveASign() throws {
    let a = Tensor([0, 1, 1, 0] as [Double], shape: [2, 2])
    #expect(try a.determinant().item() == -1)
    #expect(try a.logDeterminant().item().isNaN)
    #expect(try Tensor.zeros([2, 2], dtype: .float64).determinant().item() == 0)
    #expect(try Tensor.zeros([2, 2], dtype: .float64).logDeterminant().item() == -.infinity)
    // Far beyond what Float32 holds.
    let large = try Tensor.identity(60) * 1e6
    #expect(abs(try large.logDeterminant().item() - 60 * log(1e6)) < 1e-3)
    #expect(try Tensor.zeros([3, 0, 0]).determinant().floats() == [1, 1, 1])
  }

  @Test func valuesThatRepeatHaveAGradient() throws {
    let a = try Tensor.identity(3, dtype: .float64)
    let slope = try gradient(of: a.eigenvalues().sum(), withRespectTo: [a])[0]
    #expect(try largest(slope - a) < 1e-14)
    let other = try gradient(of: a.singularValues().sum(), withRespectTo: [a])[0]
    #expect(try largest(other - a) < 1e-14)
  }

  @Test func onlyTheSymmetricPartCounts() throws {
    var random = SplitMix64(seed: 3)
    let a = try random.tensor([4, 4]) * 0.1 + .identity(4, dtype: .float64)
    let symmetric = try (a + a.transposed()) * 0.5
    #expect(try largest(a.cholesky() - symmetric.cholesky()) == 0)
    #expect(try largest(a.eigenvalues() - symmetric.eigenvalues()) == 0)
  }

  @Test func emptyBatchesHaveEmptyResults() throws {
    let a = Tensor.zeros([0, 3, 3])
    #expect(try a.cholesky().floats().isEmpty)
    #expect(try a.solve(.zeros([3, 2])).shape == [0, 3, 2])
    #expect(try a.eigenvalues().shape == [0, 3])
    #expect(try a.determinant().floats().isEmpty)
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let message: String
    let make: @Sendable () throws -> Tensor
    init(_ message: String, _ make: @escaping @Sendable () throws -> Tensor) {
      (self.message, self.make) = (message, make)
    }
    var testDescription: String { message }
  }

  static let flat = Tensor.ones([2, 2], dtype: .float64)

  static let mistakes: [Mistake] = [
    .init("solve: matrix 1 of the batch is singular") { try flat.solve(flat) },
    .init("solve: matrix 2 of the batch is singular") {
      try Tensor.stacked([.identity(2, dtype: .float64), flat], axis: 0).inverse()
    },
    .init("triangular solve: matrix 1 of the batch is singular") {
      try (flat - .identity(2, dtype: .float64)).triangularSolve(flat)
    },
    .init("solve: matrix 1 of the batch is singular") {
      try gradient(of: flat.determinant(), withRespectTo: [flat])[0]
    },
    .init("cholesky: matrix 1 of the batch is not positive definite") { try (-flat).cholesky() },
    .init("cholesky: matrix 1 of the batch is not positive definite") {
      try (flat * .nan).cholesky()
    },
    .init("eigenvalues: matrix 1 of the batch holds infinity or no number at all") {
      try (flat * .nan).eigenvalues()
    },
    .init("singular values: matrix 1 of the batch holds infinity or no number at all") {
      try (flat * .infinity).singularValues()
    },
    .init("solve: shapes [2, 2] and [3, 1] do not fit together") {
      try flat.solve(.zeros([3, 1], dtype: .float64))
    },
    .init("solve: expected float64, got float32") { try flat.solve(.zeros([2, 1])) },
    .init("inv: tensor must be square matrices […, N, N], got shape [2, 3]") {
      try Tensor.zeros([2, 3]).inverse()
    },
    .init("eigvalsh: tensor must be square matrices […, N, N], got shape [3]") {
      try Tensor.zeros([3]).eigenvalues()
    },
    .init(
      "svdvals: tensor must be floating matrices […, M, N] of at most 16384 rows, got int32 [2, 2]"
    ) { try Tensor.zeros([2, 2], dtype: .int32).singularValues() },
  ]

  @Test(arguments: mistakes) func saysWhatIsWrong(_ mistake: Mistake) {
    let error = #expect(throws: EngineError.self) { try mistake.make().doubles() }
    #expect(error?.message == mistake.message)
  }
}

/// Functions of functions: products with the Jacobian, recomputation, fixed points.
@Suite struct FunctionalTests {
  @Test func aCheckpointComputesAgainAndKeepsLess() throws {
    func chain(_ x: Tensor) throws -> Tensor {
      try (0..<8).reduce(x) { y, _ in try y.rolled(by: 1, axis: 0).sin() }
    }
    func program(_ segment: (Tensor) throws -> Tensor) throws -> (Program, [Float]) {
      let x = Tensor.placeholder("x", shape: [4096])
      let y = try (0..<6).reduce(x) { y, _ in try segment(y) }
      let slope = try gradient(of: y.square().sum(), withRespectTo: [x])
      let program = try Program(inputs: [x], outputs: slope)
      return (program, try program.run([.full(0.5, shape: [4096])])[0].floats())
    }
    let (kept, expected) = try program(chain)
    let (again, actual) = try program { try checkpoint([$0]) { try chain($0[0]) } }
    #expect(firstDifference(actual, expected) == nil)
    #expect(again.stepCount > kept.stepCount)
    #expect(again.scratchByteCount < kept.scratchByteCount)
  }

  @Test func aCheckpointReachesWhatItsFunctionCaptures() throws {
    let (x, w) = (Tensor([0.5], shape: [1]), Tensor([2.0], shape: [1]))
    let y = try checkpoint([x]) { try $0[0] * w.square() }
    let slopes = try gradient(of: y.sum(), withRespectTo: [x, w])
    #expect(try slopes[0].item() == 4)
    #expect(try slopes[1].item() == 2)
    // Arguments that are not used, and results that are constant.
    let constant = checkpoint([x]) { _ in w }
    #expect(try gradient(of: constant.sum(), withRespectTo: [x, w])[1].item() == 1)
    let partly = try checkpoint([x, w]) { try $0[1] * 3 }
    #expect(try gradient(of: partly.sum(), withRespectTo: [x, w])[0].item() == 0)
    let same = checkpoint([x]) { $0[0] }
    #expect(try gradient(of: same.sum(), withRespectTo: [x])[0].item() == 1)
  }

  @Test func aCheckpointCanBeCopied() throws {
    // The graph around the inner one is built again: what it captures and what it starts from move along.
    let (x, w) = (Tensor([0.5], shape: [1]), Tensor([2.0], shape: [1]))
    func nested(
      _ wrap: @escaping ([Tensor], ([Tensor]) throws -> Tensor) throws -> Tensor
    ) throws -> Tensor {
      try wrap([x]) { outer in
        let (sine, whole) = (try outer[0].sin(), try w.square())
        return try wrap([whole]) { inner in try inner[0] * sine + (sine * w).exp() } * outer[0]
      }
    }
    let plain = try nested { try $1($0) }
    let again = try nested { try checkpoint($0, $1) }
    let expected = try gradient(of: plain.sum(), withRespectTo: [x, w]).map { try $0.item() }
    let actual = try gradient(of: again.sum(), withRespectTo: [x, w]).map { try $0.item() }
    for (a, e) in zip(actual, expected) { #expect(abs(a - e) < 1e-14) }
    let root = try fixedPoint(from: .zeros([1], dtype: .float64), tolerance: 1e-14) { point in
      try checkpoint([point]) { try ($0[0] * 0.5 + w).cos() }
    }
    let value = try root.item()
    let slope = try gradient(of: root.sum(), withRespectTo: [w])[0].item()
    let inner = -sin(value * 0.5 + 2)
    #expect(abs(slope - inner / (1 - 0.5 * inner)) < 1e-9)
  }

  @Test func aFixedPointIsFoundAndDoesNotDependOnItsStart() throws {
    let a = Tensor([2, 9] as [Double], shape: [2])
    func root(_ start: Tensor) throws -> Tensor {
      try fixedPoint(from: start, tolerance: 1e-14) { try ($0 + a / $0) * 0.5 }
    }
    let start = Tensor.ones([2], dtype: .float64)
    let values = try root(start).doubles()
    #expect(abs(values[0] - 2.0.squareRoot()) < 1e-14)
    #expect(values[1] == 3)
    let slopes = try gradient(of: root(start).sum(), withRespectTo: [a, start])
    #expect(abs(try slopes[0].doubles()[1] - 1.0 / 6) < 1e-12)
    #expect(try slopes[1].doubles() == [0, 0])
    // Inside a program its operands are inputs.
    let input = Tensor.placeholder("a", shape: [2], dtype: .float64)
    let y = try fixedPoint(from: start, tolerance: 1e-14) { try ($0 + input / $0) * 0.5 }
    let program = try Program(
      inputs: [input], outputs: [y] + gradient(of: y.sum(), withRespectTo: [input]))
    for value in [4.0, 16] {
      let results = try program.run([.full(value, shape: [2], dtype: .float64)])
      #expect(abs(try results[0].doubles()[0] - value.squareRoot()) < 1e-13)
      #expect(abs(try results[1].doubles()[0] - 0.5 / value.squareRoot()) < 1e-11)
    }
  }

  @Test func aFixedPointOfACustomGradient() throws {
    // The rule reads the point; where the adjoint is solved for, that is another one.
    let a = Tensor([2.0], shape: [1])
    func root(_ hasRule: Bool) throws -> Tensor {
      try fixedPoint(from: .ones([1], dtype: .float64), tolerance: 1e-14) { x in
        let y = try (x * x + a).sin() * 0.3
        guard hasRule else { return y }
        return try customGradient(value: y, inputs: [x, a]) { dy in
          let slope = try dy * (x * x + a).cos() * 0.3
          return [try slope * x * 2, slope]
        }
      }
    }
    let slopes = try [true, false].map {
      try gradient(of: root($0).sum(), withRespectTo: [a])[0].item()
    }
    #expect(abs(slopes[0] - slopes[1]) < 1e-13)
    #expect(abs(slopes[1]) > 0.01)
  }

  @Test func smallGradientsOfAFixedPointAreExactToo() throws {
    // The adjoint is solved relative to its size: a loss of 1e-9 has gradients as good as one of 1.
    let a = Tensor([2.0], shape: [1])
    let y = try fixedPoint(from: .ones([1], dtype: .float64), tolerance: 1e-6) {
      try ($0 + a).sin() * 0.9
    }
    let one = try gradient(of: y.sum(), withRespectTo: [a])[0].item()
    let small = try gradient(of: y.sum() * 1e-9, withRespectTo: [a])[0].item()
    #expect(abs(small / 1e-9 - one) < 1e-9)
  }

  @Test func whatDoesNotConvergeSaysSo() throws {
    let start = Tensor.ones([1], dtype: .float64)
    let error = #expect(throws: EngineError.self) {
      try fixedPoint(from: start, maximumSteps: 4) { try $0 * 2 }.doubles()
    }
    #expect(
      error?.message
        == "fixed_point: after 4 steps the residual is 8.0, above the tolerance 1e-06")
    #expect(error?.code == "iteration.diverged")
    // 1, -1, and the logarithm of that: the second step is the last.
    let undefined = try fixedPoint(from: start) { try $0.log() - 1 }
    for compute in [{ try undefined.doubles() }, { try ReferenceEvaluator.values(of: undefined) }] {
      let error = #expect(throws: EngineError.self) { try compute() }
      #expect(error?.message.contains("after 2 steps the residual is nan") == true)
    }
    #expect(throws: EngineError.self) { try fixedPoint(from: start) { try $0.sum() } }
    #expect(throws: EngineError.self) { try fixedPoint(from: start, tolerance: 0) { $0 } }
  }

  @Test func theForwardModeEqualsDifferences() throws {
    var random = SplitMix64(seed: 8)
    let (x, v, m) = (random.tensor([3]), random.tensor([3]), random.tensor([2, 3]))
    func f(_ x: Tensor) throws -> Tensor { try m.matmul(x.exp().expanded(axis: 1)) }
    let actual = try jvp(of: f(x), withRespectTo: [x], along: [v]).doubles()
    let h = 1e-6
    let expected = try ((f(x + v * h) - f(x - v * h)) * (0.5 / h)).doubles()
    for (a, e) in zip(actual, expected) { #expect(abs(a - e) < 1e-8) }
    #expect(throws: EngineError.self) {
      try jvp(of: x, withRespectTo: [x], along: [.zeros([2], dtype: .float64)])
    }
  }
}
