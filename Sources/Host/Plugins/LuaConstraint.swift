import Engine
import LuaBridge

/// A constraint whose distance is a Lua function.
public struct LuaConstraint: Constraint {
  private let distance: BoundFunction
  public let domain: ImageDomain

  public var definition: LuaDefinition { distance.definition }
  /// The values of all parameters.
  public var parameters: LuaTable { distance.parameters }
  public var name: String { definition.name }
  public var source: String { distance.source }
  public var plugins: [BoundPlugin] { [BoundPlugin(definition, parameters)] }

  /// Binds parameters to a definition.
  ///
  /// - Throws: ``LuaError`` for parameters it does not have or that are out of range.
  public init(_ definition: LuaDefinition, parameters: LuaTable = LuaTable()) throws {
    distance = try BoundFunction(definition, kind: .constraint, parameters: parameters)
    domain = try distance.domain()
  }

  /// Builds the distances by calling the script.
  ///
  /// - Throws: ``LuaError`` naming the script's line: its own errors, and of kind `result` unless it
  ///   returns a floating tensor `[N]`, which is given the dtype of `x`.
  public func distances(_ x: Tensor) throws -> Tensor {
    try distance.check(x, in: domain)
    let count = x.shape.dimensions.first ?? 1
    let result = try distance(x, returning: "[N] = [\(count)]")
    guard result.shape == [count] else {
      let advice = LuaConstraint.advice(on: result.shape, count: count)
      throw distance.problem(
        "distance must return [N] = [\(count)], got \(result.shape). \(advice)")
    }
    return try x.dtype.isFloating ? result.cast(to: x.dtype) : result
  }

  public func generate(count: Int, seed: UInt64) throws -> Tensor? {
    guard let function = definition.function("generate") else { return nil }
    let random = try function.runtime.randomSource(seed: seed)
    guard
      let value = try distance.call("generate", [.integer(count)], then: [random])
    else { return nil }
    guard let images = value.tensor, images.rank == 4, images.shape[0] == count,
      images.dtype.isFloating
    else {
      throw distance.problem(
        of: "generate", "must return images [N, C, H, W] with N = \(count), got \(value.summary)")
    }
    try distance.check(images, in: domain)
    return try images.cast(to: .float32)
  }

  public func project(_ x: Tensor) throws -> Tensor? {
    try distance.tensor("project", [.tensor(x)], shape: x.shape)?.cast(to: x.dtype)
  }

  public func metrics(_ x: Tensor) throws -> [(name: String, values: Tensor)] {
    guard let value = try distance.call("metrics", [.tensor(x)]) else { return [] }
    guard let table = value.table, table.array.isEmpty else {
      throw distance.problem(
        of: "metrics", "must return a table { name = tensor [N], … }, got \(value.summary)")
    }
    guard table.fields.count <= 100 else {
      throw distance.problem(
        of: "metrics", "must return at most 100 numbers an image, got \(table.fields.count)")
    }
    return try table.fields.sorted { $0.key < $1.key }.map { name, value in
      guard let values = value.tensor, values.shape == [x.shape[0]] else {
        throw distance.problem(
          of: "metrics", "must return [N] = [\(x.shape[0])] as '\(name)', got \(value.summary)")
      }
      return (name, values)
    }
  }

  private static func advice(on shape: Shape, count: Int) -> String {
    switch (shape.rank, shape.dimensions.first) {
    case (0, _): "Keep the first axis: sum over {2, 3, 4} only."
    case (2, count): "Sum over the last axis too?"
    case (_, count): "Sum over axes 2 to \(shape.rank) too?"
    default: "Keep the first axis and sum over the others."
    }
  }
}
