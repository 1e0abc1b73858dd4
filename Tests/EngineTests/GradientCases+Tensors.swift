import Engine
import TestSupport

extension GradientCase {
  private static func indices(_ values: [Int32], _ shape: Shape) -> Tensor {
    Tensor(values, shape: shape)
  }

  static let picks: [GradientCase] = [
    .init("gather", [[3, 4]]) {
      try $0[0].gathered(axis: 1, indices: indices([0, 3, 1, 1, -1, 2], [3, 2])).square()
    },
    .init("gather, broadcast and from 1", [[1, 4, 2]]) {
      try $0[0].gathered(axis: -2, indices: indices([1, 4, 4], [1, 3, 1]), origin: 1).square()
    },
    .init("index select", [[3, 4]]) {
      try $0[0].selected(axis: 0, indices: indices([2, 0, 2, 2], [4])).square()
    },
    .init("scatter add", [[3, 4]]) {
      try $0[0].scatterAdded(axis: 1, indices: indices([0, 4, 1, 1], [4]), size: 5).square()
    },
    .init("sort", [[3, 5]]) { try $0[0].sorted(axis: 1).square() * .arange(5, dtype: .float64) },
    .init("sort, falling", [[4, 3]]) { try $0[0].sorted(axis: 0, descending: true).exp() },
    .init("topk", [[3, 6]]) { try $0[0].top(2).values.square() },
    .init("value of argmax", [[3, 4]]) { x in
      try x[0].gathered(axis: 1, indices: x[0].argmax(axis: 1, keepDims: true)).square()
    },
    .init("cumsum", [[3, 4]]) { try $0[0].cumulativeSum(axis: 0).square() },
    .init("cumsum, reversed", [[3, 4]]) {
      try $0[0].cumulativeSum(axis: -1, reversed: true).square()
    },
    .init("cumprod", [[2, 7]]) { try $0[0].cumulativeProduct(axis: 1) },
    .init("cumprod with zeros", [[2, 5]]) { x in
      try (x[0] * Tensor([1, 0, 1, 0, 1] as [Double], shape: [5])).cumulativeProduct(axis: 1)
    },
    .init("prod", [[3, 5]]) { try $0[0].product([1]) },
    .init("prod with zeros", [[4]]) { x in
      try (x[0] * Tensor([1, 0, 1, 1] as [Double], shape: [4])).product().expanded(axis: 0)
    },
    .init("prod over two axes", [[2, 3, 2]]) { try $0[0].product([0, 2], keepDims: true) },
    .init("std", [[3, 5]]) { try $0[0].standardDeviation([1]) },
    .init("norms", [[3, 5]]) { x in
      try x[0].norm(order: 1, [1]) + x[0].norm(order: .infinity, [1]) + x[0].norm(order: 3, [1])
    },
    .init("quantiles", [[3, 5, 2]]) { x in
      try x[0].quantile(0.3, [1, 2]) + x[0].median([1, 2]) + x[0].quantile(1, [1, 2])
    },
    .init("split", [[5, 3]]) { x in
      let pieces = try x[0].split([1, 3, 1], axis: 0)
      return try pieces[0].square() * pieces[2] + pieces[1].exp().sum()
    },
    .init("tile", [[2, 3]]) {
      try $0[0].tiled([2, 1, 3]).square() * .arange(9, dtype: .float64)
    },
    .init("remainder", [[3, 4], [4]], in: 0.3...0.9) { x in
      try (x[0] * 7).remainder(x[1]).square()
    },
    .init("triangles", [[3, 4]]) {
      try $0[0].lowerTriangle(-1).exp() + $0[0].upperTriangle(1).square()
    },
    .init("diagonals", [[2, 3, 4]]) { try $0[0].diagonal().square().diagonalMatrix() },
    .init("outer", [[3], [4]]) { try $0[0].outer($0[1]) },
    .init("rot90", [[2, 3, 4]]) { x in
      var total = Tensor.zeros([], dtype: .float64)
      for quarters in -1...2 {
        let turned = try x[0].rotated(quarters: quarters).square()
        total = try total + (turned * .arange(4 - abs(quarters) % 2, dtype: .float64)).sum()
      }
      return total
    },
    .init("einsum, matrix product", [[2, 3], [3, 4]]) { try Tensor.einsum("ij,jk->ki", $0) },
    .init("einsum, batch and sums", [[2, 3, 4], [4, 2], [5]]) {
      try Tensor.einsum("bij,jb,k->bi", $0)
    },
    .init("meshgrid", [[3], [2]]) { x in
      let grids = try Tensor.meshgrid(x)
      return try grids[0] * grids[1].exp()
    },
  ]

  static let images: [GradientCase] =
    ResizeMode.allCases.flatMap { mode in
      [(5, 3), (2, 7)].map { height, width in
        .init("resize, \(mode.rawValue), \(height) by \(width)", [[2, 3, 5]]) {
          try $0[0].resized(height: height, width: width, mode: mode).square()
        }
      }
    } + [
      .init("max pool", [[2, 5, 6]]) {
        try $0[0].maxPooled(window: 3, stride: 2, padding: 1).square()
      },
      .init("average pool", [[2, 5, 6]]) {
        try $0[0].averagePooled(window: 2, padding: 1).square()
      },
      .init("correlate", [[2, 4, 5], [3, 2]]) {
        try $0[0].correlated(with: $0[1], mode: .circular).square()
      },
      .init("grid sample", [[2, 2, 4, 5], [2, 3, 2, 2]], in: -0.93...0.91) {
        try $0[0].sampled(at: $0[1])
      },
      .init("grid sample, edge", [[1, 2, 3, 4], [1, 3, 3, 2]], in: -1.4...1.3) {
        try $0[0].sampled(at: $0[1], repeatsEdge: true)
      },
    ]

