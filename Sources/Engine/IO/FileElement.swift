import Foundation

/// Element types found in files, and how they become the four types a tensor has.
enum FileElement: CaseIterable {
  case float16, bfloat16, float32, float64
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case bool

  /// Size of one element in the file, in bytes.
  var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The tensor type that holds it: half precision widens, every integer becomes Int32.
  var dtype: DType {
    switch self {
    case .float16, .bfloat16, .float32: .float32
    case .float64: .float64
    case .bool: .bool
    default: .int32
    }
  }

  /// Size in bytes of an array of this type; `nil` where it does not fit in an Int.
  func byteCount(of shape: Shape) -> Int? {
    let (size, overflow) = shape.count.multipliedReportingOverflow(by: size)
    return overflow ? nil : size
  }

  /// Builds a tensor from the elements that start at `offset`.
  ///
  /// - Precondition: the elements lie inside the file.
  /// - Throws: ``EngineError/file(path:reason:)`` for an integer beyond 32 bits.
  func tensor(
    in file: FileBytes, at offset: Int, shape: Shape, bigEndian: Bool = false
  ) throws(EngineError) -> Tensor {
    let storage = try Storage(reserving: shape.count * dtype.size)
    let misfit = file.bytes.withUnsafeBytes { bytes in
      let source = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + shape.count * size])
      return convert(source, to: storage.pointer, bigEndian: bigEndian)
    }
    if let misfit {
      throw file.fail("expected integers of at most 32 bits, element \(misfit) is larger")
    }
    return Tensor(storage: storage, shape: shape, dtype: dtype)
  }

  /// Converts every element; the index of the first that does not fit, or `nil`.
  private func convert(
    _ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer, bigEndian: Bool
  ) -> Int? {
    func map<S: FixedWidthInteger, T>(_ type: S.Type, _ transform: (S) -> T?) -> Int? {
      for index in 0..<source.count / size {
        let raw = source.loadUnaligned(fromByteOffset: index * size, as: S.self)
        guard let value = transform(bigEndian ? raw.byteSwapped : raw) else { return index }
        target.storeBytes(of: value, toByteOffset: index * MemoryLayout<T>.size, as: T.self)
      }
      return nil
    }
    switch self {
    case .float32, .int32:
      if bigEndian { return map(UInt32.self) { $0 } }
      return copy(source, to: target)
    case .float64:
      if bigEndian { return map(UInt64.self) { $0 } }
      return copy(source, to: target)
    case .float16: return map(UInt16.self) { Float(Float16(bitPattern: $0)) }
    case .bfloat16: return map(UInt16.self) { UInt32($0) << 16 }
    case .int8: return map(Int8.self) { Int32($0) }
    case .int16: return map(Int16.self) { Int32($0) }
    case .int64: return map(Int64.self) { Int32(exactly: $0) }
    case .uint8: return map(UInt8.self) { Int32($0) }
    case .uint16: return map(UInt16.self) { Int32($0) }
    case .uint32: return map(UInt32.self) { Int32(exactly: $0) }
    case .uint64: return map(UInt64.self) { Int32(exactly: $0) }
    case .bool: return map(UInt8.self) { $0 == 0 ? UInt8(0) : 1 }
    }
  }

  private func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Int? {
    if let start = source.baseAddress { target.copyMemory(from: start, byteCount: source.count) }
    return nil
  }
}

extension Tensor {
  /// The elements as they lie in memory: row-major, little-endian, a Bool as one byte.
  func fileBytes() throws(EngineError) -> [UInt8] {
    let storage = try storage()
    return withExtendedLifetime(storage) {
      [UInt8](UnsafeRawBufferPointer(start: storage.pointer, count: count * dtype.size))
    }
  }

  /// Reads dense memory as if its first axis ran fastest (Fortran's order) and returns it row-major.
  func reorderedFromColumnMajor() throws(EngineError) -> Tensor {
    guard rank > 1, count > 1 else { return self }
    let source = try storage()
    let target = try Storage(reserving: count * dtype.size)
    var columnStrides = [Int](repeating: 1, count: rank)
    for axis in 1..<rank { columnStrides[axis] = columnStrides[axis - 1] * shape[axis - 1] }
    var index = [Int](repeating: 0, count: rank)
    var from = 0
    for to in 0..<count {
      (target.pointer + to * dtype.size).copyMemory(
        from: source.pointer + from * dtype.size, byteCount: dtype.size)
      for axis in (0..<rank).reversed() {
        index[axis] += 1
        from += columnStrides[axis]
        if index[axis] < shape[axis] { break }
        from -= columnStrides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    return withExtendedLifetime(source) { Tensor(storage: target, shape: shape, dtype: dtype) }
  }
}
