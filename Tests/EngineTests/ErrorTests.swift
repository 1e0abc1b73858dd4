import Testing

@testable import Engine

/// What people read when they use tensors wrongly.
@Suite struct ErrorTests {
  @Test func memoryThatIsNotThereIsAnError() {
    let error = #expect(throws: EngineError.self) { try Storage(reserving: .max / 2) }
    #expect(error?.code == "memory.exhausted")
    #expect(error?.message == "no memory is left: 4611686018427387903 bytes were asked for")
    #expect(error?.hint != nil)
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let message: String
    let code: String
    let make: @Sendable () throws -> Void

    init(_ code: String, _ message: String, _ make: @escaping @Sendable () throws -> Void) {
      (self.code, self.message, self.make) = (code, message, make)
    }
    var testDescription: String { message }
  }

  static let x = Tensor.zeros([2, 3])
  static let wide = Tensor.zeros([2, 3], dtype: .float64)
  static let image = Tensor.zeros([1, 2, 4, 4])

  static let mistakes: [Mistake] = shapes + axes + types + parameters

  static let shapes: [Mistake] = [
    .init("shape.mismatch", "add: shapes [2, 3] and [4] do not fit together") {
      _ = try x + .zeros([4])
    },
    .init("shape.mismatch", "select: shapes [5] and [2, 3] do not fit together") {
      _ = try Tensor.select(.zeros([5]), x, x)
    },
    .init("shape.mismatch", "matmul: shapes [2, 3] and [2, 3] do not fit together") {
      _ = try x.matmul(x)
    },
    .init("shape.mismatch", "matmul: shapes [3] and [3] do not fit together") {
      _ = try Tensor.zeros([3]).matmul(.zeros([3]))
    },
    .init("shape.mismatch", "broadcast: shapes [2, 3] and [3] do not fit together") {
      _ = try x.broadcast(to: [3])
    },
    .init("shape.mismatch", "concatenate: shapes [2, 3] and [3, 3] do not fit together") {
      _ = try Tensor.concatenated([x, .zeros([3, 3])], axis: 1)
    },
    .init("shape.mismatch", "conv2d: shapes [1, 2, 4, 4] and [1, 3, 3, 3] do not fit together") {
      _ = try Tensor.conv2d(image, .zeros([1, 3, 3, 3]))
    },
    .init("shape.mismatch", "vjp: shapes [2, 3] and [3] do not fit together") {
      _ = try vjp(of: x, cotangent: .zeros([3]), withRespectTo: [x])
    },
    .init("shape.invalid", "reshape: invalid shape [4, 2]: [2, 3] has 6 elements") {
      _ = try x.reshaped(to: [4, 2])
    },
    .init("shape.invalid", "reshape: invalid shape [4, -1]: 6 elements of [2, 3] do not fit") {
      _ = try x.reshaped(to: [4, -1])
    },
    .init("shape.invalid", "reshape: invalid shape [-1, -1]: only one size may be -1") {
      _ = try x.reshaped(to: [-1, -1])
    },
    .init("shape.invalid", "reshape: invalid shape [-2, -3]: sizes must not be negative") {
      _ = try x.reshaped(to: [-2, -3])
    },
    .init(
      "shape.invalid",
      "reshape: invalid shape [6, 1, 1, 1, 1, 1, 1, 1, 1]: at most 8 axes are supported"
    ) { _ = try x.reshaped(to: [6, 1, 1, 1, 1, 1, 1, 1, 1]) },
    .init("shape.invalid", "max: invalid shape [0, 3]: there is no element to pick") {
      _ = try Tensor.zeros([0, 3]).max()
    },
  ]

  static let axes: [Mistake] = [
    .init("axis.invalid", "sum: axis 2 is out of range for a tensor of 2 axes") {
      _ = try x.sum([2])
    },
    .init("axis.invalid", "sum: axis -3 is out of range for a tensor of 2 axes") {
      _ = try x.sum([-3])
    },
    .init("axis.invalid", "roll: axis 5 is out of range for a tensor of 2 axes") {
      _ = try x.rolled(by: 1, axis: 5)
    },
    .init("axis.invalid", "expand: axis 4 is out of range for a tensor of 3 axes") {
      _ = try x.expanded(axis: 4)
    },
    .init("argument.invalid", "sum: axes must be distinct axes, got [0, -2]") {
      _ = try x.sum([0, -2])
    },
    .init("argument.invalid", "squeeze: axis 0 must be size 1, got 2") {
      _ = try x.squeezed(axis: 0)
    },
    .init("argument.invalid", "transpose: tensor must be at least 2 axes, got shape [3]") {
      _ = try Tensor.zeros([3]).transposed()
    },
  ]

