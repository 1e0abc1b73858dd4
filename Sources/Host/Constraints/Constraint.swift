import Engine

/// A rule that data obey, given as a distance: ℓ(x) ≥ 0, and 0 exactly on the constraint set.
///
/// Constraints written in Swift and in Lua both are one of these; nothing above the registry can tell.
public protocol Constraint: Sendable {
  /// What it is called in recipes and reports.
  var name: String { get }

  /// Where it is written, as messages should say it: `plugins/flux.lua:7`.
  var source: String { get }

  /// Hash of files that decide the distance besides the parameters; empty where there are none.
  var contentHash: String { get }

  /// What images it is made for.
  var domain: ImageDomain { get }

  /// The Lua plugins it is made of.
  var plugins: [BoundPlugin] { get }

  /// Distance of every image from the constraint set.
  ///
  /// - Parameter x: images `[N, C, H, W]`.
  /// - Returns: `[N]`, differentiable in `x`; entry `i` depends on image `i` alone.
  func distances(_ x: Tensor) throws -> Tensor

  /// Images that obey the rule, Float32 `[count, C, H, W]`; `nil` where it knows of none.
  func generate(count: Int, seed: UInt64) throws -> Tensor?

  /// The nearest images that obey the rule, of the shape of `x`; `nil` where there is no exact
  /// projection.
  func project(_ x: Tensor) throws -> Tensor?

  /// Further numbers about images, each `[N]`, in a fixed order: what reports show beside the
  /// distance.
  func metrics(_ x: Tensor) throws -> [(name: String, values: Tensor)]
}

extension Constraint {
  /// Distances of many images, computed in batches; not all need be finite.
  public func distances(all images: Tensor) throws -> [Double] {
    try mapInBatches(images) { try distances($0) }.doubles()
  }

  /// The further numbers about many images, computed in batches; not all need be finite.
  public func metrics(all images: Tensor) throws -> [(name: String, values: [Double])] {
    var result: [(name: String, values: [Double])] = []
    let count = images.shape[0]
    for start in stride(from: 0, to: count, by: 64) {
      let some = try images.sliced(axis: 0, from: start, to: min(start + 64, count))
      let parts = try metrics(some)
      try evaluate(parts.map { $0.values })
      for (index, part) in parts.enumerated() {
        if index == result.count { result.append((part.name, [])) }
        result[index].values += try part.values.doubles()
      }
    }
    return result
  }

  public var source: String { "constraint '\(name)'" }
  public var contentHash: String { "" }
  public var domain: ImageDomain { ImageDomain() }
  public var plugins: [BoundPlugin] { [] }
  public func generate(count: Int, seed: UInt64) throws -> Tensor? { nil }
  public func project(_ x: Tensor) throws -> Tensor? { nil }
  public func metrics(_ x: Tensor) throws -> [(name: String, values: Tensor)] { [] }
}
