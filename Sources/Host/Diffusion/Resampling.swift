import Engine

// Halving and doubling the rows and columns of images `[N, C, H, W]`: with the [1, 3, 3, 1] filter of
// NCSN++ (one axis after the other), and the plain way.

extension Tensor {
  /// Filter [1, 3, 3, 1]/8 and every second pixel: `[N, C, H, W]` → `[N, C, H/2, W/2]`.
  func firDownsampled() throws(EngineError) -> Tensor {
    try firFiltered(axis: 2, padding: (1, 1), step: 2).firFiltered(
      axis: 3, padding: (1, 1), step: 2)
  }

  /// The filter alone, as before a strided convolution without padding: `[H, W]` → `[H + 1, W + 1]`.
  func firBlurred() throws(EngineError) -> Tensor {
    try firFiltered(axis: 2, padding: (2, 2), step: 1).firFiltered(
      axis: 3, padding: (2, 2), step: 1)
  }

  /// Twice the pixels: out[2i] = x[i-1]/4 + 3x[i]/4, out[2i+1] = 3x[i]/4 + x[i+1]/4, zero outside.
  func firUpsampled() throws(EngineError) -> Tensor { try firDoubled(axis: 2).firDoubled(axis: 3) }

  private func padded(axis: Int, _ padding: (Int, Int)) throws(EngineError) -> Tensor {
    var all = [(Int, Int)](repeating: (0, 0), count: rank)
    all[axis] = padding
    return try padded(all)
  }

  private func firFiltered(axis: Int, padding: (Int, Int), step: Int) throws(EngineError) -> Tensor
  {
    let x = try padded(axis: axis, padding)
    let count = (x.shape[axis] - 4) / step + 1
    func tap(_ m: Int) throws(EngineError) -> Tensor {
      try x.sliced(axis: axis, from: m, to: m + (count - 1) * step + 1, step: step)
    }
    return try (tap(0) + tap(3)) * 0.125 + (tap(1) + tap(2)) * 0.375
  }

  private func firDoubled(axis: Int) throws(EngineError) -> Tensor {
    let size = shape[axis]
    let x = try padded(axis: axis, (1, 1))
    let main = try self * 0.75
    let even = try x.sliced(axis: axis, from: 0, to: size) * 0.25 + main
    let odd = try main + x.sliced(axis: axis, from: 2, to: size + 2) * 0.25
    var sizes = shape.dimensions
    sizes[axis] *= 2
    return try Tensor.stacked([even, odd], axis: axis + 1).reshaped(to: sizes)
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
