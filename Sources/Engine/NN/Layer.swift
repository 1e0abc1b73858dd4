/// A piece of a network: a value that knows its parameters' names and shapes and is called with them.
public protocol Layer: Sendable {
  /// What it learns.
  var parameters: [ParameterSpec] { get }
}

/// What layers are evaluated with.
public struct LayerContext: Sendable {
  /// Values of all parameters of the network.
  public let parameters: Parameters
  /// Key `[1, 4]` of dropout's random numbers; `nil` when the network is used, not trained.
  public let dropoutKey: Tensor?

  public init(_ parameters: Parameters, dropoutKey: Tensor? = nil) {
    self.parameters = parameters
    self.dropoutKey = dropoutKey
  }

  subscript(name: String) -> Tensor { parameters[name] }
}
