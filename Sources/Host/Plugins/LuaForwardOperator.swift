import Engine
import LuaBridge

/// A forward operator that is a Lua function.
public struct LuaForwardOperator: ForwardOperator {
  private let forward: BoundFunction
  public let isLinear: Bool
  public let noise: (any NoiseModel)?
  public let domain: ImageDomain

  public var definition: LuaDefinition { forward.definition }
  /// The values of all parameters.
  public var parameters: LuaTable { forward.parameters }
  public var name: String { definition.name }
  public var plugins: [BoundPlugin] { [BoundPlugin(definition, parameters)] }

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range.
  public init(_ definition: LuaDefinition, parameters: LuaTable = LuaTable()) throws {
    forward = try BoundFunction(definition, kind: .operator, parameters: parameters)
    domain = try forward.domain()
    isLinear = try LuaForwardOperator.isLinear(forward)
    noise = try LuaForwardOperator.noise(forward)
  }

  private static func isLinear(_ forward: BoundFunction) throws -> Bool {
    let value = try forward.value("linear")
    guard let isLinear = value.isNil ? false : value.bool else {
      throw forward.problem(of: "linear", "must be true or false, got \(value.summary)")
    }
    return isLinear
  }

  private static func noise(_ forward: BoundFunction) throws -> (any NoiseModel)? {
    switch try forward.value("noise") {
    case .nil: return nil
    case .definition(let definition) where definition.kind == .noise:
      return try NoiseModels.model(definition)
    case let value:
      throw forward.problem(
        of: "noise",
        "must be a noise model such as mg.noise.gaussian { sigma = 0.1 }, got "
          + value.summary)
    }
  }

  /// Builds the measurement by calling the script.
  ///
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor `[N, …]`, which is given the dtype of `x`.
  public func measure(_ x: Tensor) throws -> Tensor {
    try forward.check(x, in: domain)
    let count = x.shape.dimensions.first ?? 1
    let result = try forward(x, returning: "a tensor [N, …]")
    guard result.shape.dimensions.first == count else {
      throw forward.problem(
        "forward must return [N, …] with N = \(count), got \(result.shape)")
    }
    return try x.dtype.isFloating ? result.cast(to: x.dtype) : result
  }

  /// What the plugin's `adjoint` says, else the vector-Jacobian product.
  public func adjoint(_ y: Tensor, imageShape shape: Shape) throws -> Tensor {
    let sizes = LuaTable(array: shape.dimensions.map { .integer($0) })
    if let own = try forward.tensor("adjoint", [.tensor(y)], then: [.table(sizes)], shape: shape) {
      return try own.cast(to: y.dtype)
    }
    let x = Tensor.zeros(shape, dtype: y.dtype)
    return try vjp(of: measure(x), cotangent: y, withRespectTo: [x])[0]
  }
}
