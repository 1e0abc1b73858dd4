// The element-wise surface of `Tensor`. Operands broadcast by NumPy's rule; Int32 and Bool operands are
// converted where they meet floating ones, Float32 and Float64 do not mix.

extension Tensor {
  private static func common(_ op: String, _ a: DType, _ b: DType) throws(EngineError) -> DType {
    if a == b { return a }
    switch (a, b) {
    case (.float32, .float64), (.float64, .float32):
      throw .dtypeMismatch(op: op, expected: a.rawValue, got: b)
    case (let floating, _) where floating.isFloating: return floating
    case (_, let floating) where floating.isFloating: return floating
    default: return .int32
    }
  }

  fileprivate static func unary(_ operation: PointwiseOperation, _ x: Tensor) throws(EngineError)
    -> Tensor
  {
    let operand = operation.isPredicate || x.dtype.isFloating ? x : try x.cast(to: .float32)
    let dtype: DType = operation.isPredicate ? .bool : operand.dtype
    return Tensor(
      Node(Pointwise(operation: operation), .one(operand.node), shape: x.shape, dtype: dtype))
  }

  fileprivate static func binary(_ operation: PointwiseOperation, _ a: Tensor, _ b: Tensor)
    throws(EngineError) -> Tensor
  {
    let shape = try Shape.broadcasting(a.shape, b.shape, op: operation.name)
    var dtype = try common(operation.name, a.dtype, b.dtype)
    if !operation.isPredicate,
      dtype == .bool || (dtype == .int32 && ["divide", "atan2"].contains(operation.name))
    {
      dtype = .float32
    }
    let lhs = try a.cast(to: dtype).unsafeBroadcast(to: shape)
    let rhs = try b.cast(to: dtype).unsafeBroadcast(to: shape)
    let result: DType = operation.isPredicate ? .bool : dtype
    return Tensor(
      Node(
        Pointwise(operation: operation), .two(lhs.node, rhs.node), shape: shape, dtype: result))
  }

  /// A number as an operand beside this tensor: of its shape, and of its dtype where that can hold the
  /// number, Float32 beside Bool, and beside Int32 where the number is not whole.
  package func operand(_ value: Double) -> Tensor {
    let fractional = dtype == .int32 && Int32(exactly: value) == nil
    return .full(value, shape: shape, dtype: dtype == .bool || fractional ? .float32 : dtype)
  }

  /// Converts the elements; a conversion to Int32 truncates, one to Bool asks for non-zero.
  public func cast(to target: DType) throws(EngineError) -> Tensor {
    if target == dtype { return self }
    if let value = number { return .full(value, shape: shape, dtype: target) }
    return Tensor(Node(Cast(from: dtype, target: target), .one(node), shape: shape, dtype: target))
  }

  public static func + (a: Tensor, b: Tensor) throws(EngineError) -> Tensor {
    if a.number == 0, a.dtype == b.dtype, a.dtype != .bool, a.shape == b.shape || a.rank == 0 {
      return b
    }
    if b.number == 0, a.dtype == b.dtype, a.dtype != .bool, a.shape == b.shape || b.rank == 0 {
      return a
    }
    return try binary(.add, a, b)
  }
  public static func - (a: Tensor, b: Tensor) throws(EngineError) -> Tensor {
    try binary(.subtract, a, b)
  }
  public static func * (a: Tensor, b: Tensor) throws(EngineError) -> Tensor {
    if a.number == 1, a.dtype == b.dtype, a.dtype != .bool, a.shape == b.shape || a.rank == 0 {
      return b
    }
    if b.number == 1, a.dtype == b.dtype, a.dtype != .bool, a.shape == b.shape || b.rank == 0 {
      return a
    }
    return try binary(.multiply, a, b)
  }
  public static func / (a: Tensor, b: Tensor) throws(EngineError) -> Tensor {
    try binary(.divide, a, b)
  }
  public static func + (a: Tensor, b: Double) throws(EngineError) -> Tensor { try a + a.operand(b) }
  public static func - (a: Tensor, b: Double) throws(EngineError) -> Tensor { try a - a.operand(b) }
  public static func * (a: Tensor, b: Double) throws(EngineError) -> Tensor { try a * a.operand(b) }
  public static func / (a: Tensor, b: Double) throws(EngineError) -> Tensor { try a / a.operand(b) }
  public static func + (a: Double, b: Tensor) throws(EngineError) -> Tensor { try b.operand(a) + b }
  public static func - (a: Double, b: Tensor) throws(EngineError) -> Tensor { try b.operand(a) - b }
  public static func * (a: Double, b: Tensor) throws(EngineError) -> Tensor { try b.operand(a) * b }
  public static func / (a: Double, b: Tensor) throws(EngineError) -> Tensor { try b.operand(a) / b }
  public static prefix func - (a: Tensor) throws(EngineError) -> Tensor { try a.negated() }

