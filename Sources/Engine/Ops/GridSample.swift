extension Tensor {
  /// Reads images at places between the pixels, linearly: a warp. Differentiable in images and places.
  ///
  /// Zero is read outside, or with `repeatsEdge` the nearest edge pixel.
  ///
  /// - Parameters:
  ///   - grid: `[N, H', W', 2]` floating: for each new pixel (x, y) in -1…1, from edge to edge of the image
  ///     (PyTorch's `grid_sample` with `align_corners=False`; x runs along the last axis).
  /// - Returns: `[N, C, H', W']` of these images `[N, C, H, W]`.
  public func sampled(at grid: Tensor, repeatsEdge: Bool = false) throws(EngineError) -> Tensor {
    guard rank == 4, dtype.isFloating, shape[2] > 0, shape[3] > 0 else {
      throw .invalidArgument(
        op: "grid_sample", argument: "tensor", expected: "floating images [N, C, H, W], not empty",
        got: "\(dtype.rawValue) \(shape)")
    }
    guard grid.rank == 4, grid.shape[0] == shape[0], grid.shape[3] == 2, grid.dtype == dtype else {
      throw .invalidArgument(
        op: "grid_sample", argument: "grid", expected: "\(dtype.rawValue) [\(shape[0]), H, W, 2]",
        got: "\(grid.dtype.rawValue) \(grid.shape)")
    }
    let (n, channels, points) = (shape[0], shape[1], grid.shape[1] * grid.shape[2])
    let columns = try Places(grid, component: 0, size: shape[3], repeatsEdge)
    let rows = try Places(grid, component: 1, size: shape[2], repeatsEdge)
    let pixels = try reshaped(to: [n, channels, shape[2] * shape[3]])
    var total = Tensor.zeros([n, channels, points], dtype: dtype)
    for row in rows.neighbours {
      for column in columns.neighbours {
        let place = try row.index * Double(shape[3]) + column.index
        let read = try pixels.gathered(axis: 2, indices: place.reshaped(to: [n, 1, points]))
        total = try total + read * (row.weight * column.weight).reshaped(to: [n, 1, points])
      }
    }
    return try total.reshaped(to: [n, channels, grid.shape[1], grid.shape[2]])
  }
}

/// The two pixels along one axis that places lie between, and their weights, `[N, H', W']` all.
private struct Places {
  /// Indices are inside the axis; weights are 0 where the pixel is not.
  let neighbours: [(index: Tensor, weight: Tensor)]

  init(_ grid: Tensor, component: Int, size: Int, _ repeatsEdge: Bool) throws(EngineError) {
    var place = try grid.sliced(axis: 3, from: component, to: component + 1).squeezed(axis: 3)
    place = try (place + 1) * (Double(size) / 2) - 0.5
    if repeatsEdge { place = try place.clamped(min: 0, max: Double(size - 1)) }
    let below = try place.floor().stoppingGradient()
    let part = try place - below
    var neighbours: [(index: Tensor, weight: Tensor)] = []
    for (number, weight) in [(below, try 1 - part), (try below + 1, part)] {
      let inside = try number.isGreaterOrEqual(to: 0)
        .logicalAnd(number.isLessOrEqual(to: Double(size - 1)))
      let index = try number.clamped(min: 0, max: Double(size - 1)).cast(to: .int32)
      neighbours.append(
        (index, try .select(inside, weight, .zeros(weight.shape, dtype: weight.dtype))))
    }
    self.neighbours = neighbours
  }
}
