/// A value given from outside: its node carries it.
struct Constant: Primitive {
  let name = "constant"
  var attributes: String? { nil }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [] }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    guard let value = node.value else {
      throw .library(name: "executor", reason: "a constant without a value")
    }
    planner.define(node, as: planner.constant(value, shape: node.shape, dtype: node.dtype))
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    throw .library(name: "reference evaluator", reason: "constants are read, not computed")
  }
}

/// One number known when the graph is built, repeated over the shape of its node.
struct Literal: Primitive {
  let value: Double
  /// Whether a person made it and may ask for its gradient: then it is kept even where a sum or a product
  /// could do without it.
  var isVariable = false
  var name: String { "literal" }
  var role: NodeRole { .literal }
  var literal: Literal? { self }
  var attributes: String? { "\(value.bitPattern)" }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [] }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    var view = planner.constant(node.dtype.storage(of: value), shape: [], dtype: node.dtype)
    view.sizes = node.shape.dimensions
    view.strides = view.sizes.map { _ in 0 }
    planner.define(node, as: view)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    DenseArray(shape: shape, filledWith: value)
  }
}

/// An input of a ``Program``: its value comes when the program runs.
struct Placeholder: Primitive {
  let label: String
  var name: String { "input '\(label)'" }
  var attributes: String? { nil }
  func vjp(_ context: GradientContext) throws(EngineError) -> [Tensor?] { [] }
  func lower(_ node: Node, into planner: Planner) throws(EngineError) {
    throw .unboundPlaceholder(name: label)
  }
  func reference(_ inputs: [DenseArray], shape: Shape) throws(EngineError) -> DenseArray {
    throw .unboundPlaceholder(name: label)
  }
}

extension Int32 {
  /// The whole number towards zero, the nearest one there is for numbers out of range, 0 for NaN: what
  /// the kernels do.
  init(saturating value: Double) {
    self = value.isNaN ? 0 : Int32(Swift.max(Swift.min(value, 2_147_483_647), -2_147_483_648))
  }
}

extension DType {
  /// What is left of a number when it is stored as this type.
  func stored(_ value: Double) -> Double {
    switch self {
    case .float32: Double(Float(value))
    case .float64: value
    case .int32: Double(Int32(saturating: value))
    case .bool: value != 0 ? 1 : 0
    }
  }

  /// One element in memory.
  func storage(of value: Double) -> Storage {
    let storage = Storage(byteCount: size)
    switch self {
    case .float32: storage.pointer.storeBytes(of: Float(value), as: Float.self)
    case .float64: storage.pointer.storeBytes(of: value, as: Double.self)
    case .int32: storage.pointer.storeBytes(of: Int32(saturating: value), as: Int32.self)
    case .bool: storage.pointer.storeBytes(of: value != 0 ? 1 : 0, as: UInt8.self)
    }
    return storage
  }
}

extension Tensor {
  /// A named value that is supplied when a ``Program`` runs.
  public static func placeholder(_ name: String, shape: Shape, dtype: DType = .float32) -> Tensor {
    Tensor(Node(Placeholder(label: name), [], shape: shape, dtype: dtype))
  }

  /// The number this tensor is known to be everywhere, if it is a literal, broadcast or not.
  var literal: Double? { literalPrimitive?.value }

  /// The same, of numbers that nobody can ask a gradient for: what sums and products may leave out.
  var number: Double? { literalPrimitive.flatMap { $0.isVariable ? nil : $0.value } }

  private var literalPrimitive: Literal? {
    // Asked for every operand of every sum and product.
    var node = node
    while node.role == .broadcast || node.role == .reshape { node = node.inputs[0] }
    return node.role == .literal ? node.primitive.literal : nil
  }
}
