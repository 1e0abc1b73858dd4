import Engine

/// Compares a gradient with central differences in one random direction, in Float64.
///
/// For a random cotangent u and direction v, ⟨u, (f(x + εv) - f(x - εv)) / 2ε⟩ must equal ⟨vjp(u), v⟩:
/// one number checks the whole Jacobian, whatever its size (the method of JAX's `check_grads`).
public enum GradientCheck {
  public typealias Function = ([Tensor]) throws -> Tensor

  /// Runs the check for the function and, for higher orders, for its gradient as a function.
  ///
  /// - Parameters:
  ///   - function: from Float64 inputs to a floating tensor of any shape.
  ///   - inputs: where to check; away from kinks.
  ///   - order: how often to differentiate.
  /// - Returns: what is wrong, or `nil`.
  public static func problem(
    in function: Function, at inputs: [Tensor], order: Int = 2, seed: UInt64 = 7,
    tolerance: Double = 1e-6
  ) throws -> String? {
    var random = SplitMix64(seed: seed)
    let output = try function(inputs)
    let cotangent = random.tensor(output.shape)
    let directions = inputs.map { random.tensor($0.shape) }
    let gradients = try vjp(of: output, cotangent: cotangent, withRespectTo: inputs)
    for (gradient, input) in zip(gradients, inputs)
    where gradient.shape != input.shape || gradient.dtype != input.dtype {
      return "order \(order): a gradient of \(gradient.shape) for an input of \(input.shape)"
    }
    let step = 1e-5
    let above = try function(moved(inputs, along: directions, by: step)).doubles()
    let below = try function(moved(inputs, along: directions, by: -step)).doubles()
    let measured = zip(try cotangent.doubles(), zip(above, below)).map { u, ends in
      u * (ends.0 - ends.1) / (2 * step)
    }
    var stated: [Double] = []
    for (gradient, direction) in zip(gradients, directions) {
      stated += zip(try gradient.doubles(), try direction.doubles()).map { $0 * $1 }
    }
    let scale = max(1, (measured + stated).reduce(0) { $0 + abs($1) })
    let (expected, actual) = (measured.reduce(0, +), stated.reduce(0, +))
    guard abs(expected - actual) <= tolerance * scale else {
      return "order \(order): slope \(expected) by differences, \(actual) by the gradient"
    }
    guard order > 1 else { return nil }
    let count = inputs.count
    let derivative: Function = { arguments in
      let output = try function(Array(arguments[..<count]))
      let parts = try vjp(
        of: output, cotangent: arguments[count], withRespectTo: Array(arguments[..<count]))
      return try .concatenated(parts.map { try $0.reshaped(to: [$0.count]) }, axis: 0)
    }
    return try problem(
      in: derivative, at: inputs + [cotangent], order: order - 1, seed: seed &+ 1,
      tolerance: tolerance * 10)
  }

  private static func moved(_ inputs: [Tensor], along directions: [Tensor], by step: Double) throws
    -> [Tensor]
  {
    try zip(inputs, directions).map { input, direction in
      let values = zip(try input.doubles(), try direction.doubles()).map { $0 + step * $1 }
      return Tensor(values, shape: input.shape)
    }
  }
}
