import Engine
import Foundation

/// An image shows a known number of objects: ℓ(x) = |count(x) − target|, counted by a ``CountingNetwork``.
public struct ObjectCount: Constraint {
  public let name = "count"
  /// The number of objects.
  public let target: Double
  private let network: CountingNetwork
  private let parameters: Parameters
  private let weightsHash: String

  public init(_ network: CountingNetwork, _ parameters: Parameters, target: Double = 8) {
    self.network = network
    self.parameters = parameters
    self.target = target
    weightsHash = ""
  }

  /// Reads the network from a file of ``CountingNetwork/write(_:to:)``.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public init(weights path: String, target: Double = 8) throws(EngineError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .file(
        path: path,
        reason:
          "is not there: make it with 'moonglass train counter', or by a table 'counter' in the recipe"
      )
    }
    (network, parameters) = try CountingNetwork.read(path)
    self.target = target
    weightsHash = SHA256.hexDigest(of: try SafeFile.bytes(of: URL(fileURLWithPath: path)))
  }

  /// The weights decide the distance, whatever file they lie in.
  public var contentHash: String { weightsHash }

  public func distances(_ x: Tensor) throws -> Tensor {
    var weights = parameters
    for index in weights.tensors.indices {
      weights.tensors[index] = try weights.tensors[index].cast(to: x.dtype)
    }
    return try (network(x, weights) - target).abs()
  }
}
