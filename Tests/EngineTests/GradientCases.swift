import Engine
import TestSupport
import Testing

/// One function whose gradients are checked against differences.
struct GradientCase: Sendable, CustomTestStringConvertible {
  let name: String
  let shapes: [Shape]
  var range: ClosedRange<Double> = -1...1
  let function: @Sendable ([Tensor]) throws -> Tensor

  init(
    _ name: String, _ shapes: [Shape], in range: ClosedRange<Double> = -1...1,
    _ function: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) {
    (self.name, self.shapes, self.range, self.function) = (name, shapes, range, function)
  }

  var testDescription: String { name }

  /// Where the check is made: always the same numbers for the same case.
  func inputs() -> [Tensor] {
    var random = SplitMix64(seed: UInt64(name.utf8.reduce(17) { ($0 &* 31) &+ Int($1) } & 0xffff))
    return shapes.map { random.tensor($0, in: range) }
  }

  static let all =
    reductions + movements + paddings + products + convolutions + transforms + others + picks
    + images
    + fields + matrices + functionals

  static let reductions: [GradientCase] = [
    .init("sum of all", [[3, 4]]) { try $0[0].square().sum() },
    .init("sum over a middle axis", [[2, 3, 4]]) { try $0[0].square().sum([1]) },
    .init("sum over two axes, kept", [[2, 3, 4]]) {
      try $0[0].square().sum([0, -1], keepDims: true)
    },
    .init("max over an axis", [[4, 5]]) { try ($0[0].max([1]) * 3).square() },
    .init("min over an axis", [[4, 5]]) { try $0[0].min([0], keepDims: true).square() },
    .init("mean", [[2, 6]]) { try $0[0].exp().mean([1]) },
    .init("variance", [[3, 5]]) { try $0[0].variance([1]) },
    .init("norm", [[3, 5]]) { try $0[0].norm([1]) },
    .init("softmax", [[3, 4]]) { try $0[0].softmax(axis: 1) },
    .init("softmax of a first axis", [[3, 4]]) { try ($0[0] * 5).softmax(axis: 0) },
    .init("logSumExp", [[3, 4]]) { try $0[0].logSumExp(axis: -1) },
  ]

  static let movements: [GradientCase] = [
    .init("broadcast", [[3, 1]]) { try $0[0].broadcast(to: [2, 3, 4]).square() },
    .init("broadcast between operands", [[2, 1, 3], [4, 1]]) { try $0[0] * $0[1] },
    .init("reshape", [[2, 6]]) { try $0[0].reshaped(to: [3, -1]).square() },
    .init("permute", [[2, 3, 4]]) { try $0[0].permuted([2, 0, 1]).square() },
    .init("slice with steps", [[5, 7]]) {
      try $0[0].sliced([SliceRange(start: 1, stop: 4), SliceRange(start: 0, stop: 7, step: 3)])
        .square()
    },
    .init("slice backwards", [[5, 7]]) {
      try $0[0].sliced([
        SliceRange(start: 4, stop: -1, step: -2), SliceRange(start: 5, stop: 1, step: -1),
      ]).square()
    },
    .init("flip", [[3, 4]]) { try $0[0].flipped(axes: [0, 1]).square() },
    .init("concatenate", [[2, 3], [2, 1], [2, 2]]) {
      try Tensor.concatenated([$0[0], $0[1], $0[2].exp(), $0[0]], axis: 1).square()
    },
    .init("stack", [[2, 3], [2, 3]]) { try Tensor.stacked($0, axis: 1).square() },
    .init("roll", [[3, 5]]) { try ($0[0].rolled(by: 2, axis: 1) * $0[0].rolled(by: -1, axis: 0)) },
    .init("expand and squeeze", [[3]]) { try $0[0].expanded(axis: 0).squeezed(axis: 0).square() },
  ]

  static let paddings: [GradientCase] =
    PaddingMode.allCases.map { mode in
      .init("pad, \(mode.rawValue)", [[3, 4]]) { x in
        try x[0].padded([(1, 2), (0, 3)], mode: mode).square()
      }
    } + [
      .init("pad with a value", [[3, 4]]) {
        try $0[0].padded([(1, 2), (0, 3)], value: 0.5).square()
      },
      .init("circular pad of whole axes", [[2, 3]]) {
        try $0[0].padded([(2, 2), (3, 3)], mode: .circular).exp()
      },
      .init("fold of a circular pad", [[4, 7]]) { x in
        // The fold appears as the gradient of the pad; weights make it a function of x.
        let base = Tensor.zeros([2, 3], dtype: .float64)
        let padded = try base.padded([(1, 1), (2, 2)], mode: .circular)
        return try vjp(of: padded, cotangent: x[0].square(), withRespectTo: [base])[0].square()
      },
    ]

