import Engine

/// Pictures of one size in rows and columns, as a PNG file of its own.
public struct ImageSheet: Sendable {
  public var pictures: [Picture]
  /// Pictures in a row.
  public var columns: Int
  public var map: ColorMap
  /// The values of the first and the last colour; by default the range of the pictures, around 0 where
  /// they have both signs.
  public var range: ClosedRange<Double>

  /// - Parameter map: by default one for numbers around 0 where the pictures have both signs.
  public init(_ pictures: [Picture], columns: Int = 4, map: ColorMap? = nil) {
    (self.pictures, self.columns) = (pictures, columns)
    let own = pictures.range
    let isSigned = own.lowerBound < -0.1 * own.upperBound
    let limit = max(abs(own.lowerBound), abs(own.upperBound))
    range = isSigned ? -limit...limit : own
    self.map = map ?? (isSigned ? .balance : .magma)
  }

  /// Writes the sheet, atomically.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``; ``EngineError/invalidArgument(op:argument:expected:got:)``
  ///   where there is no picture or their sizes differ.
  public func write(to path: String) throws(EngineError) {
    let image = try PictureRendering.png(of: pictures, columns: columns, range: range, map: map)
    try AtomicFile.write(image.bytes, to: path)
  }
}
