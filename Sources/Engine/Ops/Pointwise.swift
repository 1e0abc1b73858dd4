import CKernels

/// One element-wise operation: the record that its tensor method, gradient test and accuracy test use.
///
/// An object, so that the nodes of a graph share it instead of holding copies.
final class PointwiseOperation: Sendable {
  let name: String
  let summary: String
  let opcode: mg_opcode
  /// Where tests sample the operands; away from kinks and poles.
  let samples: [ClosedRange<Double>]
  /// The value in Double.
  let value: @Sendable (_ a: Double, _ b: Double, _ c: Double) -> Double
  let vjp: @Sendable (GradientContext) throws(EngineError) -> [Tensor?]
  let isPredicate: Bool

  var arity: Int { samples.count }

  init(
    name: String, summary: String, opcode: mg_opcode, samples: [ClosedRange<Double>],
    value: @escaping @Sendable (_ a: Double, _ b: Double, _ c: Double) -> Double,
    vjp: @escaping @Sendable (GradientContext) throws(EngineError) -> [Tensor?],
    isPredicate: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.opcode = opcode
    self.samples = samples
    self.value = value
    self.vjp = vjp
    self.isPredicate = isPredicate
  }
}

/// Applies one element-wise operation to operands of equal shape.
struct Pointwise: FusedPrimitive {
  let operation: PointwiseOperation
  var name: String { operation.name }

  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    try operation.vjp(context)
  }

  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    let (a, b, c) = (inputs[0], inputs.count > 1 ? inputs[1] : inputs[0], inputs.last ?? inputs[0])
    let values = (0..<shape.count).map { operation.value(a.values[$0], b.values[$0], c.values[$0]) }
    return DenseArray(shape: shape, values: values)
  }
}

/// Converts between element types; a conversion to Int32 truncates.
struct Cast: FusedPrimitive {
  let from: DType
  let target: DType
  let name = "cast"
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] {
    [from.isFloating ? try context.cotangent.cast(to: from) : nil]
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    let values = inputs[0].values.map { value -> Double in
      switch target {
      case .float64: value
      case .float32: Double(Float(value))
      case .int32: value.isNaN ? 0 : Double(Int32(clamping: Int(max(min(value, 3e9), -3e9))))
      case .bool: value != 0 ? 1 : 0
      }
    }
    return DenseArray(shape: shape, values: values)
  }
}

extension Tensor {
  /// 1 in place of 0 where a mask holds: there a factor that is 0 would meet an infinity.
  fileprivate func withoutZeros(where mask: Tensor) throws(EngineError) -> Tensor {
    try .select(mask, .select(isEqual(to: 0), .ones([], dtype: dtype), self), self)
  }
}

// MARK: - The catalogue

extension PointwiseOperation {
  private static func unary(
    _ name: String, _ summary: String, _ opcode: mg_opcode, sample: ClosedRange<Double> = -2...2,
    _ value: @escaping @Sendable (Double) -> Double,
    vjp: @escaping @Sendable (_ x: Tensor, _ y: Tensor, _ dy: Tensor) throws(EngineError) -> Tensor?
  ) -> PointwiseOperation {
    PointwiseOperation(
      name: name, summary: summary, opcode: opcode, samples: [sample],
      value: { a, _, _ in value(a) },
      vjp: { (context) throws(EngineError) in
        [try vjp(context.inputs[0], context.output, context.cotangent)]
      })
  }

  private static func binary(
    _ name: String, _ summary: String, _ opcode: mg_opcode,
    samples: [ClosedRange<Double>] = [-2...2, -2...2],
    _ value: @escaping @Sendable (Double, Double) -> Double,
    vjp:
      @escaping @Sendable (_ a: Tensor, _ b: Tensor, _ y: Tensor, _ dy: Tensor, _ needs: [Bool])
      throws(EngineError) -> [Tensor?]
  ) -> PointwiseOperation {
    PointwiseOperation(
      name: name, summary: summary, opcode: opcode, samples: samples,
      value: { a, b, _ in value(a, b) },
      vjp: { (context) throws(EngineError) in
        try vjp(
          context.inputs[0], context.inputs[1], context.output, context.cotangent, context.needs)
      })
  }

  private static func predicate(
    _ name: String, _ summary: String, _ opcode: mg_opcode,
    _ value: @escaping @Sendable (Double, Double) -> Bool
  ) -> PointwiseOperation {
    PointwiseOperation(
      name: name, summary: summary, opcode: opcode, samples: [-2...2, -2...2],
      value: { a, b, _ in value(a, b) ? 1 : 0 },
      vjp: { (_) throws(EngineError) in [nil, nil] }, isPredicate: true)
  }