  static let types: [Mistake] = [
    .init("dtype.mismatch", "multiply: expected float32, got float64") { _ = try x * wide },
    .init("dtype.mismatch", "matmul: expected float32, got float64") {
      _ = try x.matmul(wide.transposed())
    },
    .init("dtype.mismatch", "concatenate: expected float32, got float64") {
      _ = try Tensor.concatenated([x, wide], axis: 0)
    },
    .init("dtype.mismatch", "conv2d: expected float32, got float64") {
      _ = try Tensor.conv2d(image, .zeros([1, 2, 3, 3], dtype: .float64))
    },
    .init("dtype.mismatch", "gradient: expected floating tensors, got bool") {
      let y = try x.sum()
      _ = try gradient(of: y, withRespectTo: [x.isEqual(to: 0)])
    },
    .init("dtype.mismatch", "vjp: expected float32, got float64") {
      _ = try vjp(of: x * 2, cotangent: wide, withRespectTo: [x])
    },
  ]

  static let parameters: [Mistake] = [
    .init(
      "argument.invalid",
      "gradient: output must be a single number (sum it, or use vjp), got shape [2, 3]"
    ) { _ = try gradient(of: x, withRespectTo: [x]) },
    .init("argument.invalid", "item: tensor must be one element, got shape [2, 3]") {
      _ = try x.item()
    },
    .init("argument.invalid", "slice: ranges must be one for each of the 2 axes, got 1") {
      _ = try x.sliced([SliceRange(start: 0, stop: 1)])
    },
    .init(
      "argument.invalid", "slice: range of axis 1 must be inside 0..<3, got 1..<5 in steps of 1"
    ) {
      _ = try x.sliced(axis: 1, from: 1, to: 5)
    },
    .init(
      "argument.invalid", "slice: range of axis 1 must be inside 0..<3, got 0..<2 in steps of 0"
    ) {
      _ = try x.sliced(axis: 1, from: 0, to: 2, step: 0)
    },
    .init("argument.invalid", "pad: padding must be 2 pairs of sizes ≥ 0, got [(1, -1)]") {
      _ = try x.padded([(1, -1)])
    },
    .init(
      "argument.invalid", "pad: padding of axis 0 must be at most 1 in mode 'reflect', got (2, 0)"
    ) { _ = try x.padded([(2, 0), (0, 0)], mode: .reflect) },
    .init(
      "argument.invalid", "pad: padding of axis 1 must be at most 3 in mode 'circular', got (0, 4)"
    ) { _ = try x.padded([(0, 0), (0, 4)], mode: .circular) },
    .init("argument.invalid", "concatenate: tensors must be at least one, got none") {
      _ = try Tensor.concatenated([], axis: 0)
    },
    .init("argument.invalid", "conv2d: input must be 4 axes, got shape [2, 3]") {
      _ = try Tensor.conv2d(x, image)
    },
    .init(
      "argument.invalid",
      "conv2d: kernel must be at least 1 and at most the padded image [4, 4], got 5 × 5"
    ) { _ = try Tensor.conv2d(image, .zeros([1, 2, 5, 5])) },
    .init(
      "argument.invalid",
      "conv2d: stride and padding must be at least 1 and at least 0, got 0 and [0, 0, 0, 0]"
    ) {
      _ = try Tensor.conv2d(image, image, stride: 0)
    },
    .init(
      "argument.invalid",
      "fft: tensor must be a floating tensor of more than 1 axes, the last of size 2 (real, imaginary), "
        + "got shape [2, 3]"
    ) { _ = try x.fft() },
    .init("argument.invalid", "custom gradient: gradients must be 1, one for each input, got 0") {
      let y = try customGradient(value: x.sum(), inputs: [x]) { _ in [] }
      _ = try gradient(of: y, withRespectTo: [x])
    },
    .init("value.unknown", "the value of 'image' is not known here: only its shape and type are") {
      _ = try (Tensor.placeholder("image", shape: [1]) * 2).item()
    },
    .init("value.unknown", "the value of 'image' is not known here: only its shape and type are") {
      _ = try Tensor.placeholder("image", shape: [1]).floats()
    },
    .init("value.unknown", "the value of 'other' is not known here: only its shape and type are") {
      let (x, other) = (
        Tensor.placeholder("x", shape: [1]), Tensor.placeholder("other", shape: [1])
      )
      _ = try Program(inputs: [x], outputs: [x + other])
    },
  ]

  @Test(arguments: mistakes) func saysWhatIsWrong(_ mistake: Mistake) {
    let error = #expect(throws: EngineError.self) { try mistake.make() }
    #expect(error?.message == mistake.message)
    #expect(error?.code == mistake.code)
  }

  @Test func readingAnInputSaysWhatToDoInstead() {
    let error = EngineError.unboundPlaceholder(name: "x")
    #expect(error.description.contains("\n  hint: "))
    #expect(error.hint?.contains("use tensor operations instead of reading numbers") == true)
  }

  struct PluginFault: Error {}