  /// -x.
  public func negated() throws(EngineError) -> Tensor { try .unary(.negate, self) }
  /// |x|; its gradient at 0 is 0.
  public func abs() throws(EngineError) -> Tensor { try .unary(.abs, self) }
  /// -1, 0 or 1.
  public func sign() throws(EngineError) -> Tensor { try .unary(.sign, self) }
  /// eˣ.
  public func exp() throws(EngineError) -> Tensor { try .unary(.exp, self) }
  /// Natural logarithm.
  public func log() throws(EngineError) -> Tensor { try .unary(.log, self) }
  /// log(1 + x), exact near 0.
  public func log1p() throws(EngineError) -> Tensor { try .unary(.log1p, self) }
  /// Square root; its gradient at 0 is infinite: see ``norm(_:keepDims:)`` where that matters.
  public func sqrt() throws(EngineError) -> Tensor { try .unary(.sqrt, self) }
  /// x².
  public func square() throws(EngineError) -> Tensor { try .unary(.square, self) }
  /// 1 / x.
  public func reciprocal() throws(EngineError) -> Tensor { try .unary(.reciprocal, self) }
  /// Sine of radians.
  public func sin() throws(EngineError) -> Tensor { try .unary(.sin, self) }
  /// Cosine of radians.
  public func cos() throws(EngineError) -> Tensor { try .unary(.cos, self) }
  /// Hyperbolic tangent.
  public func tanh() throws(EngineError) -> Tensor { try .unary(.tanh, self) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() throws(EngineError) -> Tensor { try .unary(.sigmoid, self) }
  /// log(1 + eˣ).
  public func softplus() throws(EngineError) -> Tensor { try .unary(.softplus, self) }
  /// Largest whole number not above x; has no gradient.
  public func floor() throws(EngineError) -> Tensor { try .unary(.floor, self) }
  /// Nearest whole number, the even one of two; has no gradient.
  public func rounded() throws(EngineError) -> Tensor { try .unary(.round, self) }
  /// The error function, 2/√π ∫₀ˣ e^(-t²) dt.
  public func erf() throws(EngineError) -> Tensor { try .unary(.erf, self) }
  /// The angle of the points (x, y) with this tensor as y, in radians, -π…π; without gradient at (0, 0).
  public func atan2(_ x: Tensor) throws(EngineError) -> Tensor { try .binary(.atan2, self, x) }
  /// max(x, 0), NaN where x is; its gradient at 0 is 0.
  public func relu() throws(EngineError) -> Tensor {
    try .select(isLessOrEqual(to: 0), .zeros(shape, dtype: dtype), self)
  }
  /// x where x ≥ 0, slope · x elsewhere; its gradient at 0 is 1.
  public func leakyReLU(slope: Double = 0.2) throws(EngineError) -> Tensor {
    try .select(isGreaterOrEqual(to: 0), self, self * slope)
  }
  /// x · sigmoid(x).
  public func swish() throws(EngineError) -> Tensor { try self * sigmoid() }

  /// aᵇ, element by element.
  public func pow(_ exponent: Tensor) throws(EngineError) -> Tensor {
    try .binary(.power, self, exponent)
  }
  /// x to a fixed power; whole powers up to 3, and ±½, need no logarithm.
  public func pow(_ exponent: Double) throws(EngineError) -> Tensor {
    switch exponent {
    case 0: .ones(shape, dtype: dtype)
    case 1: self
    case 2: try square()
    case 3: try self * square()
    case 0.5: try sqrt()
    case -1: try reciprocal()
    case -0.5: try sqrt().reciprocal()
    default: try pow(operand(exponent))
    }
  }
  /// The larger of the two; at ties the gradient goes to `self`.
  public func maximum(_ other: Tensor) throws(EngineError) -> Tensor {
    try .binary(.maximum, self, other)
  }
  public func maximum(_ other: Double) throws(EngineError) -> Tensor { try maximum(operand(other)) }
  /// The smaller of the two; at ties the gradient goes to `self`.
  public func minimum(_ other: Tensor) throws(EngineError) -> Tensor {
    try .binary(.minimum, self, other)
  }
  public func minimum(_ other: Double) throws(EngineError) -> Tensor { try minimum(operand(other)) }
  /// Limits every element to `[min, max]`; either bound may be missing.
  public func clamped(min: Double? = nil, max: Double? = nil) throws(EngineError) -> Tensor {
    var result = self
    if let min { result = try result.maximum(min) }
    if let max { result = try result.minimum(max) }
    return result
  }

  public func isLess(than other: Tensor) throws(EngineError) -> Tensor {
    try .binary(.isLess, self, other)
  }
  public func isLess(than other: Double) throws(EngineError) -> Tensor {
    try isLess(than: operand(other))
  }
  public func isLessOrEqual(to other: Tensor) throws(EngineError) -> Tensor {
    try .binary(.isLessOrEqual, self, other)
  }
  public func isLessOrEqual(to other: Double) throws(EngineError) -> Tensor {
    try isLessOrEqual(to: operand(other))
  }
  public func isGreater(than other: Tensor) throws(EngineError) -> Tensor {
    _ = try Shape.broadcasting(shape, other.shape, op: "isGreater")
    return try other.isLess(than: self)
  }
  public func isGreater(than other: Double) throws(EngineError) -> Tensor {
    try isGreater(than: operand(other))
  }
  public func isGreaterOrEqual(to other: Tensor) throws(EngineError) -> Tensor {
    _ = try Shape.broadcasting(shape, other.shape, op: "isGreaterOrEqual")
    return try other.isLessOrEqual(to: self)
  }
  public func isGreaterOrEqual(to other: Double) throws(EngineError) -> Tensor {
    try isGreaterOrEqual(to: operand(other))
  }
  public func isEqual(to other: Tensor) throws(EngineError) -> Tensor {
    try .binary(.isEqual, self, other)
  }
  public func isEqual(to other: Double) throws(EngineError) -> Tensor {
    try isEqual(to: operand(other))
  }
  public func isNotEqual(to other: Tensor) throws(EngineError) -> Tensor {
    try .binary(.isNotEqual, self, other)
  }
  public func isNotEqual(to other: Double) throws(EngineError) -> Tensor {
    try isNotEqual(to: operand(other))
  }
  /// True where the element is false or 0.
  public func logicalNot() throws(EngineError) -> Tensor { try .unary(.logicalNot, self) }
  /// True where both are.
  public func logicalAnd(_ other: Tensor) throws(EngineError) -> Tensor {
    try (cast(to: .bool) * other.cast(to: .bool)).cast(to: .bool)
  }
  /// True where either is.
  public func logicalOr(_ other: Tensor) throws(EngineError) -> Tensor {
    try (cast(to: .bool) + other.cast(to: .bool)).cast(to: .bool)
  }

  /// `a` where the mask holds (is true or not 0), `b` elsewhere; all three broadcast.
  public static func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor) throws(EngineError) -> Tensor
  {
    let operation = PointwiseOperation.select
    let dtype = try common(operation.name, a.dtype, b.dtype)
    let branches = try Shape.broadcasting(a.shape, b.shape, op: operation.name)
    let shape = try Shape.broadcasting(mask.shape, branches, op: operation.name)
    let operands = [mask, try a.cast(to: dtype), try b.cast(to: dtype)].map {
      $0.unsafeBroadcast(to: shape).node
    }
    return Tensor(
      Node(Pointwise(operation: operation), NodeInputs(operands), shape: shape, dtype: dtype))
  }
}