  static let negate = unary("negate", "-x", MG_NEGATE, { -$0 }) { (_, _, dy) throws(EngineError) in
    try -dy
  }
  static let abs = unary(
    "abs", "|x|; the gradient at 0 is 0", MG_ABS, sample: 0.2...2, { Swift.abs($0) }
  ) { (x, _, dy) throws(EngineError) in try dy * x.sign() }
  static let sign = unary(
    "sign", "-1, 0 or 1; constant almost everywhere", MG_SIGN, sample: 0.2...2,
    { $0.isNaN ? $0 : ($0 > 0 ? 1 : 0) - ($0 < 0 ? 1 : 0) }
  ) { (_, _, _) throws(EngineError) in nil }
  static let exp = unary("exp", "eˣ", MG_EXP, { Double.exp($0) }) {
    (_, y, dy) throws(EngineError) in
    try dy * y
  }
  static let log = unary("log", "natural logarithm", MG_LOG, sample: 0.3...3, { Double.log($0) }) {
    (x, _, dy) throws(EngineError) in try dy / x
  }
  static let log1p = unary(
    "log1p", "log(1 + x), exact near 0", MG_LOG1P, sample: -0.5...3, { Double.log1p($0) }
  ) { (x, _, dy) throws(EngineError) in try dy / (x + 1) }
  static let sqrt = unary(
    "sqrt", "square root; the gradient at 0 is infinite", MG_SQRT, sample: 0.3...3,
    { $0.squareRoot() }
  ) { (_, y, dy) throws(EngineError) in try dy * 0.5 / y }
  static let square = unary("square", "x²", MG_SQUARE, { $0 * $0 }) {
    (x, _, dy) throws(EngineError) in
    try dy * (x * 2)
  }
  static let reciprocal = unary("reciprocal", "1 / x", MG_RECIPROCAL, sample: 0.3...3, { 1 / $0 }) {
    (_, y, dy) throws(EngineError) in try -(dy * y.square())
  }
  static let sin = unary("sin", "sine of radians", MG_SIN, { Double.sin($0) }) {
    (x, _, dy) throws(EngineError) in try dy * x.cos()
  }
  static let cos = unary("cos", "cosine of radians", MG_COS, { Double.cos($0) }) {
    (x, _, dy) throws(EngineError) in try -(dy * x.sin())
  }
  static let tanh = unary("tanh", "hyperbolic tangent", MG_TANH, { Double.tanh($0) }) {
    (_, y, dy) throws(EngineError) in try dy * (1 - y.square())
  }
  static let sigmoid = unary(
    "sigmoid", "1 / (1 + e⁻ˣ), without overflow", MG_SIGMOID, { 1 / (1 + Double.exp(-$0)) }
  ) { (_, y, dy) throws(EngineError) in try dy * (y * (1 - y)) }
  static let softplus = unary(
    "softplus", "log(1 + eˣ), without overflow", MG_SOFTPLUS,
    { max($0, 0) + Double.log1p(Double.exp(-Swift.abs($0))) }
  ) { (x, _, dy) throws(EngineError) in try dy * x.sigmoid() }
  static let floor = unary(
    "floor", "largest whole number not above x", MG_FLOOR, sample: 0.2...0.8, { $0.rounded(.down) }
  ) { (_, _, _) throws(EngineError) in
    throw .noGradient(op: "floor", reason: "it is constant almost everywhere")
  }
  static let round = unary(
    "round", "nearest whole number, the even one of two", MG_ROUND, sample: -0.4...0.4,
    { $0.rounded(.toNearestOrEven) }
  ) { (_, _, _) throws(EngineError) in
    throw .noGradient(op: "round", reason: "it is constant almost everywhere")
  }
  static let erf = unary("erf", "2/√π ∫₀ˣ e^(-t²) dt", MG_ERF, { Double.erf($0) }) {
    (x, _, dy) throws(EngineError) in
    try dy * ((-x.square()).exp() * (2 / Double.pi.squareRoot()))
  }
  static let logicalNot = PointwiseOperation(
    name: "logicalNot", summary: "true where x is false or 0", opcode: MG_NOT, samples: [-2...2],
    value: { a, _, _ in a == 0 ? 1 : 0 }, vjp: { (_) throws(EngineError) in [nil] },
    isPredicate: true)

