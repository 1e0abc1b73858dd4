/// The plainest algorithms for one row-major matrix of Doubles: what tests hold LAPACK against.
enum ReferenceLinearAlgebra {
  static func transpose(_ a: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    (0..<rows * columns).map { a[$0 % rows * columns + $0 / rows] }
  }

  static func cholesky(_ a: [Double], n: Int) -> [Double] {
    var l = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let sum = (0..<j).reduce(a[i * n + j]) { $0 - l[i * n + $1] * l[j * n + $1] }
        l[i * n + j] = i == j ? sum.squareRoot() : sum / l[j * n + j]
      }
    }
    return l
  }

  /// Gaussian elimination with row exchanges; also gives the determinant.
  private static func eliminate(_ a: [Double], _ b: [Double], n: Int, k: Int)
    -> (x: [Double], determinant: Double)
  {
    var (a, b, determinant) = (a, b, 1.0)
    for column in 0..<n {
      let pivot = (column..<n).max { abs(a[$0 * n + column]) < abs(a[$1 * n + column]) } ?? column
      if pivot != column {
        for j in 0..<n { a.swapAt(column * n + j, pivot * n + j) }
        for j in 0..<k { b.swapAt(column * k + j, pivot * k + j) }
        determinant = -determinant
      }
      determinant *= a[column * n + column]
      for row in 0..<n where row != column {
        let factor = a[row * n + column] / a[column * n + column]
        for j in column..<n { a[row * n + j] -= factor * a[column * n + j] }
        for j in 0..<k { b[row * k + j] -= factor * b[column * k + j] }
      }
    }
    return ((0..<n * k).map { b[$0] / a[$0 / k * n + $0 / k] }, determinant)
  }

  static func solve(_ a: [Double], _ b: [Double], n: Int, k: Int) -> [Double] {
    eliminate(a, b, n: n, k: k).x
  }

  static func determinant(_ a: [Double], n: Int) -> Double {
    eliminate(a, [], n: n, k: 0).determinant
  }

  /// Jacobi's method for a symmetric matrix: values in rising order, vectors as columns.
  static func eigen(_ a: [Double], n: Int) -> (values: [Double], vectors: [Double]) {
    var (a, v) = (a, (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 })
    for _ in 0..<60 {
      for p in 0..<n {
        for q in (p + 1)..<Swift.max(n, p + 1) where a[p * n + q] != 0 {
          let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
          let sign: Double = theta < 0 ? -1 : 1
          let t = sign / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          for k in 0..<n { rotate(&a, k * n + p, k * n + q, c, t * c) }
          for k in 0..<n { rotate(&a, p * n + k, q * n + k, c, t * c) }
          for k in 0..<n { rotate(&v, k * n + p, k * n + q, c, t * c) }
        }
      }
    }
    let order = (0..<n).sorted { a[$0 * n + $0] < a[$1 * n + $1] }
    let columns = order.map { column in upright((0..<n).map { v[$0 * n + column] }) }
    return (order.map { a[$0 * n + $0] }, transpose(columns.flatMap { $0 }, n, n))
  }

  private static func rotate(_ x: inout [Double], _ p: Int, _ q: Int, _ c: Double, _ s: Double) {
    (x[p], x[q]) = (c * x[p] - s * x[q], s * x[p] + c * x[q])
  }

  /// The vector or its opposite: the first element about as large as the largest is positive.
  private static func upright(_ vector: [Double]) -> [Double] {
    let largest = vector.map { abs($0) }.max() ?? 0
    let isDown = (vector.first { abs($0) >= 0.9 * largest } ?? 0) < 0
    return isDown ? vector.map { -$0 } : vector
  }

  /// From the eigenvectors of `aᵀa` or `aaᵀ`, whichever is smaller; for matrices of full rank.
  static func singular(_ a: [Double], m: Int, n: Int)
    -> (values: [Double], left: [Double], right: [Double])
  {
    let (k, at) = (min(m, n), transpose(a, m, n))
    let gram = m <= n ? product(a, at, m, n, m) : product(at, a, n, m, n)
    let (squares, vectors) = eigen(gram, n: k)
    let values = squares.reversed().map { max($0, 0).squareRoot() }
    let known = transpose(vectors, k, k).chunks(of: k).reversed()
    var (left, right): ([[Double]], [[Double]]) = ([], [])
    for (value, vector) in zip(values, known) {
      let other = (m <= n ? product(at, vector, n, m, 1) : product(a, vector, m, n, 1))
        .map { $0 / value }
      let (u, v) = m <= n ? (vector, other) : (other, vector)
      let turned = upright(u)
      left.append(turned)
      right.append(turned == u ? v : v.map { -$0 })
    }
    return (
      values, transpose(left.flatMap { $0 }, k, m), transpose(right.flatMap { $0 }, k, n)
    )
  }

  private static func product(_ a: [Double], _ b: [Double], _ m: Int, _ k: Int, _ n: Int)
    -> [Double]
  {
    (0..<m * n).map { at in
      (0..<k).reduce(0) { $0 + a[at / n * k + $1] * b[$1 * n + at % n] }
    }
  }
}

extension [Double] {
  fileprivate func chunks(of size: Int) -> [[Double]] {
    size == 0 ? [] : stride(from: 0, to: count, by: size).map { Array(self[$0..<$0 + size]) }
  }
}

extension DenseArray {
  /// Applies a function of matrices to each of a batch; operands and result are `[b, …, …]`.
  static func batched(
    _ inputs: [DenseArray], _ shape: Shape, _ body: ([[Double]]) -> [Double]
  ) -> DenseArray {
    guard shape.count > 0 else { return DenseArray(shape: shape, values: []) }
    let values = (0..<shape[0]).flatMap { number in
      body(
        inputs.map { input in
          let size = input.shape.count / shape[0]
          return Array(input.values[number * size..<(number + 1) * size])
        })
    }
    return DenseArray(shape: shape, values: values)
  }
}