  static let fields: [GradientCase] =
    DifferenceScheme.allCases.flatMap { scheme in
      [PaddingMode.circular, .edge].map { mode in
        .init("derivative, \(scheme.rawValue), \(mode.rawValue)", [[3, 5]]) {
          try $0[0].derivative(axis: 1, spacing: 0.5, scheme: scheme, mode: mode).square()
        }
      }
    } + [
      .init("laplacian", [[4, 5]]) { try $0[0].laplacian(axes: [0, 1], mode: .reflect).square() },
      .init("poisson", [[4, 6]]) { try $0[0].poissonSolution(spacing: 0.5).square() },
      .init("rfft", [[2, 5]]) { try $0[0].realFFT().square() },
      .init("rfft2", [[3, 4]]) { try $0[0].realFFT(axisCount: 2).square() },
      .init("irfft", [[2, 4, 2]]) { try $0[0].inverseRealFFT(size: 6).square() },
      .init("irfft2", [[3, 3, 2]]) { try $0[0].inverseRealFFT(size: 5, axisCount: 2).square() },
      .init("complex product", [[3, 2], [3, 2]]) { try $0[0].complexProduct($0[1]) },
      .init("complex quotient", [[3, 2], [3, 2]]) { x in
        try x[0].complexQuotient(x[1] + Tensor([3, 0] as [Double], shape: [2]))
      },
      .init("conjugate and magnitude", [[3, 2]]) {
        try $0[0].conjugate() * $0[0].magnitude().expanded(axis: 1)
      },
      .init("polar", [[3], [3]]) { try $0[0].polar(angle: $0[1]).square() },
      .init("shifted spectrum", [[3, 4]]) {
        try $0[0].frequenciesCentred(axes: [0, 1]).square() * .arange(4, dtype: .float64)
      },
    ]

  /// Well-conditioned: a number of size on the diagonal, distinct so that eigenvalues are.
  private static func regular(_ x: Tensor) throws -> Tensor {
    let n = x.shape[x.rank - 1]
    return try x * 0.3 + Tensor.arange(n, from: 2, dtype: .float64).diagonalMatrix()
  }

  static let matrices: [GradientCase] = [
    .init("cholesky", [[2, 3, 3]]) { try regular($0[0]).cholesky() },
    .init("triangular solve, lower", [[2, 3, 3], [2, 3, 2]]) {
      try regular($0[0]).triangularSolve($0[1])
    },
    .init("triangular solve, upper, transposed", [[3, 3], [3, 2]]) {
      try regular($0[0]).triangularSolve($0[1], lower: false, transposed: true)
    },
    .init("solve", [[2, 3, 3], [3, 2]]) { try regular($0[0]).solve($0[1]) },
    .init("inverse", [[3, 3]]) { try regular($0[0]).inverse() },
    .init("det", [[2, 3, 3]]) { try regular($0[0]).determinant() },
    .init("logdet", [[2, 3, 3]]) { try regular($0[0]).logDeterminant() },
    .init("eigenvalues", [[2, 3, 3]]) { try regular($0[0]).eigenvalues().square() },
    .init("eigenvectors", [[2, 3, 3]]) { try regular($0[0]).eigenSystem().vectors },
    .init("function of a matrix", [[4, 4]]) {
      let (w, v) = try regular($0[0]).eigenSystem()
      return try (v * w.log().expanded(axis: 0)).matmul(v.transposed())
    },
    .init("singular values", [[2, 3, 2]]) { try $0[0].singularValues().square() },
    .init("svd, tall", [[4, 3]]) { x in
      let parts = try (x[0] + wide(4, 3)).singularValueDecomposition()
      return try .concatenated([parts.u, parts.v, parts.s.expanded(axis: 0)], axis: 0)
    },
    .init("svd, wide", [[2, 4]]) { x in
      let parts = try (x[0] + wide(2, 4)).singularValueDecomposition()
      return try .concatenated([parts.u, parts.v, parts.s.expanded(axis: 0)], axis: 0)
    },
  ]

  /// Singular values 3, 6, …: far from each other and from 0.
  private static func wide(_ rows: Int, _ columns: Int) throws -> Tensor {
    let k = min(rows, columns)
    let square = try (Tensor.arange(k, from: 1, dtype: .float64) * 3).diagonalMatrix()
    return try square.padded([(0, rows - k), (0, columns - k)])
  }

  static let functionals: [GradientCase] = [
    .init("jvp", [[4], [4]]) { x in
      try jvp(of: x[0].sin() * x[0], withRespectTo: [x[0]], along: [x[1]])
    },
    .init("checkpoint", [[4], [4]]) { x in
      try checkpoint([x[0]]) { try $0[0].sin().exp() * x[1].cos() }
    },
    .init("checkpoint in checkpoint", [[4], [4]]) { x in
      try checkpoint(x) { inner in
        try checkpoint([inner[0].exp()]) { try $0[0].sin() * inner[1] } * inner[0]
      }
    },
    .init("fixed point", [[3], [3]]) { x in
      try fixedPoint(from: .zeros([3], dtype: .float64), tolerance: 1e-13) {
        try (x[0] * $0 * 0.5).cos() * x[1] * 0.5
      }
    },
    .init("fixed point of a matrix map", [[3, 3], [3, 1]]) { x in
      try fixedPoint(from: x[1], tolerance: 1e-13) {
        try ((x[0] * 0.2).matmul($0) + x[1]).tanh()
      }
    },
  ]
}
