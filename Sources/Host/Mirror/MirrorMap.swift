import Engine

/// A way into an unconstrained space and back: what samplers and solvers in mirror space need.
public protocol MirrorMap: Sendable {
  /// Constrained space → mirror space, `[N, C, H, W]` → the same shape.
  func forward(_ x: Tensor) throws -> Tensor
  /// Mirror space → constrained space, the approximate inverse.
  func inverse(_ y: Tensor) throws -> Tensor
}

/// The mirror map that changes nothing: with it a mirror method is the plain one.
public struct IdentityMirrorMap: MirrorMap {
  public init() {}
  public func forward(_ x: Tensor) throws -> Tensor { x }
  public func inverse(_ y: Tensor) throws -> Tensor { y }
}

/// The two networks of a neural approximate mirror map.
public struct NAMMNetworks: Sendable {
  public let forward: ICNN
  public internal(set) var inverse: ResNetGenerator

  public init(forward: ICNN, inverse: ResNetGenerator) {
    self.forward = forward
    self.inverse = inverse
  }

  /// What both learn, under `forward.` and `inverse.`.
  public var parameters: [ParameterSpec] {
    func prefixed(_ specs: [ParameterSpec], _ prefix: String) -> [ParameterSpec] {
      specs.map {
        ParameterSpec(
          prefix + $0.name, $0.shape, $0.initializer, isNonNegative: $0.isNonNegative)
      }
    }
    return prefixed(forward.parameters, "forward.") + prefixed(inverse.parameters, "inverse.")
  }

  /// Both networks' parameters out of the joint ones.
  func split(_ parameters: Parameters) -> (forward: Parameters, inverse: Parameters) {
    func part(_ prefix: String) -> Parameters {
      let positions = parameters.names.indices.filter { parameters.names[$0].hasPrefix(prefix) }
      return Parameters(
        names: positions.map { String(parameters.names[$0].dropFirst(prefix.count)) },
        tensors: positions.map { parameters.tensors[$0] })
    }
    return (part("forward."), part("inverse."))
  }

  /// The joint parameters out of both networks'.
  func joined(forward: Parameters, inverse: Parameters) -> Parameters {
    Parameters(
      names: forward.names.map { "forward." + $0 } + inverse.names.map { "inverse." + $0 },
      tensors: forward.tensors + inverse.tensors)
  }

  /// The maps with given parameters; with a dropout key, in training mode.
  public func map(_ parameters: Parameters, dropoutKey: Tensor? = nil) -> NAMM {
    let parts = split(parameters)
    return map(forward: parts.forward, inverse: parts.inverse, dropoutKey: dropoutKey)
  }

  /// The maps with parameters of their own.
  func map(forward: Parameters, inverse: Parameters, dropoutKey: Tensor? = nil) -> NAMM {
    NAMM(
      networks: self, forwardContext: LayerContext(forward),
      inverseContext: LayerContext(inverse, dropoutKey: dropoutKey))
  }
}

/// A neural approximate mirror map: networks with their parameters.
public struct NAMM: MirrorMap {
  let networks: NAMMNetworks
  let forwardContext: LayerContext
  let inverseContext: LayerContext

  public func forward(_ x: Tensor) throws -> Tensor { try networks.forward(x, forwardContext) }
  public func inverse(_ y: Tensor) throws -> Tensor { try networks.inverse(y, inverseContext) }
}
