import CKernels

/// Sizes of a 2-D convolution; the adjoints use those of the forward one.
struct ConvolutionSizes: Sendable, Hashable {
  let input: [Int]
  let weight: [Int]
  let output: [Int]
  let stride: [Int]
  let before: [Int]
  let after: [Int]
  /// The image's other side is around it, not zeros; the output then has its size.
  var isCircular = false

  /// Operations of the sum as it is written, a multiply-add being two; padding is counted.
  var flops: Double { 2 * Double((output + weight.dropFirst()).reduce(1, *)) }

  var key: String {
    "\(input)\(weight)\(output)\(stride)\(before)\(after)\(isCircular ? "circular" : "")"
  }

  var c: mg_conv_sizes {
    func size(_ value: Int) -> Int64 { Int64(value) }
    return mg_conv_sizes(
      batch: size(input[0]), in_channels: size(input[1]), height: size(input[2]),
      width: size(input[3]),
      out_channels: size(output[1]), out_height: size(output[2]), out_width: size(output[3]),
      kernel_height: size(weight[2]), kernel_width: size(weight[3]), stride_height: size(stride[0]),
      stride_width: size(stride[1]), pad_top: size(before[0]), pad_bottom: size(after[0]),
      pad_left: size(before[1]), pad_right: size(after[1]), circular: isCircular ? 1 : 0)
  }

  /// Calls `body` for every product of the convolution with its input, weight and output index.
  fileprivate func forEachProduct(
    _ body: (_ input: [Int], _ weight: [Int], _ output: [Int]) -> Void
  ) {
    DenseArray.forEachIndex(of: Shape(output)) { o in
      DenseArray.forEachIndex(of: Shape(Array(weight.dropFirst()))) { w in
        var (y, x) = (
          o[2] * stride[0] + w[1] - before[0], o[3] * stride[1] + w[2] - before[1]
        )
        if isCircular { (y, x) = (wrap(y, input[2]), wrap(x, input[3])) }
        if (0..<input[2]).contains(y), (0..<input[3]).contains(x) {
          body([o[0], w[0], y, x], [o[1], w[0], w[1], w[2]], o)
        }
      }
    }
  }
}

/// A 2-D convolution (cross-correlation) or one of its adjoints. The three close on each other under
/// differentiation, so gradients of any order are convolutions again.
struct Convolution: Primitive {
  enum Kind: String, Sendable {
    /// (input, weight) → output
    case forward
    /// (output cotangent, weight) → input cotangent; also the transposed convolution
    case data
    /// (input, output cotangent) → weight cotangent
    case weights
  }

  let kind: Kind
  let sizes: ConvolutionSizes
  var name: String { kind == .forward ? "conv2d" : "conv2d \(kind.rawValue) adjoint" }
  var attributes: String? { sizes.key }