  @Test func errorsOfForeignGradientsPassThrough() throws {
    let x = Tensor.zeros([2])
    let y = try customGradient(value: x.sum(), inputs: [x]) { _ in throw PluginFault() }
    let error = #expect(throws: EngineError.self) { try gradient(of: y, withRespectTo: [x]) }
    guard case .custom(let inner)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(inner is PluginFault)
    #expect(error?.code == "custom.failed")
  }
}

/// Numbers no sane program uses, but a plugin's author may: they must not end the process.
@Suite struct ExtremeValueTests {
  static let far = 1 << 39

  @Test func hugeShapesAreRefused() throws {
    let (tall, wide) = (Tensor.zeros([Self.far, 1]), Tensor.zeros([1, Self.far]))
    #expect(throws: EngineError.self) { try tall + wide }
    #expect(throws: EngineError.self) { try tall.matmul(wide) }
    #expect(throws: EngineError.self) { try tall.broadcast(to: [Self.far, Self.far]) }
    #expect(throws: EngineError.self) { try tall.reshaped(to: [.max, .max]) }
    #expect(throws: EngineError.self) { try Tensor.zeros([2]).padded([(Int.max, 1)]) }
    #expect(throws: EngineError.self) { try Tensor.zeros([2]).padded([(Int.max, 1)], mode: .edge) }
    let (image, kernel) = (Tensor.zeros([1, 1, 3, 3]), Tensor.zeros([1, 1, 3, 3]))
    #expect(throws: EngineError.self) {
      try Tensor.conv2d(image, kernel, padding: Padding2D(1 << 39))
    }
    #expect(throws: EngineError.self) { try Tensor.conv2d(image, kernel, padding: Padding2D(.max)) }
    #expect(throws: EngineError.self) {
      try Tensor.convTranspose2d(
        image, kernel, stride: .max, padding: Padding2D(.max), outputSize: [.max, .max])
    }
    #expect(throws: EngineError.self) {
      try Tensor.convTranspose2d(
        image, kernel, stride: 2, padding: Padding2D(top: -9, bottom: 9), outputSize: [5, 5])
    }
  }

  @Test func farRangesAreRefused() {
    let x = Tensor.zeros([4])
    for (start, stop, step) in [
      (0, Int.max, 1), (Int.min, 4, 1), (Int.min, .max, 1), (3, .min, -1), (.max, .min, -1),
      (-1, 3, 1), (4, 0, -1), (3, -2, -1),
    ] {
      #expect(throws: EngineError.self, "\(start) \(stop) \(step)") {
        try x.sliced(axis: 0, from: start, to: stop, step: step)
      }
    }
    #expect(throws: Never.self) { try x.sliced(axis: 0, from: 0, to: 4, step: .max).floats() }
    #expect(throws: Never.self) {
      try x.rolled(by: .min, axis: 0).rolled(by: .max, axis: 0).floats()
    }
    #expect(throws: EngineError.self) { try x.expanded(axis: .min) }
    #expect(throws: EngineError.self) { try x.expanded(axis: .max) }
    #expect(throws: EngineError.self) { try x.fft(axisCount: .max) }
  }

  @Test func literalsTakeTheValueTheirTypeCanHold() throws {
    #expect(
      try Tensor.full(1e30, shape: [2], dtype: .int32).integers() == [
        Int(Int32.max), Int(Int32.max),
      ])
    #expect(try Tensor.full(-.infinity, shape: [], dtype: .int32).integers() == [Int(Int32.min)])
    #expect(try Tensor.full(.nan, shape: [], dtype: .int32).integers() == [0])
    #expect(try (Tensor.scalar(2.5).cast(to: .int32) * 2).integers() == [4])
    #expect(
      try Tensor.scalar(7).cast(to: .bool).isEqual(to: .scalar(1, dtype: .bool)).integers() == [1])
    let float = try Tensor.scalar(0.1).cast(to: .float64)
    #expect(try float.item() == Double(Float(0.1)))
    #expect(try (float * 3).item() == Double(Float(0.1)) * 3)
    #expect(try Tensor.scalar(1e300, dtype: .float64).integers() == [.max])
    #expect(try Tensor([-.infinity] as [Double], shape: [1]).integers() == [.min])
    #expect(
      try Tensor.arange(2, from: 1e30, dtype: .int32).integers() == [
        Int(Int32.max), Int(Int32.max),
      ])
  }

  @Test func paddingLeavesWhatWasThereAsItWas() throws {
    let x = Tensor([0.1, 0.2, -0.3] as [Float], shape: [3])
    #expect(try x.padded([(1, 1)], value: 1e8).floats() == [1e8, 0.1, 0.2, -0.3, 1e8])
    #expect(try x.padded([(1, 0)], value: -.infinity).floats() == [-.infinity, 0.1, 0.2, -0.3])
    let whole = Tensor([5, 6] as [Int32], shape: [2])
    #expect(try whole.padded([(1, 0)], value: 9).integers() == [9, 5, 6])
  }
}
