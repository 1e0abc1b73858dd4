/// A multi-dimensional array: a handle on a node of an immutable, lazily evaluated graph.
///
/// Building an expression checks shapes and dtypes at once and computes nothing; values are computed
/// when they are read (``floats()``, ``item()``) or by ``evaluate(_:)`` or a ``Program``.
public struct Tensor: Sendable {
  let node: Node

  init(_ node: Node) { self.node = node }

  /// Sizes of the axes.
  public var shape: Shape { node.shape }
  /// Element type.
  public var dtype: DType { node.dtype }
  /// Number of axes.
  public var rank: Int { node.shape.rank }
  /// Number of elements.
  public var count: Int { node.shape.count }

  /// Wraps dense, row-major memory that nobody writes any more.
  ///
  /// - Precondition: `storage` holds at least `shape.count` elements of `dtype`.
  public init(storage: Storage, shape: Shape, dtype: DType) {
    precondition(storage.byteCount >= shape.count * dtype.size, "storage smaller than its shape")
    self.init(Node(Constant(), [], shape: shape, dtype: dtype, value: storage))
  }
}

// MARK: - Creation

extension Tensor {
  /// A tensor of the given values in row-major order.
  ///
  /// - Precondition: `values.count == shape.count`.
  public init(_ values: [Float], shape: Shape) {
    self.init(copying: values, shape: shape, dtype: .float32)
  }
  /// A Float64 tensor of the given values in row-major order.
  public init(_ values: [Double], shape: Shape) {
    self.init(copying: values, shape: shape, dtype: .float64)
  }
  /// An Int32 tensor of the given values in row-major order.
  public init(_ values: [Int32], shape: Shape) {
    self.init(copying: values, shape: shape, dtype: .int32)
  }
  /// A Bool tensor of the given values in row-major order.
  public init(_ values: [Bool], shape: Shape) {
    self.init(copying: values.map { $0 ? UInt8(1) : 0 }, shape: shape, dtype: .bool)
  }

  private init<Element>(copying values: [Element], shape: Shape, dtype: DType) {
    precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
    let storage = Storage(byteCount: values.count * dtype.size)
    values.withUnsafeBytes {
      storage.pointer.copyMemory(from: $0.baseAddress ?? $0.startPointer, byteCount: $0.count)
    }
    self.init(storage: storage, shape: shape, dtype: dtype)
  }

  /// A tensor whose every element is `value`; takes no memory.
  ///
  /// - Parameter isVariable: whether its gradient may be asked for. Otherwise sums leave zeros out, and
  ///   products ones.
  public static func full(
    _ value: Double, shape: Shape, dtype: DType = .float32, isVariable: Bool = false
  ) -> Tensor {
    let literal = Literal(value: dtype.stored(value), isVariable: isVariable)
    return Tensor(Node(literal, .none, shape: shape, dtype: dtype))
  }
  /// All zeros.
  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    full(0, shape: shape, dtype: dtype)
  }
  /// All ones.
  public static func ones(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    full(1, shape: shape, dtype: dtype)
  }
  /// A scalar.
  public static func scalar(_ value: Double, dtype: DType = .float32) -> Tensor {
    full(value, shape: [], dtype: dtype)
  }
  /// The numbers `start, start + step, …`, `count` of them.
  public static func arange(
    _ count: Int, from start: Double = 0, step: Double = 1, dtype: DType = .float32
  ) -> Tensor {
    let values = (0..<count).map { start + Double($0) * step }
    switch dtype {
    case .float64: return Tensor(values, shape: [count])
    case .float32: return Tensor(values.map { Float($0) }, shape: [count])
    case .int32: return Tensor(values.map { Int32(saturating: $0) }, shape: [count])
    case .bool: return Tensor(values.map { $0 != 0 }, shape: [count])
    }
  }
  /// `count` evenly spaced numbers from `start` to `stop`, both included.
  public static func linspace(_ start: Double, _ stop: Double, count: Int, dtype: DType = .float32)
    -> Tensor
  {
    arange(
      count, from: start, step: count > 1 ? (stop - start) / Double(count - 1) : 0, dtype: dtype)
  }
}

extension UnsafeRawBufferPointer {
  /// Some address to copy nothing from.
  fileprivate var startPointer: UnsafeRawPointer {
    UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
  }
}

// MARK: - Reading

extension Tensor {
  /// Computes the value if needed and returns it as dense row-major memory.
  ///
  /// - Throws: ``EngineError/unboundPlaceholder(name:)`` when the value depends on a program's input.
  public func storage() throws(EngineError) -> Storage {
    if let value = node.value { return value }
    try evaluate([self])
    guard let value = node.value else {
      throw .library(name: "executor", reason: "no value computed")
    }
    return value
  }

  /// All elements in row-major order, converted to Float.
  public func floats() throws(EngineError) -> [Float] { try read(as: Float.self) }
  /// All elements in row-major order, converted to Double.
  public func doubles() throws(EngineError) -> [Double] { try read(as: Double.self) }
  /// All elements in row-major order, truncated to Int; NaN gives 0, what is out of range the nearest.
  public func integers() throws(EngineError) -> [Int] {
    try doubles().map { value in
      if value.isNaN { return 0 }
      return Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
  }

  /// The only element.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` unless there is exactly one.
  public func item() throws(EngineError) -> Double {
    guard count == 1 else {
      throw .invalidArgument(
        op: "item", argument: "tensor", expected: "one element", got: "shape \(shape)")
    }
    return try doubles()[0]
  }

  private func read<T: BinaryFloatingPoint>(as type: T.Type) throws(EngineError) -> [T] {
    let storage = try storage()
    let pointer = storage.pointer
    func convert<S>(_ source: S.Type, _ transform: (S) -> T) -> [T] {
      let buffer = UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: S.self), count: count)
      return buffer.map(transform)
    }
    return withExtendedLifetime(storage) {
      switch dtype {
      case .float32: convert(Float.self) { T($0) }
      case .float64: convert(Double.self) { T($0) }
      case .int32: convert(Int32.self) { T($0) }
      case .bool: convert(UInt8.self) { T($0) }
      }
    }
  }
}