  static let add = binary("add", "a + b", MG_ADD, { $0 + $1 }) {
    (_, _, _, dy, _) throws(EngineError) in [dy, dy]
  }
  static let subtract = binary("subtract", "a - b", MG_SUBTRACT, { $0 - $1 }) {
    (_, _, _, dy, needs) throws(EngineError) in [dy, needs[1] ? try -dy : nil]
  }
  static let multiply = binary("multiply", "a · b", MG_MULTIPLY, { $0 * $1 }) {
    (a, b, _, dy, needs) throws(EngineError) in
    [needs[0] ? try dy * b : nil, needs[1] ? try dy * a : nil]
  }
  static let divide = binary("divide", "a / b", MG_DIVIDE, samples: [-2...2, 0.4...3], { $0 / $1 })
  {
    (_, b, y, dy, needs) throws(EngineError) in
    let scaled = try dy / b
    return [scaled, needs[1] ? try -(scaled * y) : nil]
  }
  static let power = binary(
    "pow", "aᵇ", MG_POWER, samples: [0.3...2, -2...2], { Double.pow($0, $1) }
  ) { (a, b, y, dy, needs) throws(EngineError) in
    // 0⁰ and 0ᵇ are flat: 0 · ∞ there would be NaN.
    let base = b.literal ?? 0 == 0 ? try a.withoutZeros(where: b.isEqual(to: 0)) : a
    return [
      needs[0] ? try dy * b * base.pow(b - 1) : nil,
      needs[1] ? try dy * y * a.withoutZeros(where: b.isGreaterOrEqual(to: 0)).log() : nil,
    ]
  }
  static let atan2 = binary(
    "atan2", "the angle of the point (b, a), in -π…π", MG_ATAN2, samples: [0.3...2, -2...2],
    { Double.atan2($0, $1) }
  ) { (a, b, _, dy, needs) throws(EngineError) in
    let slope = try dy / (a.square() + b.square())
    return [needs[0] ? try slope * b : nil, needs[1] ? try -(slope * a) : nil]
  }
  // At ties the first operand gets the whole gradient.
  static let maximum = binary(
    "maximum", "the larger of a and b, NaN where one is", MG_MAXIMUM, samples: [-2...0, 0.1...2],
    { $0.isNaN || $0 > $1 ? $0 : $1 }
  ) { (a, b, _, dy, needs) throws(EngineError) in
    let first = try a.isGreaterOrEqual(to: b)
    let zero = Tensor.zeros(dy.shape, dtype: dy.dtype)
    return [
      needs[0] ? try .select(first, dy, zero) : nil, needs[1] ? try .select(first, zero, dy) : nil,
    ]
  }
  static let minimum = binary(
    "minimum", "the smaller of a and b, NaN where one is", MG_MINIMUM, samples: [-2...0, 0.1...2],
    { $0.isNaN || $0 < $1 ? $0 : $1 }
  ) { (a, b, _, dy, needs) throws(EngineError) in
    let first = try a.isLessOrEqual(to: b)
    let zero = Tensor.zeros(dy.shape, dtype: dy.dtype)
    return [
      needs[0] ? try .select(first, dy, zero) : nil, needs[1] ? try .select(first, zero, dy) : nil,
    ]
  }
  static let isLess = predicate("isLess", "a < b", MG_LESS, { $0 < $1 })
  static let isLessOrEqual = predicate("isLessOrEqual", "a ≤ b", MG_LESS_EQUAL, { $0 <= $1 })
  static let isEqual = predicate("isEqual", "a = b", MG_EQUAL, { $0 == $1 })
  static let isNotEqual = predicate("isNotEqual", "a ≠ b", MG_NOT_EQUAL, { $0 != $1 })
  static let select = PointwiseOperation(
    name: "select", summary: "b where the mask holds, c elsewhere", opcode: MG_SELECT,
    samples: [0...1, -2...2, -2...2], value: { $0 != 0 ? $1 : $2 },
    vjp: { (context) throws(EngineError) in
      let dy = context.cotangent
      let zero = Tensor.zeros(dy.shape, dtype: dy.dtype)
      return [
        nil, context.needs[1] ? try .select(context.inputs[0], dy, zero) : nil,
        context.needs[2] ? try .select(context.inputs[0], zero, dy) : nil,
      ]
    })

  /// Every element-wise operation: what the tests go through.
  static let catalog: [PointwiseOperation] = [
    negate, abs, sign, exp, log, log1p, sqrt, square, reciprocal, sin, cos, tanh, sigmoid, softplus,
    floor, round, erf, logicalNot, add, subtract, multiply, divide, power, atan2, maximum, minimum,
    isLess,
    isLessOrEqual,
    isEqual, isNotEqual, select,
  ]
}
