/// NumPy's `.npy`: one array a file.
///
/// Read: format versions 1 to 3, both orders, both endiannesses, Booleans, integers (become Int32 and
/// must fit) and floats of 16 to 64 bits. Refused: records, text, complex numbers, pickled objects, and
/// bytes after the array. Source: the format text in `numpy/lib/format.py`.
public enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy's own limit.
  private static let maximumHeader = 10_000

  /// Reads a file.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func read(_ path: String) throws(EngineError) -> Tensor {
    try decode(FileBytes(reading: path))
  }

  /// Reads the bytes of a file; `path` names them in errors.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func decode(_ bytes: [UInt8], path: String) throws(EngineError) -> Tensor {
    try decode(FileBytes(bytes, path: path))
  }

  /// Writes a file, atomically.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``, or what computing the tensor throws.
  public static func write(_ tensor: Tensor, to path: String) throws(EngineError) {
    try AtomicFile.write(encode(tensor), to: path)
  }

  /// The bytes of a file: version 1.0, row-major, little-endian.
  ///
  /// - Throws: what computing the tensor throws.
  public static func encode(_ tensor: Tensor) throws(EngineError) -> [UInt8] {
    let sizes = tensor.shape.dimensions
    let tuple =
      sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.map(String.init).joined(separator: ", ")))"
    let descr =
      switch tensor.dtype {
      case .float32: "<f4"
      case .float64: "<f8"
      case .int32: "<i4"
      case .bool: "|b1"
      }
    var header = "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(tuple), }"
    // The array starts at a multiple of 64; the header ends in a newline.
    let length = magic.count + 4 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - length % 64) % 64) + "\n"
    let count = header.utf8.count
    return magic + [1, 0, UInt8(count & 255), UInt8(count >> 8)] + Array(header.utf8)
      + (try tensor.fileBytes())
  }

  static func decode(_ file: FileBytes) throws(EngineError) -> Tensor {
    guard file.starts(with: magic) else { throw file.fail(notNPY(file)) }
    let version = try file.number(UInt8.self, at: magic.count)
    guard (1...3).contains(version) else {
      throw file.fail("expected .npy format version 1, 2 or 3, got \(version)")
    }
    let lengthSize = version == 1 ? 2 : 4
    let start = magic.count + 2 + lengthSize
    let length =
      version == 1
      ? Int(try file.number(UInt16.self, at: magic.count + 2))
      : Int(try file.number(UInt32.self, at: magic.count + 2))
    guard length <= maximumHeader, length <= file.count - start else {
      throw file.fail(
        "expected a header of at most \(min(maximumHeader, file.count - start)) bytes, got \(length)"
      )
    }
    var parser = NPYHeaderParser(file: file, range: start..<start + length)
    let header = try parser.parse()
    let shape = try Shape(header.shape, in: file)
    let available = file.count - start - length
    guard header.element.byteCount(of: shape) == available else {
      throw file.fail(
        "shape \(shape) of '\(header.descr)' does not fit the \(available) bytes of data in the file"
      )
    }
    let tensor = try header.element.tensor(
      in: file, at: start + length, shape: shape, bigEndian: header.bigEndian)
    return header.columnMajor ? try tensor.reorderedFromColumnMajor() : tensor
  }

  private static func notNPY(_ file: FileBytes) -> String {
    if let other = file.otherFormat { return "expected a .npy file, got \(other)" }
    return "expected a .npy file (it must begin with \\x93NUMPY)"
  }
}