  static func tensor(_ kind: Kind, _ sizes: ConvolutionSizes, _ a: Tensor, _ b: Tensor) -> Tensor {
    let shape = kind == .forward ? sizes.output : kind == .data ? sizes.input : sizes.weight
    return Tensor(
      Node(
        Convolution(kind: kind, sizes: sizes), [a.node, b.node], shape: Shape(shape), dtype: a.dtype
      ))
  }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    let (a, b, g) = (context.inputs[0], context.inputs[1], context.cotangent)
    let rules: [Tensor] =
      switch kind {
      case .forward: [Self.tensor(.data, sizes, g, b), Self.tensor(.weights, sizes, a, g)]
      case .data: [Self.tensor(.forward, sizes, g, b), Self.tensor(.weights, sizes, g, a)]
      case .weights: [Self.tensor(.data, sizes, b, g), Self.tensor(.forward, sizes, a, g)]
      }
    return rules.indices.map { context.needs[$0] ? rules[$0] : nil }
  }

  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    // Activations channels-last, weights as they are saved (OIHW).
    let bIsWeight = kind != .weights
    let a = planner.dense(planner.view(of: node.inputs[0]), order: .channelsLast)
    let b = planner.dense(
      planner.view(of: node.inputs[1]), order: bIsWeight ? .rowMajor : .channelsLast)
    let output = planner.allocate(
      node.shape, node.dtype, order: kind == .weights ? .rowMajor : .channelsLast)
    planner.define(node, as: output)
    guard node.shape.count > 0 else { return }
    guard node.inputs.allSatisfy({ $0.shape.count > 0 }) else { return planner.emitFill(output) }
    let code = kind == .forward ? MG_CONV_FORWARD : kind == .data ? MG_CONV_DATA : MG_CONV_WEIGHTS
    let prepared = sizes.c
    if node.dtype == .float64 {
      planner.emit(name, reads: [a, b], writes: output, flops: sizes.flops) { memory in
        withUnsafePointer(to: prepared) {
          mg_conv_f64(
            code, $0, memory.elements(of: a), memory.elements(of: b), memory.elements(of: output))
        }
      }
    } else {
      planner.emit(name, reads: [a, b], writes: output, flops: sizes.flops) {
        (memory) throws(EngineError) in
        let status = withUnsafePointer(to: prepared) {
          mg_conv(
            code, $0, memory.elements(of: a), memory.elements(of: b), memory.elements(of: output))
        }
        guard status == 0 else {
          throw .library(name: "conv2d", reason: "no memory is left for its working space")
        }
      }
    }
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    var result = DenseArray(shape: shape, filledWith: 0)
    sizes.forEachProduct { input, weight, output in
      switch kind {
      case .forward: result[output] += inputs[0][input] * inputs[1][weight]
      case .data: result[input] += inputs[0][output] * inputs[1][weight]
      case .weights: result[weight] += inputs[0][input] * inputs[1][output]
      }
    }
    return result
  }
}

/// Winograd's algorithm for 3 × 3 convolutions with stride 1 or 2 in Float32, in the whole process.
public enum Winograd {
  /// True at first. The rounding error is some 2e-6 of the largest output with 32 to 256 channels, about
  /// twice that of direct sums, which are some two to three times slower.
  public static var isEnabled: Bool {
    get { mg_uses_winograd() != 0 }
    set { mg_set_winograd(newValue ? 1 : 0) }
  }
}

/// Zero padding around rows and columns.
public struct Padding2D: Sendable, Hashable {
  public let top: Int
  public let bottom: Int
  public let left: Int
  public let right: Int

  public init(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
  }

  /// The same on all four sides.
  public init(_ all: Int) { self.init(top: all, bottom: all, left: all, right: all) }
}

extension ConvolutionSizes {
  /// Works out the output of a convolution, and refuses sizes that make none.
  init(op: String, input: [Int], weight: [Int], stride: Int, padding: Padding2D)
    throws(EngineError)
  {
    let (before, after) = ([padding.top, padding.left], [padding.bottom, padding.right])
    let allowed = 0...Shape.maximumCount
    guard (before + after).allSatisfy(allowed.contains), stride >= 1, allowed.contains(stride)
    else {
      throw .invalidArgument(
        op: op, argument: "stride and padding", expected: "at least 1 and at least 0",
        got: "\(stride) and \(before + after)")
    }
    let padded = (0..<2).map { input[2 + $0] + before[$0] + after[$0] }
    guard (0..<2).allSatisfy({ weight[2 + $0] >= 1 && weight[2 + $0] <= padded[$0] }) else {
      throw .invalidArgument(
        op: op, argument: "kernel", expected: "at least 1 and at most the padded image \(padded)",
        got: "\(weight[2]) × \(weight[3])")
    }
    let output = [input[0], weight[0]] + (0..<2).map { (padded[$0] - weight[2 + $0]) / stride + 1 }
    self.init(
      input: input, weight: weight, output: try Shape(checking: output, op: op).dimensions,
      stride: [stride, stride], before: before, after: after)
  }
}

