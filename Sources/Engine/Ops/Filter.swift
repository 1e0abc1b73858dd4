import CKernels

/// The same small filter on every channel of images, or its adjoint. Linear, with fixed taps.
struct Filter: Primitive {
  let taps: [[Double]]
  /// Of a convolution with as many output channels as input channels.
  let sizes: ConvolutionSizes
  /// From the filter's output to its input.
  let isTransposed: Bool

  var name: String { isTransposed ? "transposed filter2d" : "filter2d" }
  var attributes: String? { "\(taps) \(sizes.key)" }

  static func tensor(_ x: Tensor, _ taps: [[Double]], _ sizes: ConvolutionSizes, transposed: Bool)
    -> Tensor
  {
    Tensor(
      Node(
        Filter(taps: taps, sizes: sizes, isTransposed: transposed), [x.node],
        shape: Shape(transposed ? sizes.input : sizes.output), dtype: x.dtype))
  }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    [Self.tensor(context.cotangent, taps, sizes, transposed: !isTransposed)]
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    let input = planner.dense(planner.view(of: node.inputs[0]), order: .channelsLast)
    let output = planner.allocate(node.shape, node.dtype, order: .channelsLast)
    planner.define(node, as: output)
    guard node.shape.count > 0 else { return }
    guard node.inputs[0].shape.count > 0 else { return planner.emitFill(output) }
    let (prepared, flat, adjoint) = (sizes.c, taps.flatMap { $0 }, Int32(isTransposed ? 1 : 0))
    let isDouble = node.dtype == .float64
    planner.emit(name, reads: [input], writes: output) { memory in
      withUnsafePointer(to: prepared) {
        if isDouble {
          mg_filter_f64(
            $0, adjoint, flat, memory.elements(of: input), memory.elements(of: output))
        } else {
          mg_filter_f32(
            $0, adjoint, flat, memory.elements(of: input), memory.elements(of: output))
        }
      }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    DenseArray.forEachIndex(of: Shape(sizes.output)) { o in
      for ky in taps.indices {
        for kx in taps[ky].indices {
          let y = o[2] * sizes.stride[0] + ky - sizes.before[0]
          let x = o[3] * sizes.stride[1] + kx - sizes.before[1]
          guard (0..<sizes.input[2]).contains(y), (0..<sizes.input[3]).contains(x) else { continue }
          let i = [o[0], o[1], y, x]
          if isTransposed {
            result[i] += taps[ky][kx] * inputs[0][o]
          } else {
            result[o] += taps[ky][kx] * inputs[0][i]
          }
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// Correlates every channel of images with the same filter, with zeros around them.
  ///
  /// - Parameters:
  ///   - taps: rows of equal length.
  ///   - stride: step of the filter along rows and columns, at least 1.
  ///   - padding: zeros around the images.
  /// - Returns: `[N, C, H, W]` → `[N, C, (H + top + bottom - rows) / stride + 1, …]`.
  public func filtered2d(
    _ taps: [[Double]], stride: Int = 1, padding: Padding2D = Padding2D()
  ) throws(EngineError) -> Tensor {
    try checkFilter(taps, op: "filter2d")
    let sizes = try ConvolutionSizes(
      op: "filter2d", input: shape.dimensions, weight: [shape[1], 1, taps.count, taps[0].count],
      stride: stride, padding: padding)
    return Filter.tensor(self, taps, sizes, transposed: false)
  }

  /// The adjoint of ``filtered2d(_:stride:padding:)``, which makes images larger where `stride` is.
  ///
  /// - Parameter outputSize: rows and columns of the result: of the images that the filter would take to
  ///   the size of these.
  public func transposeFiltered2d(
    _ taps: [[Double]], stride: Int, padding: Padding2D, outputSize: (rows: Int, columns: Int)
  ) throws(EngineError) -> Tensor {
    let op = "transposed filter2d"
    try checkFilter(taps, op: op)
    let larger = try Shape(
      checking: [shape[0], shape[1], outputSize.rows, outputSize.columns], op: op)
    let sizes = try ConvolutionSizes(
      op: op, input: larger.dimensions, weight: [shape[1], 1, taps.count, taps[0].count],
      stride: stride, padding: padding)
    guard sizes.output == shape.dimensions else {
      throw .shapeMismatch(op: op, lhs: shape, rhs: Shape(sizes.output))
    }
    return Filter.tensor(self, taps, sizes, transposed: true)
  }

  private func checkFilter(_ taps: [[Double]], op: String) throws(EngineError) {
    guard rank == 4, dtype.isFloating else {
      throw .invalidArgument(
        op: op, argument: "tensor", expected: "floating images [N, C, H, W]",
        got: "\(dtype.rawValue) \(shape)")
    }
    guard let first = taps.first, !first.isEmpty, taps.allSatisfy({ $0.count == first.count })
    else {
      throw .invalidArgument(
        op: op, argument: "taps", expected: "rows of equal length, not empty",
        got: "\(taps.map(\.count)) taps in \(taps.count) rows")
    }
  }
}
