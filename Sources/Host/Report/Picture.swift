import Engine
import Foundation

/// An image of a report: numbers, not yet colours.
public struct Picture: Sendable {
  /// Row by row from the top.
  public let pixels: [Double]
  public let height: Int
  public let width: Int
  /// A line under it, such as an error.
  public var caption: String?
  /// The values of the first and the last colour; `nil` means what the grid says.
  public var range: ClosedRange<Double>?

  /// - Precondition: `pixels.count == height * width`, neither of them zero.
  public init(
    pixels: [Double], height: Int, width: Int, caption: String? = nil,
    range: ClosedRange<Double>? = nil
  ) {
    precondition(pixels.count == height * width && !pixels.isEmpty, "pixels and sizes differ")
    (self.pixels, self.height, self.width) = (pixels, height, width)
    (self.caption, self.range) = (caption, range)
  }

  /// The first `count` images of `[N, C, H, W]`, one channel of each.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for any other shape.
  public static func pictures(
    of images: Tensor, first count: Int = .max, channel: Int = 0
  ) throws(EngineError) -> [Picture] {
    guard images.rank == 4, images.shape[2] > 0, images.shape[3] > 0,
      (0..<images.shape[1]).contains(channel)
    else {
      throw .invalidArgument(
        op: "report", argument: "images", expected: "[N, C, H, W] with channel \(channel)",
        got: "\(images.shape)")
    }
    let values = try images.doubles()
    let (height, width) = (images.shape[2], images.shape[3])
    return (0..<min(count, images.shape[0])).map { index in
      let start = (index * images.shape[1] + channel) * height * width
      return Picture(
        pixels: Array(values[start..<start + height * width]), height: height, width: width)
    }
  }
}

extension [Picture] {
  /// Holds all finite pixels but the one in five hundred that are furthest out at either end: a single
  /// bright spot should not darken all the rest.
  var range: ClosedRange<Double> {
    let all = flatMap(\.pixels)
    // Some ten thousand pixels tell as much as all.
    let step = all.count / 16_384 | 1  // odd: never the same columns of every row
    let finite = stride(from: 0, to: all.count, by: step).map { all[$0] }.filter(\.isFinite)
      .sorted()
    guard let first = finite.first, let last = finite.last else { return 0...1 }
    let margin = finite.count / 500
    let (low, high) = (finite[margin], finite[finite.count - 1 - margin])
    if low < high { return low...high }
    return first < last ? first...last : first - 0.5...first + 0.5
  }
}

/// Pictures as PNG inside a page.
enum PictureRendering {
  /// Puts pictures of one size into a mosaic of `columns` and encodes it as a data URI.
  static func dataURI(
    of pictures: [Picture], columns: Int, range: ClosedRange<Double>, map: ColorMap
  ) throws(EngineError) -> (uri: String, width: Int, height: Int) {
    let image = try png(of: pictures, columns: columns, range: range, map: map)
    return (uri(image.bytes), image.width, image.height)
  }

  /// Puts pictures of one size into a mosaic of `columns` and encodes it as PNG.
  static func png(
    of pictures: [Picture], columns: Int, range: ClosedRange<Double>, map: ColorMap
  ) throws(EngineError) -> (bytes: [UInt8], width: Int, height: Int) {
    let gap = pictures.count > 1 ? 1 : 0
    guard let first = pictures.first else {
      throw .invalidArgument(
        op: "report", argument: "pictures", expected: "one or more", got: "none")
    }
    guard pictures.allSatisfy({ $0.width == first.width && $0.height == first.height }) else {
      throw .invalidArgument(
        op: "report", argument: "pictures", expected: "one size in a mosaic", got: "several")
    }
    let columns = max(1, min(columns, pictures.count))
    let rows = (pictures.count + columns - 1) / columns
    let width = columns * (first.width + gap) - gap
    let height = rows * (first.height + gap) - gap
    var rgb = [UInt8](repeating: 128, count: 3 * width * height)
    let palette = map.palette
    for (index, picture) in pictures.enumerated() {
      let top = index / columns * (first.height + gap)
      let left = index % columns * (first.width + gap)
      for (position, value) in picture.pixels.enumerated() {
        let row = top + position / first.width
        let target = 3 * (row * width + left + position % first.width)
        guard let level = level(of: value, in: picture.range ?? range) else {
          for part in 0..<3 { rgb[target + part] = ColorMap.missing[part] }
          continue
        }
        for part in 0..<3 { rgb[target + part] = palette[3 * level + part] }
      }
    }
    return (try PNG.encode(rgb: rgb, width: width, height: height), width, height)
  }

  /// The number of a value's colour, 0…255; `nil` for a value that is not finite.
  private static func level(of value: Double, in range: ClosedRange<Double>) -> Int? {
    guard value.isFinite else { return nil }
    let part = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    return Int((255 * min(max(part, 0), 1)).rounded())
  }

  private static func uri(_ png: [UInt8]) -> String {
    "data:image/png;base64," + Data(png).base64EncodedString()
  }

  /// A bar of all colours with the numbers at its ends and in the middle.
  static func colorBar(_ range: ClosedRange<Double>, _ map: ColorMap, label: String?)
    throws(EngineError)
    -> String
  {
    let bar = try PNG.encode(rgb: map.palette, width: 256, height: 1)
    let middle = (range.lowerBound + range.upperBound) / 2
    let width = range.upperBound - range.lowerBound
    let ticks = [range.lowerBound, middle, range.upperBound].map {
      // 1e-14 beside 0.5 is nothing.
      "<span>\(HTMLText.number(abs($0) < 1e-4 * width ? 0 : $0))</span>"
    }
    let title = label.map { "<span class=\"bar-label\">\(HTMLText.escaped($0))</span>" } ?? ""
    return """
      <div class="color-bar">\(title)<div class="bar"><img src="\(uri(bar))" alt="">
      <div class="ticks">\(ticks.joined())</div></div></div>
      """
  }
}
