import Engine

extension RandomOperation {
  /// Whole numbers that name places along an axis, from 0, some of them from the end.
  private static func places(_ graph: inout RandomGraph, _ count: Int, of size: Int) -> Tensor {
    let numbers = (0..<count).map { _ in Int32(graph.random.int(in: -size...(size - 1))) }
    return Tensor(numbers, shape: [count])
  }

  /// The shape with 1 everywhere but along an axis.
  private static func along(_ axis: Int, _ size: Int, rank: Int) -> [Int] {
    (0..<rank).map { $0 == axis ? size : 1 }
  }

  private static func someAxis(_ graph: inout RandomGraph, _ x: Tensor) -> Int? {
    x.rank > 0 && x.count > 0 ? graph.axis(of: x) : nil
  }

  static let picks: [RandomOperation] = [
    .init(name: "index select") { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      let indices = places(&graph, graph.random.int(in: 0...4), of: x.shape[axis])
      return try x.selected(axis: axis, indices: indices)
    },
    .init(name: "gather") { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      let count = graph.random.int(in: 1...3)
      var sizes = x.shape.dimensions.map { graph.random.oneIn(2) ? 1 : $0 }
      sizes[axis] = count
      let indices = try places(&graph, sizes.reduce(1, *), of: x.shape[axis]).reshaped(to: sizes)
      return try x.gathered(axis: axis, indices: indices)
    },
    .init(name: "scatter add") { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      let size = graph.random.int(in: 1...5)
      let indices = try places(&graph, x.shape[axis], of: size).reshaped(
        to: along(axis, x.shape[axis], rank: x.rank))
      return try x.scatterAdded(axis: axis, indices: indices, size: size) * 0.5
    },
    .init(name: "cumsum") { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      return try x.cumulativeSum(axis: axis, reversed: graph.random.oneIn(2))
        * (1 / Double(x.shape[axis]))
    },
    .init(name: "cumprod") { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      return try x.tanh().cumulativeProduct(axis: axis)
    },
    .init(name: "prod") { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      return try x.tanh().product([axis], keepDims: graph.random.oneIn(2))
    },
    // Order is decided by leaves: rounding must not.
    .init(name: "order of a leaf", isSmooth: false) { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      let order = try graph.leaf(x.shape).argsort(axis: axis, descending: graph.random.oneIn(2))
      return try x.gathered(axis: axis, indices: order)
    },
    .init(name: "largest of a leaf", isSmooth: false) { graph, x in
      guard let axis = someAxis(&graph, x) else { return nil }
      return try x.gathered(
        axis: axis, indices: graph.leaf(x.shape).argmax(axis: axis, keepDims: true))
    },
    .init(name: "barrier of a checkpoint") { _, x in
      try checkpoint([x]) { try $0[0].sin() * x }
    },
  ]

  static let images: [RandomOperation] = [
    .init(name: "resize") { graph, x in
      guard x.rank >= 2, x.count > 0 else { return nil }
      let modes = ResizeMode.allCases
      return try x.resized(
        height: graph.random.int(in: 1...6), width: graph.random.int(in: 1...6),
        mode: modes[graph.random.int(in: 0...(modes.count - 1))])
    },
    .init(name: "average pool") { graph, x in
      guard x.rank >= 2, x.shape[x.rank - 1] > 1, x.shape[x.rank - 2] > 1 else { return nil }
      return try x.averagePooled(
        window: 2, stride: graph.random.int(in: 1...2), padding: graph.random.int(in: 0...1))
    },
    .init(name: "max pool", isSmooth: false) { graph, x in
      guard x.rank >= 2, x.shape[x.rank - 1] > 1, x.shape[x.rank - 2] > 1 else { return nil }
      return try x.maxPooled(window: 2, stride: graph.random.int(in: 1...2))
    },
    .init(name: "poisson") { _, x in
      guard x.rank >= 2, x.count > 0 else { return nil }
      return try x.poissonSolution() * 0.5
    },
  ]

  static let matrices: [RandomOperation] = [
    .init(name: "solve") { graph, x in
      guard let matrix = try regular(x) else { return nil }
      let n = matrix.shape[matrix.rank - 1]
      return try matrix.solve(graph.leaf([n, graph.random.int(in: 1...3)]))
    },
    .init(name: "triangular solve") { graph, x in
      guard let matrix = try regular(x) else { return nil }
      let right = graph.leaf([matrix.shape[matrix.rank - 1], 2])
      return try matrix.triangularSolve(
        right, lower: graph.random.oneIn(2), transposed: graph.random.oneIn(2))
    },
    .init(name: "cholesky") { _, x in try regular(x)?.cholesky() },
    .init(name: "logdet") { _, x in try regular(x)?.logDeterminant() },
    .init(name: "det") { _, x in
      guard let matrix = try regular(x) else { return nil }
      return try (matrix * 0.3).determinant()
    },
    .init(name: "function of a symmetric matrix") { _, x in
      guard let (w, v) = try regular(x)?.eigenSystem() else { return nil }
      return try (v * w.sqrt().expanded(axis: -2)).matmul(v.transposed()) * 0.3
    },
    .init(name: "singular values") { _, x in
      guard let matrix = try regular(x) else { return nil }
      return try matrix.singularValues() * 0.2
    },
    .init(name: "singular vectors") { _, x in
      guard let matrix = try regular(x) else { return nil }
      let (u, s, v) = try matrix.singularValueDecomposition()
      return try (u * s.sqrt().expanded(axis: -2)).matmul(v.transposed()) * 0.3
    },
  ]

  /// Square matrices whose eigenvalues and singular values are far apart and far from 0.
  private static func regular(_ x: Tensor) throws -> Tensor? {
    guard x.rank >= 2, x.count > 0, x.shape[x.rank - 1] == x.shape[x.rank - 2] else { return nil }
    let n = x.shape[x.rank - 1]
    return try x.tanh() * (0.2 / Double(n))
      + Tensor.arange(n, from: 1, dtype: x.dtype).diagonalMatrix()
  }
}
