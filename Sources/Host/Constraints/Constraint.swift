import Engine

/// A rule that data obey, given as a distance: ℓ(x) ≥ 0, and 0 exactly on the constraint set.
///
/// Constraints written in Swift and in Lua both are one of these; nothing above the registry can tell.
public protocol Constraint: Sendable {
  /// What it is called in recipes and reports.
  var name: String { get }

  /// Where it is written, as messages should say it: `plugins/flux.lua:7`.
  var source: String { get }

  /// Distance of every image from the constraint set.
  ///
  /// - Parameter x: images `[N, C, H, W]`.
  /// - Returns: `[N]`, differentiable in `x`; entry `i` depends on image `i` alone.
  func distances(_ x: Tensor) throws -> Tensor
}

extension Constraint {
  /// Distances of many images, computed in batches; not all need be finite.
  public func distances(all images: Tensor) throws -> [Double] {
    try mapInBatches(images) { try distances($0) }.doubles()
  }

  public var source: String { "constraint '\(name)'" }
}
