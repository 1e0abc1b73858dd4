import Engine

/// Derivatives of fields on grids, by finite differences.
enum FieldModule {
  private static let optionText =
    "{axes = {3, 4}, spacing = 1, scheme = \"central\", mode = \"circular\"}: these are the defaults, but for "
    + "axes: the last two; scheme also \"forward\", \"backward\" (staggered grids); mode is what lies outside: "
    + "\"circular\" (periodic), \"edge\" (no flux), \"zero\", \"reflect\""

  private struct Grid {
    var axes: [Int]
    var spacing = 1.0
    var scheme = DifferenceScheme.central
    var mode = PaddingMode.circular

    init(_ table: LuaTable?, rank: Int, hasScheme: Bool = true) throws(ArgumentProblem) {
      let options = try Options(
        table,
        keys: hasScheme ? ["axes", "spacing", "scheme", "mode"] : ["axes", "spacing", "mode"])
      axes =
        try options.read("axes", as: Axes.self)?.indices(rank: rank)
        ?? Array(max(rank - 2, 0)..<rank)
      spacing = try options.read("spacing", as: Double.self) ?? 1
      guard spacing > 0, spacing.isFinite else {
        throw ArgumentProblem("spacing must be above 0, got \(LuaValue.text(of: spacing))")
      }
      if hasScheme {
        scheme = try options.read("scheme", as: Choice<DifferenceScheme>.self)?.value ?? .central
      }
      mode = try options.read("mode", as: Choice<PaddingMode>.self)?.value ?? .circular
    }
  }

  static let functions = [
    LuaFunction(
      "spatial_gradient", "The derivatives of a field along its axes in space.",
      Param<Tensor>("x", "floating"), Param<LuaTable?>("options", optionText),
      returns: "one tensor for each axis, same shape as `x`"
    ) { x, options in
      let grid = try Grid(options, rank: x.rank)
      return try grid.axes.map {
        try x.derivative(axis: $0, spacing: grid.spacing, scheme: grid.scheme, mode: grid.mode)
      }
    }
    .example(
      "mg.tensor {0, 1, 4, 9}:spatial_gradient {axes = 1, mode = 'edge'}",
      "tensor [4] float32 {0.5, 2, 4, 2.5}"
    )
    .example(
      "mg.tensor {0, 1, 4, 9}:spatial_gradient {axes = 1, scheme = 'forward', mode = 'edge'}",
      "tensor [4] float32 {1, 3, 5, 0}"
    )
    .mistake(
      "mg.zeros(4):spatial_gradient {axes = 1, spaceing = 2}",
      "spatial_gradient: unknown option 'spaceing'; did you mean 'spacing'?"),
    LuaFunction(
      "divergence",
      "The sum of the derivatives of a vector field's components, each along its own axis.",
      Param<Tensors>("components", "{u, v}: one tensor for each axis, of one shape"),
      Param<LuaTable?>("options", optionText), returns: "same shape as one component",
      access: .function
    ) { components, options in
      let first = components.tensors[0]
      let grid = try Grid(options, rank: first.rank)
      guard components.tensors.count == grid.axes.count else {
        throw ArgumentProblem(
          "\(grid.axes.count) components are needed, one for each axis, got \(components.tensors.count)"
        )
      }
      var total = Tensor.zeros([], dtype: first.dtype)
      for (component, axis) in zip(components.tensors, grid.axes) {
        guard component.shape == first.shape else {
          throw ArgumentProblem("components have shapes \(first.shape) and \(component.shape)")
        }
        total =
          try total
          + component.derivative(
            axis: axis, spacing: grid.spacing, scheme: grid.scheme, mode: grid.mode)
      }
      return total
    }
    .example(
      "mg.divergence({y, x}, {mode = 'edge'}):abs():max()", "tensor [] float32 0",
      after: "local x, y = mg.meshgrid(mg.arange(3), mg.arange(3))"
    )
    .mistake(
      "mg.divergence {mg.zeros(4, 4)}",
      "divergence: 2 components are needed, one for each axis, got 1"),
    LuaFunction(
      "curl",
      "The rotation of a vector field in a plane: the derivative of its second component along the first axis, minus that of the first component along the second axis.",
      Param<Tensors>("components", "{u, v}: one tensor for each axis, of one shape"),
      Param<LuaTable?>("options", optionText), returns: "same shape as one component",
      access: .function
    ) { components, options in
      let parts = components.tensors
      let grid = try Grid(options, rank: parts[0].rank)
      guard parts.count == 2, grid.axes.count == 2, parts[0].shape == parts[1].shape else {
        throw ArgumentProblem("two components of one shape and two axes are needed")
      }
      let slopes = try zip(parts, grid.axes.reversed()).map {
        try $0.derivative(axis: $1, spacing: grid.spacing, scheme: grid.scheme, mode: grid.mode)
      }
      return try slopes[1] - slopes[0]
    }
    .example(
      "mg.curl({-y, x}, {scheme = 'forward', mode = 'edge'})[{1, 1}]", "tensor [] float32 2",
      after: "local x, y = mg.meshgrid(mg.arange(3), mg.arange(3))"
    )
    .mistake(
      "mg.curl {mg.zeros(4, 4)}",
      "curl: two components of one shape and two axes are needed"),
    LuaFunction(
      "laplacian",
      "The sum of second derivatives along the axes in space, (u[i+1] - 2 u[i] + u[i-1]) / h².",
      Param<Tensor>("x", "floating"),
      Param<LuaTable?>(
        "options", "{axes = {3, 4}, spacing = 1, mode = \"circular\"}, as for `spatial_gradient`"),
      returns: "same shape as `x`"
    ) { x, options in
      let grid = try Grid(options, rank: x.rank, hasScheme: false)
      return try x.laplacian(axes: grid.axes, spacing: grid.spacing, mode: grid.mode)
    }
    .example("mg.tensor {0, 0, 1, 0}:laplacian {axes = 1}", "tensor [4] float32 {0, 1, -2, 1}")
    .mistake(
      "mg.zeros(4):laplacian {axes = 2}",
      "laplacian: axis 2 is out of range for a tensor of 1 axes"),
    LuaFunction(
      "poisson",
      "The periodic field of mean 0 whose laplacian this is, but for its mean. By FFT, over the last axes; the inverse of `laplacian`.",
      Param<Tensor>("rhs", "floating"), Param<Int?>("count", "how many axes; default 2"),
      Param<Double?>("spacing", "default 1"), returns: "same shape as `rhs`"
    ) { rhs, count, spacing in
      guard (spacing ?? 1) > 0, (spacing ?? 1).isFinite else {
        throw ArgumentProblem("spacing must be above 0")
      }
      return try rhs.poissonSolution(axisCount: count ?? 2, spacing: spacing ?? 1)
    }
    .example(
      "(f:laplacian():poisson() - f):abs():max():lt(1e-5)", "tensor [] bool true",
      after: "local f = mg.randn({8, 8}, 1)\nf = f - f:mean()"
    )
    .mistake(
      "mg.zeros(4):poisson()",
      "poisson: right side must be a floating tensor of 2 axes, got float32 [4]"),
  ]
}
