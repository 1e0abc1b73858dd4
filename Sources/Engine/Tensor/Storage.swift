import Foundation

/// Raw, aligned memory of a fixed size.
///
/// `@unchecked Sendable`: written only while its creator alone holds it, immutable once published in a
/// tensor.
public final class Storage: @unchecked Sendable {
  /// Start of the memory, 64-byte aligned; valid even when `byteCount` is 0.
  public let pointer: UnsafeMutableRawPointer
  public let byteCount: Int

  private init(pointer: UnsafeMutableRawPointer, byteCount: Int) {
    (self.pointer, self.byteCount) = (pointer, byteCount)
  }

  /// Reserves uninitialised memory of a size that is known to be there, such as that of what is copied.
  public convenience init(byteCount: Int) {
    guard let memory = Storage.memory(byteCount) else {
      fatalError("no memory is left for \(byteCount) bytes")
    }
    self.init(pointer: memory, byteCount: byteCount)
  }

  /// Reserves uninitialised memory of a size that somebody asked for.
  ///
  /// - Throws: ``EngineError/outOfMemory(byteCount:)``.
  public convenience init(reserving byteCount: Int) throws(EngineError) {
    guard let memory = Storage.memory(byteCount) else {
      throw .outOfMemory(byteCount: byteCount)
    }
    self.init(pointer: memory, byteCount: byteCount)
  }

  private static func memory(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    return posix_memalign(&memory, 64, max(byteCount, 1)) == 0 ? memory : nil
  }

  deinit { free(pointer) }
}
