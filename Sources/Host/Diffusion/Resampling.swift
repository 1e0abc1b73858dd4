import Engine

// Halving and doubling the rows and columns of images `[N, C, H, W]`: with the [1, 3, 3, 1] filter of
// NCSN++, and the plain way.

extension Tensor {
  /// Filter [1, 3, 3, 1]/8 along both axes and every second pixel: `[N, C, H, W]` → `[N, C, H/2, W/2]`.
  func firDownsampled() throws(EngineError) -> Tensor {
    try filtered2d(Self.firTaps(sum: 1), stride: 2, padding: Padding2D(1))
  }

  /// The filter alone, as before a strided convolution without padding: `[H, W]` → `[H + 1, W + 1]`.
  func firBlurred() throws(EngineError) -> Tensor {
    try filtered2d(Self.firTaps(sum: 1), padding: Padding2D(2))
  }

  /// Twice the pixels: along each axis out[2i] = x[i-1]/4 + 3x[i]/4, out[2i+1] = 3x[i]/4 + x[i+1]/4, zero
  /// outside.
  func firUpsampled() throws(EngineError) -> Tensor {
    try transposeFiltered2d(
      Self.firTaps(sum: 4), stride: 2, padding: Padding2D(1),
      outputSize: (2 * shape[2], 2 * shape[3]))
  }

  private static func firTaps(sum: Double) -> [[Double]] {
    let line: [Double] = [1, 3, 3, 1]
    return line.map { y in line.map { x in sum * y * x / 64 } }
  }

  /// Means of 2×2 pixels.
  func meanPooled() throws(EngineError) -> Tensor {
    let s = shape.dimensions
    return try reshaped(to: [s[0], s[1], s[2] / 2, 2, s[3] / 2, 2]).mean([3, 5])
  }

  /// Every pixel four times.
  func nearestUpsampled() throws(EngineError) -> Tensor {
    let s = shape.dimensions
    return try reshaped(to: [s[0], s[1], s[2], 1, s[3], 1])
      .broadcast(to: [s[0], s[1], s[2], 2, s[3], 2]).reshaped(to: [s[0], s[1], 2 * s[2], 2 * s[3]])
  }
}
