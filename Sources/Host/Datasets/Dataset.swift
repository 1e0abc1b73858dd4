import Dispatch
import Engine
import Synchronization

/// A source of images that obey a rule.
public protocol Dataset: Sendable {
  /// What commands and recipes call it.
  var name: String { get }

  /// `[C, H, W]` of an image.
  var imageShape: Shape { get }

  /// Everything besides the seed that decides its images, by the name that recipes use.
  var parameters: [String: String] { get }

  /// Generates the images of a range as Float32 `[range.count, C, H, W]`.
  ///
  /// Image i depends on `(seed, i)` alone: not on the range, not on the number of threads.
  func generate(_ range: Range<Int>, seed: UInt64) throws -> Tensor

  /// What is known of each image besides its pixels, `[range.count, …]`; `nil` where there is nothing.
  func labels(_ range: Range<Int>, seed: UInt64) throws -> Tensor?

  /// What a person should be shown of images, `[N, 1, …]` for `[N, C, H, W]`.
  func picture(_ images: Tensor) throws -> Tensor
}

extension Dataset {
  /// Generates the first `count` images.
  public func generate(count: Int, seed: UInt64) throws -> Tensor {
    _ = try Shape(checking: [count] + imageShape.dimensions, op: name)
    return try generate(0..<count, seed: seed)
  }

  public func labels(_ range: Range<Int>, seed: UInt64) throws -> Tensor? { nil }

  public func picture(_ images: Tensor) throws -> Tensor {
    try images.sliced(axis: 1, from: 0, to: 1)
  }
}

/// Renders grey images of `height × width` in parallel into one tensor `[range.count, 1, H, W]`.
///
/// `render` is given the index of an image and returns its pixels row by row.
///
/// - Throws: what `render` throws for the first image that fails; ``RunError/interrupted(_:)`` where a stop was
///   asked for before the last one.
func renderImages(
  _ range: Range<Int>, height: Int, width: Int,
  _ render: @Sendable (Int) throws(EngineError) -> [Float]
) throws -> Tensor {
  let shape = try Shape(checking: [range.count, 1, height, width], op: "dataset")
  let area = height * width
  let storage = try Storage(reserving: shape.count * DType.float32.size)
  let failure = Mutex<(index: Int, error: EngineError)?>(nil)
  DispatchQueue.concurrentPerform(iterations: range.count) { place in
    if Interrupt.isRequested { return }
    let index = range.lowerBound + place
    do throws(EngineError) {
      let pixels = try render(index)
      precondition(pixels.count == area, "\(pixels.count) pixels for \(height) × \(width)")
      let target = storage.pointer + place * area * DType.float32.size
      pixels.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { target.copyMemory(from: start, byteCount: bytes.count) }
      }
    } catch {
      failure.withLock { first in
        if index < first?.index ?? .max { first = (index, error) }
      }
    }
  }
  try Interrupt.check("data")
  if let failure = failure.withLock({ $0 }) { throw failure.error }
  return Tensor(storage: storage, shape: shape, dtype: .float32)
}