  static let products: [GradientCase] = [
    .init("matmul", [[3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
    .init("matmul, batched", [[2, 3, 4], [2, 4, 2]]) { try $0[0].matmul($0[1]) },
    .init("matmul, broadcast batch", [[2, 1, 3, 4], [5, 4, 2]]) { try $0[0].matmul($0[1]) },
    .init("matmul, transposed left", [[4, 3], [4, 2]]) { try $0[0].transposed().matmul($0[1]) },
    .init("matmul, transposed right", [[3, 4], [2, 4]]) { try $0[0].matmul($0[1].transposed()) },
    .init("matmul with itself", [[3, 4]]) { try $0[0].matmul($0[0].transposed()) },
    .init("matmul of vectors", [[1, 4], [4, 1]]) { try $0[0].matmul($0[1]) },
  ]

  static let convolutions: [GradientCase] =
    [(1, 1), (3, 1), (7, 1), (3, 2), (1, 2)].flatMap { kernel, stride in
      [(1, 2), (2, 1), (3, 2)].map { inputs, outputs in
        .init(
          "conv2d, kernel \(kernel), stride \(stride), \(inputs) to \(outputs) channels",
          [[2, inputs, 6, 5], [outputs, inputs, kernel, kernel]]
        ) { try Tensor.conv2d($0[0], $0[1], stride: stride, padding: Padding2D(kernel / 2)) }
      }
    } + [
      .init("conv2d, asymmetric padding", [[1, 2, 5, 6], [2, 2, 3, 3]]) {
        try Tensor.conv2d(
          $0[0], $0[1], stride: 2, padding: Padding2D(top: 0, bottom: 1, left: 2, right: 0))
      },
      .init("conv2d, kernel 2 by 3", [[1, 2, 5, 6], [2, 2, 2, 3]]) {
        try Tensor.conv2d($0[0], $0[1])
      },
      .init("transposed convolution", [[2, 3, 3, 4], [3, 2, 3, 3]]) {
        try Tensor.convTranspose2d(
          $0[0], $0[1], stride: 2, padding: Padding2D(top: 0, bottom: 1, left: 0, right: 1),
          outputSize: [6, 8])
      },
      .init("conv2d that wraps around", [[2, 2, 4, 5], [3, 2, 3, 2]]) {
        let x = try $0[0].padded([(0, 0), (0, 0), (1, 1), (0, 1)], mode: .circular)
        return try Tensor.conv2d(x, $0[1])
      },
      .init("conv2d that wraps around more than once", [[1, 1, 2, 2], [2, 1, 5, 5]]) {
        let x = try $0[0].padded([(0, 0), (0, 0), (2, 2), (2, 2)], mode: .circular)
        return try Tensor.conv2d(x, $0[1])
      },
      .init("filter2d", [[2, 3, 6, 5]]) {
        try $0[0].filtered2d(
          [[1, -2, 3], [0.5, 4, -1]], stride: 2,
          padding: Padding2D(top: 1, bottom: 0, left: 2, right: 1)
        ).square()
      },
      .init("transposed filter2d", [[2, 3, 3, 4]]) {
        try $0[0].transposeFiltered2d(
          [[1, -2, 3], [0.5, 4, -1], [2, 1, 1]], stride: 2, padding: Padding2D(1),
          outputSize: (6, 7)
        ).square()
      },
      .init("weights adjoint of conv2d", [[2, 2, 5, 5], [2, 3, 3, 3]]) { arguments in
        let weight = Tensor.zeros([3, 2, 3, 3], dtype: .float64)
        let y = try Tensor.conv2d(arguments[0], weight, stride: 2, padding: Padding2D(1))
        return try vjp(of: y, cotangent: arguments[1], withRespectTo: [weight])[0]
      },
    ]

  static let transforms: [GradientCase] = [
    .init("fft", [[3, 6, 2]]) { try $0[0].fft().square() },
    .init("fft, inverse", [[3, 6, 2]]) { try $0[0].fft(inverse: true).square() },
    .init("fft, 2-D", [[2, 3, 4, 2]]) { try $0[0].fft(axisCount: 2).square() },
    .init("fft, 2-D inverse", [[3, 4, 2]]) { try $0[0].fft(axisCount: 2, inverse: true).square() },
  ]

  static let others: [GradientCase] = [
    .init("select by a condition", [[4, 5], [4, 1]]) {
      try Tensor.select($0[0].isGreater(than: $0[1]), $0[0].square(), $0[1].exp())
    },
    .init("relu", [[4, 5]]) { try $0[0].relu().square() },
    .init("leakyReLU", [[4, 5]]) { try $0[0].leakyReLU().square() },
    .init("swish", [[4, 5]]) { try $0[0].swish() },
    .init("clamped", [[4, 5]]) { try $0[0].clamped(min: -0.5, max: 0.4).square() },
    .init("whole and broken powers", [[4]], in: 0.5...2) { x in
      var total = Tensor.zeros([4], dtype: .float64)
      for exponent in [0, 1, 2, 3, 0.5, -1, -0.5, 2.5, -1.7] {
        total = try total + x[0].pow(exponent)
      }
      return total
    },
    .init("custom gradient that is right", [[4]]) { x in
      let input = x[0]
      return try customGradient(value: input.square(), inputs: [input]) { [try $0 * input * 2] }
    },
    .init("shared subexpression", [[4]]) { x in
      let y = try x[0].sin()
      return try y * y.exp() + y / (y.square() + 1)
    },
    .init("operators with numbers", [[4]], in: 0.5...2) { x in
      try (1 + x[0] * 2 - 3) / 4 + 5 / x[0] - (6 - x[0])
    },
  ]
}
