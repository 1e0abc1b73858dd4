import Dispatch
import Engine
import Synchronization

/// A source of images that obey a rule.
public protocol Dataset: Sendable {
  /// What commands and reports call it.
  var name: String { get }

  /// Generates images as Float32 `[count, 1, H, W]`.
  ///
  /// Image i depends on `(seed, i)` alone: not on `count`, not on the number of threads.
  func generate(count: Int, seed: UInt64) throws -> Tensor
}

/// Renders `count` grey images of `height × width` in parallel into one tensor `[count, 1, H, W]`.
///
/// `render` is given the index of an image and returns its pixels row by row.
///
/// - Throws: what `render` throws for the first image that fails.
func renderImages(
  count: Int, height: Int, width: Int, _ render: @Sendable (Int) throws(EngineError) -> [Float]
) throws(EngineError) -> Tensor {
  let shape = try Shape(checking: [count, 1, height, width], op: "dataset")
  let area = height * width
  let storage = Storage(byteCount: shape.count * DType.float32.size)
  let failure = Mutex<(index: Int, error: EngineError)?>(nil)
  DispatchQueue.concurrentPerform(iterations: count) { index in
    do throws(EngineError) {
      let pixels = try render(index)
      precondition(pixels.count == area, "\(pixels.count) pixels for \(height) × \(width)")
      let target = storage.pointer + index * area * DType.float32.size
      pixels.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { target.copyMemory(from: start, byteCount: bytes.count) }
      }
    } catch {
      failure.withLock { first in
        if index < first?.index ?? .max { first = (index, error) }
      }
    }
  }
  if let failure = failure.withLock({ $0 }) { throw failure.error }
  return Tensor(storage: storage, shape: shape, dtype: .float32)
}
