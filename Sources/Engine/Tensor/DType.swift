/// The element type of a tensor.
public enum DType: String, Sendable, Hashable, CaseIterable {
  case float32, float64, int32, bool

  /// Size of one element in bytes. A Bool is one byte holding 0 or 1.
  public var size: Int {
    switch self {
    case .float32, .int32: 4
    case .float64: 8
    case .bool: 1
    }
  }

  /// Whether gradients flow through values of this type.
  public var isFloating: Bool { self == .float32 || self == .float64 }
}
