import Dispatch
import Engine

/// Samples as rows of numbers.
struct Rows: Sendable {
  let values: [Double]
  let count: Int
  let width: Int

  init(_ tensor: Tensor, op: String) throws(EngineError) {
    guard tensor.rank > 0, tensor.count > 0 else {
      throw .invalidArgument(
        op: op, argument: "samples", expected: "[N, …] with N > 0", got: "\(tensor.shape)")
    }
    values = try tensor.doubles()
    guard values.allSatisfy(\.isFinite) else {
      throw .invalidArgument(
        op: op, argument: "samples", expected: "finite numbers", got: "NaN or infinity")
    }
    count = tensor.shape[0]
    width = values.count / count
  }

  private init(values: [Double], count: Int, width: Int) {
    (self.values, self.count, self.width) = (values, count, width)
  }

  func appending(_ other: Rows) throws(EngineError) -> Rows {
    guard other.width == width else {
      throw .invalidArgument(
        op: "mmd", argument: "y", expected: "rows of \(width) numbers", got: "\(other.width)")
    }
    return Rows(values: values + other.values, count: count + other.count, width: width)
  }

  /// All `count × count` squared distances among the rows, row by row.
  func squaredDistances() -> [Double] { squaredDistances(to: self, isSymmetric: true) }

  /// All `count × other.count` squared distances, row by row.
  func squaredDistances(to other: Rows, isSymmetric: Bool = false) -> [Double] {
    var result = [Double](repeating: 0, count: count * other.count)
    result.withUnsafeMutableBufferPointer { result in
      // Every iteration writes its own row only, or from the diagonal on and the same column downwards.
      nonisolated(unsafe) let result = result
      DispatchQueue.concurrentPerform(iterations: count) { i in
        values.withUnsafeBufferPointer { a in
          other.values.withUnsafeBufferPointer { b in
            for j in (isSymmetric ? i : 0)..<other.count {
              let distance = squaredDistance(
                UnsafeBufferPointer(rebasing: a[i * width..<(i + 1) * width]),
                UnsafeBufferPointer(rebasing: b[j * width..<(j + 1) * width]))
              result[i * other.count + j] = distance
              if isSymmetric { result[j * count + i] = distance }
            }
          }
        }
      }
    }
    return result
  }

  /// `size` of the rows, none of them twice.
  func subset(_ size: Int, using random: inout SeededRandom) -> Rows {
    let chosen = Array(0..<count).shuffled(using: &random).prefix(size)
    return Rows(
      values: chosen.flatMap { values[$0 * width..<($0 + 1) * width] }, count: size, width: width)
  }

  func medianLengthScale() throws(EngineError) -> Double {
    guard count > 1 else {
      throw .invalidArgument(op: "mmd", argument: "x", expected: "two samples or more", got: "1")
    }
    let all = squaredDistances()
    var distances: [Double] = []
    for i in 0..<count { distances += all[i * count + i + 1..<(i + 1) * count] }
    distances.sort()
    let middle = distances.count / 2
    let median =
      distances.count % 2 == 1
      ? distances[middle] : (distances[middle - 1] + distances[middle]) / 2
    return (median / 2).squareRoot()
  }
}

/// ‖a − b‖², eight numbers at a time: the order of summation is fixed, so results repeat.
private func squaredDistance(
  _ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>
) -> Double {
  let (left, right) = (UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
  let whole = a.count / 8 * 8
  var sums = SIMD8<Double>()
  for offset in stride(from: 0, to: whole * 8, by: 64) {
    let difference =
      left.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
      - right.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
    sums += difference * difference
  }
  return (whole..<a.count).reduce(sums.sum()) { $0 + (a[$1] - b[$1]) * (a[$1] - b[$1]) }
}
