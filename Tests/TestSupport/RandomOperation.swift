import Engine

/// One kind of step of a ``RandomGraph``.
struct RandomOperation: Sendable {
  let name: String
  var isSmooth = true
  /// Builds a step on a node, or `nil` where it does not apply.
  ///
  /// Keeps values of about 1 at about 1.
  let build: @Sendable (inout RandomGraph, Tensor) throws -> Tensor?

  static let all =
    pointwise + kinked + reductions + movements + pads + joins + products + picks + images
    + matrices

  private static let pointwise: [RandomOperation] = [
    .init(name: "sin") { _, x in try x.sin() },
    .init(name: "cos") { _, x in try -x.cos() },
    .init(name: "tanh") { _, x in try x.tanh() },
    .init(name: "sigmoid") { _, x in try x.sigmoid() },
    .init(name: "softplus") { _, x in try x.softplus() * 0.5 },
    .init(name: "swish") { _, x in try x.swish() },
    .init(name: "exp") { _, x in try x.tanh().exp() * 0.5 },
    .init(name: "log") { _, x in try (x.square() + 0.5).log() },
    .init(name: "log1p") { _, x in try x.square().log1p() },
    .init(name: "sqrt") { _, x in try (x.square() + 0.3).sqrt() },
    .init(name: "square") { _, x in try x.tanh().square() },
    .init(name: "reciprocal") { _, x in try (x.square() + 1).reciprocal() },
    .init(name: "pow") { graph, x in try x.sigmoid().pow(graph.random.double(in: 0.5...3)) },
    .init(name: "pow of tensors") { graph, x in
      try (x.sigmoid() + 0.2).pow(graph.leaf(graph.broadcastable(to: x.shape)))
    },
    .init(name: "scale") { graph, x in try x * graph.random.double(in: -1...1) + 0.25 },
    .init(name: "add") { graph, x in try (x + partner(&graph, x)) * 0.5 },
    .init(name: "subtract") { graph, x in try (partner(&graph, x) - x) * 0.5 },
    .init(name: "multiply") { graph, x in try x.tanh() * partner(&graph, x) },
    .init(name: "divide") { graph, x in try x / (partner(&graph, x).square() + 1) },
    .init(name: "select") { graph, x in
      try .select(graph.mask(x.shape), x, partner(&graph, x))
    },
    .init(name: "select out of masks") { graph, x in
      let mask = try graph.mask(x.shape).logicalAnd(graph.mask(x.shape).logicalNot())
      return try .select(mask.logicalOr(graph.mask(x.shape)), x, .zeros([], dtype: x.dtype))
    },
    .init(name: "mask as numbers") { graph, x in try graph.mask(x.shape).cast(to: x.dtype) - x * 0.5
    },
    .init(name: "there and back") { _, x in
      // Only the wider type can be visited without rounding.
      x.dtype == .float32 ? try x.cast(to: .float64).sin().cast(to: .float32) : try x.sin()
    },
    .init(name: "stop gradient") { _, x in try x.stoppingGradient() * 0.5 + x * 0.5 },
    .init(name: "custom gradient") { _, x in
      try customGradient(value: x.sin(), inputs: [x]) { [try $0 * x.cos()] }
    },
    .init(name: "whole numbers") { graph, x in
      let whole = try (graph.leaf(graph.broadcastable(to: x.shape)) * 3).cast(to: .int32)
      return try x + (whole * 2 + 1).cast(to: x.dtype) * 0.1
    },
  ]