extension ConvolutionSizes {
  /// These sizes for an image before a periodic pad that makes up for what the kernel takes away: the
  /// convolution itself can look at the other side. `nil` for any other pad.
  func wrapping(_ padding: [AxisPadding]) -> ConvolutionSizes? {
    let unpadded = [0, 0]
    guard stride == [1, 1], before == unpadded, after == unpadded,
      padding[..<2].allSatisfy({ $0.before == 0 && $0.after == 0 }),
      (0..<2).allSatisfy({ padding[2 + $0].before + padding[2 + $0].after == weight[2 + $0] - 1 })
    else { return nil }
    return ConvolutionSizes(
      input: [input[0], input[1], output[2], output[3]], weight: weight, output: output,
      stride: stride, before: padding[2...].map(\.before), after: padding[2...].map(\.after),
      isCircular: true)
  }
}

extension Tensor {
  private static func check(_ op: String, _ x: Tensor, _ weight: Tensor) throws(EngineError) {
    for (label, tensor) in [("input", x), ("weight", weight)] where tensor.rank != 4 {
      throw .invalidArgument(
        op: op, argument: label, expected: "4 axes", got: "shape \(tensor.shape)")
    }
    guard x.dtype.isFloating, x.dtype == weight.dtype else {
      throw .dtypeMismatch(
        op: op, expected: x.dtype.isFloating ? x.dtype.rawValue : "a floating type",
        got: weight.dtype)
    }
  }

  /// 2-D cross-correlation with zero padding.
  ///
  /// - Parameters:
  ///   - x: `[N, C, H, W]`.
  ///   - weight: `[O, C, KH, KW]`.
  ///   - stride: step of the kernel along rows and columns, at least 1.
  ///   - padding: zeros around the input.
  /// - Returns: `[N, O, (H + top + bottom - KH) / stride + 1, …]`.
  public static func conv2d(
    _ x: Tensor, _ weight: Tensor, stride: Int = 1, padding: Padding2D = Padding2D()
  ) throws(EngineError) -> Tensor {
    try check("conv2d", x, weight)
    guard x.shape[1] == weight.shape[1] else {
      throw .shapeMismatch(op: "conv2d", lhs: x.shape, rhs: weight.shape)
    }
    let sizes = try ConvolutionSizes(
      op: "conv2d", input: x.shape.dimensions, weight: weight.shape.dimensions, stride: stride,
      padding: padding)
    return Convolution.tensor(.forward, sizes, x, weight)
  }

  /// The adjoint of ``conv2d(_:_:stride:padding:)`` with respect to its input: a transposed convolution.
  ///
  /// - Parameters:
  ///   - y: `[N, O, H', W']`.
  ///   - weight: `[O, C, KH, KW]`, as of the convolution it is the adjoint of.
  ///   - outputSize: rows and columns `[H, W]` of the result.
  /// - Returns: `[N, C, H, W]`.
  public static func convTranspose2d(
    _ y: Tensor, _ weight: Tensor, stride: Int, padding: Padding2D, outputSize: [Int]
  ) throws(EngineError) -> Tensor {
    try check("convTranspose2d", y, weight)
    guard outputSize.count == 2 else {
      throw .invalidArgument(
        op: "convTranspose2d", argument: "outputSize", expected: "rows and columns",
        got: "\(outputSize)")
    }
    let input = try Shape(
      checking: [y.shape[0], weight.shape[1]] + outputSize, op: "convTranspose2d")
    let sizes = try ConvolutionSizes(
      op: "convTranspose2d", input: input.dimensions, weight: weight.shape.dimensions,
      stride: stride,
      padding: padding)
    guard sizes.output == y.shape.dimensions else {
      throw .shapeMismatch(op: "convTranspose2d", lhs: y.shape, rhs: Shape(sizes.output))
    }
    return Convolution.tensor(.data, sizes, y, weight)
  }
}
