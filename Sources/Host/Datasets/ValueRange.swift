import Engine
import Foundation

/// The smallest and the largest value of images, as a line about data shows them.
struct ValueRange: CustomStringConvertible {
  private var (least, largest) = (Float.infinity, -Float.infinity)
  private var areWhole = true

  mutating func add(_ values: [Float]) {
    for value in values {
      least = min(least, value)
      largest = max(largest, value)
      if areWhole, value != value.rounded() { areWhole = false }
    }
  }

  /// Whole numbers up to 255 look like the bytes of pictures, which train badly as they are.
  private var looksLikeBytes: Bool { areWhole && least >= 0 && largest > 15 && largest <= 255 }

  var description: String {
    guard least <= largest else { return "none" }
    return "\(short(Double(least)))…\(short(Double(largest)))"
      + (looksLikeBytes ? " (whole numbers: divide by 255?)" : "")
  }
}

/// The order of an image's axes.
enum ImageLayout {
  /// Refuses images whose channels come last, as pictures elsewhere have them.
  ///
  /// - Parameter shape: `[N, C, H, W]`, or `[N, H, W]` of one channel.
  static func checkChannelsFirst(_ shape: Shape, in path: String) throws(EngineError) {
    let sizes = shape.dimensions
    guard sizes.count == 3 || sizes.count == 4, let last = sizes.last, [1, 3, 4].contains(last),
      sizes.dropLast().suffix(2).allSatisfy({ $0 > 4 })
    else { return }
    let mend =
      sizes.count == 4 ? "np.moveaxis(x, -1, 1)" : "np.moveaxis(x, -1, 0)[None]"
    throw .file(
      path: path,
      reason: "expected images [C, H, W], channels first, got \(shape), whose channels come last: "
        + "save \(mend)")
  }
}