  private static let kinked: [RandomOperation] = [
    .init(name: "abs", isSmooth: false) { _, x in try x.abs() },
    .init(name: "relu", isSmooth: false) { _, x in try x.relu() },
    .init(name: "leakyReLU", isSmooth: false) { _, x in try x.leakyReLU() },
    .init(name: "maximum", isSmooth: false) { graph, x in try x.maximum(partner(&graph, x)) },
    .init(name: "minimum", isSmooth: false) { graph, x in try x.minimum(partner(&graph, x)) },
    .init(name: "clamped", isSmooth: false) { _, x in try x.clamped(min: -0.4, max: 0.7) },
    .init(name: "max", isSmooth: false) { graph, x in
      let axes = someAxes(&graph, x)
      guard axes.allSatisfy({ x.shape[$0] > 0 }) else { return nil }
      return graph.random.oneIn(2)
        ? try x.max(axes, keepDims: graph.random.oneIn(2)) : try x.min(axes)
    },
  ]

  private static let reductions: [RandomOperation] = [
    .init(name: "sum") { graph, x in
      let axes = someAxes(&graph, x)
      let count = axes.reduce(1) { $0 * x.shape[$1] }
      return try x.sum(axes, keepDims: graph.random.oneIn(2))
        * (1 / Double(max(count, 1)).squareRoot())
    },
    .init(name: "mean and variance") { graph, x in
      let axes = someAxes(&graph, x)
      guard axes.allSatisfy({ x.shape[$0] > 0 }) else { return nil }
      let center = try x - x.mean(axes, keepDims: true)
      return try center / (x.variance(axes, keepDims: true) + 0.3).sqrt() * 0.5
    },
    .init(name: "norm") { graph, x in
      try (x.square() + 0.1).norm(someAxes(&graph, x), keepDims: graph.random.oneIn(2)).tanh()
    },
    .init(name: "softmax") { graph, x in
      guard x.rank > 0, x.count > 0 else { return nil }
      return try x.softmax(axis: graph.axis(of: x))
    },
    .init(name: "logSumExp") { graph, x in
      guard x.rank > 0, x.count > 0 else { return nil }
      return try x.logSumExp(axis: graph.axis(of: x)) * 0.4
    },
  ]

