import Engine
import Foundation

/// Periodic materials: a unit cell drawn from a Gaussian process on a torus, tiled two by two.
///
/// The unit cell has mean ½ and the covariance `k(x − x′) k(y − y′)`,
///
///     k(d) = s² exp(−2 sin²(π d) / l²),      s = deviation, l = length
///
/// on `linspace(0, 1)`, both ends included, as in the published data: the first and the last row of a cell
/// are equal. Values are clipped to [0, 1] and, unless `isBinary` is false, rounded to 0 and 1.
public struct PeriodicDataset: Dataset {
  public let name = "periodic"
  /// Rows and columns of an image, twice those of the unit cell.
  public let size: Int
  /// l, in units of the cell.
  public let length: Double
  /// s; the variance of a pixel before clipping is s⁴.
  public let deviation: Double
  /// Whether there are two materials only.
  public let isBinary: Bool
  private let factor: [Double]

  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a setting out of range.
  public init(size: Int = 64, length: Double = 0.7, deviation: Double = 0.7, isBinary: Bool = true)
    throws(EngineError)
  {
    func check(_ isValid: Bool, _ argument: String, _ expected: String, _ got: Any)
      throws(EngineError)
    {
      guard isValid else {
        throw .invalidArgument(
          op: "periodic", argument: argument, expected: expected, got: "\(got)")
      }
    }
    try check((4...1024).contains(size) && size % 2 == 0, "size", "even, in 4…1024", size)
    try check((0.01...100).contains(length), "length", "0.01…100", length)
    try check((1e-3...1e3).contains(deviation), "deviation", "0.001…1000", deviation)
    self.size = size
    self.length = length
    self.deviation = deviation
    self.isBinary = isBinary
    let kernel = PeriodicDataset.kernel(points: size / 2, length: length, deviation: deviation)
    factor = try choleskyFactor(of: kernel, size: size / 2)
  }

  public var imageShape: Shape { [1, size, size] }

  public var parameters: [String: String] {
    [
      "size": "\(size)", "length": "\(length)", "deviation": "\(deviation)",
      "binary": "\(isBinary)",
    ]
  }

  public func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor {
    try renderImages(range, height: size, width: size) { index throws(EngineError) in
      tiled(unitCell(index: index, seed: seed)).map { Float($0) }
    }
  }

  /// k between points along one axis, row by row. That of the cell is its Kronecker product with itself.
  static func kernel(points: Int, length: Double, deviation: Double) -> [Double] {
    (0..<points * points).map { element in
      let distance = Double(abs(element / points - element % points)) / Double(points - 1)
      let wave = sin(.pi * distance) / length
      return deviation * deviation * exp(-2 * wave * wave)
    }
  }

  /// A draw, clipped, with `size / 2` rows and columns.
  func unitCell(index: Int, seed: UInt64) -> [Double] {
    let n = size / 2
    var random = SeededRandom(seed: seed, stream: UInt64(index))
    let noise = (0..<n * n).map { _ in random.normal() }
    // L Z Lᵀ has the covariance of the product kernel when L Lᵀ is the kernel's matrix.
    var half = [Double](repeating: 0, count: n * n)
    var draw = half
    for row in 0..<n {
      for k in 0...row {
        let weight = factor[row * n + k]
        for column in 0..<n { half[row * n + column] += weight * noise[k * n + column] }
      }
    }
    for row in 0..<n {
      for column in 0..<n {
        var sum = 0.5
        for k in 0...column { sum += half[row * n + k] * factor[column * n + k] }
        draw[row * n + column] = isBinary ? (sum >= 0.5 ? 1 : 0) : min(max(sum, 0), 1)
      }
    }
    return draw
  }

  /// Puts the cell into all four quarters of an image.
  private func tiled(_ cell: [Double]) -> [Double] {
    let n = size / 2
    return (0..<size * size).map { cell[$0 / size % n * n + $0 % size % n] }
  }
}
