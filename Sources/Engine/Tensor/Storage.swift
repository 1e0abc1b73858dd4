import Foundation

/// Raw, aligned memory of a fixed size.
///
/// `@unchecked Sendable`: written only while its creator alone holds it, immutable once published in a
/// tensor.
public final class Storage: @unchecked Sendable {
  /// Start of the memory, 64-byte aligned; valid even when `byteCount` is 0.
  public let pointer: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Reserves uninitialised memory.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = .allocate(byteCount: max(byteCount, 1), alignment: 64)
  }

  deinit { pointer.deallocate() }
}
