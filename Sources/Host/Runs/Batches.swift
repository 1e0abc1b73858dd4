import Engine
import Synchronization

/// The order in which a training run sees its images: every epoch anew, by seed and epoch alone, so that a
/// resumed run goes on where it stopped.
public final class Batches: Sendable {
  private let images: Storage
  private let imageShape: [Int]
  private let count: Int
  private let size: Int
  private let seed: UInt64
  /// The order of the epoch that was asked for last: steps of one epoch follow each other.
  private let last = Mutex<(epoch: Int, order: [Int])?>(nil)

  /// - Parameters:
  ///   - images: Float32 `[count, C, H, W]`.
  ///   - size: images a batch; at most `count`.
  /// - Throws: ``EngineError`` when there are fewer images than a batch needs, or they are not Float32.
  public init(_ images: Tensor, size: Int, seed: UInt64) throws(EngineError) {
    guard images.dtype == .float32, images.rank == 4 else {
      throw .invalidArgument(
        op: "training", argument: "images", expected: "float32 [N, C, H, W]",
        got: "\(images.dtype.rawValue) \(images.shape)")
    }
    guard size >= 1, size <= images.shape[0] else {
      throw .invalidArgument(
        op: "training", argument: "batch", expected: "1…\(images.shape[0]), the number of images",
        got: "\(size)")
    }
    self.images = try images.storage()
    imageShape = Array(images.shape.dimensions.dropFirst())
    count = images.shape[0]
    self.size = size
    self.seed = seed
  }

  /// The images of step `step`, counted from 0: `[size, C, H, W]`.
  ///
  /// - Throws: ``EngineError/outOfMemory(byteCount:)``.
  public func batch(step: Int) throws(EngineError) -> Tensor {
    let perEpoch = count / size
    let order = order(epoch: step / perEpoch)
    let first = step % perEpoch * size
    let imageBytes = imageShape.reduce(1, *) * DType.float32.size
    let storage = try Storage(reserving: size * imageBytes)
    for place in 0..<size {
      (storage.pointer + place * imageBytes).copyMemory(
        from: images.pointer + order[first + place] * imageBytes, byteCount: imageBytes)
    }
    return Tensor(storage: storage, shape: Shape([size] + imageShape), dtype: .float32)
  }

  private func order(epoch: Int) -> [Int] {
    last.withLock { last in
      if let last, last.epoch == epoch { return last.order }
      var random = SeededRandom(seed: seed, stream: UInt64(epoch))
      let order = Array(0..<count).shuffled(using: &random)
      last = (epoch, order)
      return order
    }
  }
}
