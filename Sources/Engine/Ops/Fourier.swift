import CKernels
import Foundation

/// Discrete Fourier transform, not normalised, of the axes before a trailing axis of (real, imaginary).
struct Fourier: Primitive {
  /// Number of axes that are transformed; those before them are a batch.
  let axisCount: Int
  /// -1: forward, e^{-2πi…}; +1: its adjoint.
  let sign: Int
  let name = "fft"
  var attributes: String? { "\(axisCount),\(sign)" }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    // As a real map the transform's transpose is the transform with the other sign.
    let dy = context.cotangent
    return [
      Tensor(
        Node(
          Fourier(axisCount: axisCount, sign: -sign), [dy.node], shape: dy.shape, dtype: dy.dtype))
    ]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.dense(planner.view(of: node.inputs[0]))
    let output = planner.allocate(node.shape, node.dtype, like: [])
    planner.define(node, as: output)
    guard node.shape.count > 0 else { return }
    let end = node.shape.rank - 1
    let sizes = node.shape.dimensions[(end - axisCount)..<end].map { Int64($0) }
    let batch = node.shape.dimensions[..<(end - axisCount)].reduce(1, *)
    let (isDouble, sign) = (Int32(node.dtype == .float64 ? 1 : 0), Int32(sign))
    planner.emit(name, reads: [input], writes: output) { (memory) throws(EngineError) in
      let status = mg_fft(
        isDouble, Int32(sizes.count), sizes, Int64(batch), sign, memory.start(of: input),
        memory.start(of: output))
      if status != 0 { throw .library(name: "FFTW", reason: "no plan for sizes \(sizes)") }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    let end = shape.rank - 1
    var result = DenseArray(shape: shape, filledWith: 0)
    let transformed = Shape(Array(shape.dimensions[(end - axisCount)..<end]))
    DenseArray.forEachIndex(of: Shape(Array(shape.dimensions[..<end]))) { to in
      DenseArray.forEachIndex(of: transformed) { from in
        let batch = Array(to[..<(end - axisCount)])
        let turns = from.indices.reduce(0.0) {
          $0 + Double(from[$1] * to[end - axisCount + $1]) / Double(transformed[$1])
        }
        let angle = Double(sign) * 2 * .pi * turns
        let (re, im) = (inputs[0][batch + from + [0]], inputs[0][batch + from + [1]])
        result[to + [0]] += re * Foundation.cos(angle) - im * Foundation.sin(angle)
        result[to + [1]] += re * Foundation.sin(angle) + im * Foundation.cos(angle)
      }
    }
    return result
  }
}

extension Tensor {
  /// Discrete Fourier transform of the last `axisCount` axes before a trailing axis of 2.
  ///
  ///     forward: X[k] = Σ x[n] e^{-2πi kn/N}     inverse: x[n] = 1/N Σ X[k] e^{+2πi kn/N}
  ///
  /// - Parameters:
  ///   - axisCount: 1 or more.
  ///   - inverse: whether to transform back (normalised by the number of points).
  /// - Returns: same shape as this tensor, whose last axis holds (real, imaginary).
  public func fft(axisCount: Int = 1, inverse: Bool = false) throws(EngineError) -> Tensor {
    guard axisCount >= 1, rank > axisCount, shape[rank - 1] == 2, dtype.isFloating else {
      throw .invalidArgument(
        op: "fft", argument: "tensor",
        expected:
          "a floating tensor of more than \(axisCount) axes, the last of size 2 (real, imaginary)",
        got: "shape \(shape)")
    }
    let result = Tensor(
      Node(
        Fourier(axisCount: axisCount, sign: inverse ? 1 : -1), [node], shape: shape, dtype: dtype))
    guard inverse else { return result }
    let points = shape.dimensions[(rank - 1 - axisCount)..<(rank - 1)].reduce(1, *)
    return try result * (1 / Double(Swift.max(points, 1)))
  }
}