  private static let movements: [RandomOperation] = [
    .init(name: "broadcast") { graph, x in
      guard x.rank < 5 else { return nil }
      var sizes = x.shape.dimensions.map { $0 == 1 ? graph.size() : $0 }
      if graph.random.oneIn(2) { sizes.insert(graph.size(), at: 0) }
      return try x.broadcast(to: Shape(sizes))
    },
    .init(name: "reshape") { graph, x in
      guard x.count > 0 else { return try x.reshaped(to: [0]) }
      var (sizes, rest) = ([Int](), x.count)
      for _ in 0..<graph.random.int(in: 0...4) {
        let divisors = (1...6).filter { rest.isMultiple(of: $0) }
        sizes.append(divisors[graph.random.int(in: 0...(divisors.count - 1))])
        rest /= sizes[sizes.count - 1]
      }
      sizes.insert(-1, at: graph.random.int(in: 0...sizes.count))
      return try x.reshaped(to: sizes)
    },
    .init(name: "permute") { graph, x in
      try x.permuted(Array(0..<x.rank).shuffled(using: &graph.random))
    },
    .init(name: "slice") { graph, x in
      let ranges = x.shape.dimensions.map { size -> SliceRange in
        guard size > 1, !graph.random.oneIn(3) else { return SliceRange(start: 0, stop: size) }
        let (from, to) = (
          graph.random.int(in: 0...(size - 1)), graph.random.int(in: 0...(size - 1))
        )
        let step = graph.random.int(in: 1...2)
        return from <= to
          ? SliceRange(start: from, stop: to + 1, step: step)
          : SliceRange(start: from, stop: to - 1, step: -step)
      }
      return try x.sliced(ranges)
    },
    // A border replaced by a constant: reads and writes the same places of equally large buffers.
    .init(name: "border") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      guard x.shape[axis] > 1 else { return nil }
      let width = graph.random.int(in: 1...(x.shape[axis] - 1))
      let before = graph.random.int(in: 0...width)
      var padding = x.shape.dimensions.map { _ in (0, 0) }
      padding[axis] = (before, width - before)
      let inner = try x.sliced(
        x.shape.dimensions.enumerated().map { index, size in
          index == axis
            ? SliceRange(start: before, stop: size - width + before)
            : SliceRange(start: 0, stop: size)
        })
      return try inner.padded(padding, mode: .zero, value: graph.random.oneIn(3) ? 0.75 : 0)
    },
    .init(name: "flip") { graph, x in try x.flipped(axes: someAxes(&graph, x)) },
    .init(name: "roll") { graph, x in
      guard x.rank > 0 else { return nil }
      return try x.rolled(by: graph.random.int(in: -4...4), axis: graph.axis(of: x))
    },
    .init(name: "expand") { graph, x in
      x.rank < 5 ? try x.expanded(axis: graph.random.int(in: 0...x.rank)) : nil
    },
    .init(name: "squeeze") { _, x in
      guard let axis = x.shape.dimensions.firstIndex(of: 1) else { return nil }
      return try x.squeezed(axis: axis)
    },
  ]

  private static let pads: [RandomOperation] = PaddingMode.allCases.map { mode in
    .init(name: "pad \(mode.rawValue)") { graph, x in
      let padding = x.shape.dimensions.map { size -> (Int, Int) in
        let most =
          mode == .zero
          ? 2 : mode == .edge ? (size > 0 ? 2 : 0) : mode == .reflect ? size - 1 : size
        guard most > 0, !graph.random.oneIn(3) else { return (0, 0) }
        return (graph.random.int(in: 0...min(most, 2)), graph.random.int(in: 0...min(most, 2)))
      }
      return try x.padded(padding, mode: mode, value: graph.random.oneIn(3) ? 0.75 : 0)
    }
  }

  private static let joins: [RandomOperation] = [
    .init(name: "concatenate") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      var sizes = x.shape.dimensions
      sizes[axis] = graph.size()
      let parts = [x, graph.leaf(Shape(sizes)), graph.random.oneIn(2) ? try x.sin() : x]
      return try .concatenated(parts.shuffled(using: &graph.random), axis: axis)
    },
    .init(name: "concatenate means") { graph, x in
      guard x.rank > 0, x.shape.count > 0 else { return nil }
      let folded = [graph.axis(of: x)]
      let parts = [
        try x.mean(folded, keepDims: true), try x.sin().mean(folded, keepDims: true),
      ]
      return try .concatenated(parts, axis: graph.axis(of: x))
    },
    .init(name: "stack") { graph, x in
      guard x.rank < 5 else { return nil }
      return try .stacked(
        [x, partnerOfEqualShape(&graph, x)], axis: graph.random.int(in: 0...x.rank))
    },
  ]

  private static let products: [RandomOperation] = [
    .init(name: "matmul") { graph, x in
      guard x.rank >= 2 else { return nil }
      let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
      let batch = Array(x.shape.dimensions.dropLast(2))
      switch graph.random.int(in: 0...3) {
      case 0: return try x.matmul(graph.leaf([columns, graph.size()])) * scale(columns)
      case 1: return try graph.leaf(Shape(batch + [graph.size(), rows])).matmul(x) * scale(rows)
      case 2: return try x.matmul(x.transposed()) * scale(columns)
      default:
        return try x.transposed().matmul(graph.leaf(Shape(batch + [rows, graph.size()])))
          * scale(rows)
      }
    },
    .init(name: "conv2d") { graph, x in
      guard x.rank == 4 else { return nil }
      let (kernel, stride) = (
        [1, 2, 3, 7][graph.random.int(in: 0...3)], graph.random.int(in: 1...2)
      )
      let most = kernel - 1
      let padding = Padding2D(
        top: graph.random.int(in: 0...most), bottom: graph.random.int(in: 0...most),
        left: graph.random.int(in: 0...most), right: graph.random.int(in: 0...most))
      let height = x.shape[2] + padding.top + padding.bottom
      guard height >= kernel, x.shape[3] + padding.left + padding.right >= kernel else {
        return nil
      }
      let weight = graph.leaf([graph.random.int(in: 1...4), x.shape[1], kernel, kernel])
      let y = try Tensor.conv2d(x, weight, stride: stride, padding: padding)
      return try y * scale(kernel * kernel * x.shape[1])
    },
    .init(name: "transposed convolution") { graph, x in
      guard x.rank == 4, x.shape[2] > 0, x.shape[3] > 0 else { return nil }
      let weight = graph.leaf([x.shape[1], graph.random.int(in: 1...3), 3, 3])
      let padding = Padding2D(top: 0, bottom: 1, left: 0, right: 1)
      let size = [2 * x.shape[2], 2 * x.shape[3]]
      let y = try Tensor.convTranspose2d(x, weight, stride: 2, padding: padding, outputSize: size)
      return try y * scale(9 * x.shape[1])
    },
    .init(name: "conv2d that wraps around") { graph, x in
      guard x.rank == 4, x.count > 0, x.shape[2] > 1, x.shape[3] > 1 else { return nil }
      let kernel = graph.random.int(in: 2...4)
      let margin = (kernel / 2, kernel - 1 - kernel / 2)
      let weight = graph.leaf([graph.random.int(in: 1...4), x.shape[1], kernel, kernel])
      let padded = try x.padded([(0, 0), (0, 0), margin, margin], mode: .circular)
      return try Tensor.conv2d(padded, weight) * scale(kernel * kernel * x.shape[1])
    },
    .init(name: "filter2d") { graph, x in
      guard x.rank == 4 else { return nil }
      let (rows, columns) = (graph.random.int(in: 1...4), graph.random.int(in: 1...4))
      let taps = (0..<rows).map { _ in (0..<columns).map { _ in graph.random.double(in: -1...1) } }
      let stride = graph.random.int(in: 1...3)
      let padding = Padding2D(graph.random.int(in: 0...2))
      let count = scale(rows * columns)
      guard min(x.shape[2] + 2 * padding.top - rows, x.shape[3] + 2 * padding.top - columns) >= 0
      else { return nil }
      let y = try x.filtered2d(taps, stride: stride, padding: padding) * count
      if graph.random.oneIn(2) { return y }
      return try y.transposeFiltered2d(
        taps, stride: stride, padding: padding, outputSize: (x.shape[2], x.shape[3])) * count
    },
    .init(name: "fft") { graph, x in
      guard x.rank < 5, x.rank > 0, x.count > 0 else { return nil }
      let complex = try Tensor.stacked([x, partnerOfEqualShape(&graph, x)], axis: x.rank)
      let count = graph.random.int(in: 1...min(x.rank, 2))
      let points = x.shape.dimensions.suffix(count).reduce(1, *)
      let inverse = graph.random.oneIn(2)
      let y = try complex.fft(axisCount: count, inverse: inverse)
      return inverse ? y : try y * scale(points)
    },
  ]

  // MARK: Operands

  private static func scale(_ terms: Int) -> Double { 1 / Double(max(terms, 1)).squareRoot() }

  private static func someAxes(_ graph: inout RandomGraph, _ x: Tensor) -> [Int] {
    (0..<x.rank).filter { _ in graph.random.oneIn(2) }
  }

  /// A second operand that broadcasts with the first: an older node, or a leaf.
  private static func partner(_ graph: inout RandomGraph, _ x: Tensor) throws -> Tensor {
    let candidate = graph.operand()
    let fits = zip(candidate.shape.dimensions.reversed(), x.shape.dimensions.reversed())
      .allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 }
    if fits, graph.random.oneIn(2) { return candidate }
    return graph.leaf(graph.broadcastable(to: x.shape))
  }

  private static func partnerOfEqualShape(_ graph: inout RandomGraph, _ x: Tensor) throws -> Tensor
  {
    let candidate = graph.operand()
    return candidate.shape == x.shape ? candidate : graph.leaf(x.shape)
  }
}
