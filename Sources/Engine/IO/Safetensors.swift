/// The `.safetensors` format: a JSON header that says where each tensor lies, then the tensors.
///
/// Read: F32, F64, BOOL as they are; F16 and BF16 become Float32; integers become Int32 and must fit.
/// The tensors must tile the data exactly: no overlap, no hole, no tail. Source: the format text in
/// `huggingface/safetensors` (README), stricter than the reference reader about repeated names.
public enum Safetensors {
  /// The format's own limit for the header.
  static let maximumHeader = 100_000_000
  static let metadataKey = "__metadata__"

  /// Reads all tensors and the metadata.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func read(_ path: String)
    throws(EngineError) -> (tensors: [String: Tensor], metadata: [String: String])
  {
    try decode(FileBytes(reading: path))
  }

  /// Reads the bytes of a file; `path` names them in errors.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``.
  public static func decode(_ bytes: [UInt8], path: String)
    throws(EngineError) -> (tensors: [String: Tensor], metadata: [String: String])
  {
    try decode(FileBytes(bytes, path: path))
  }

  /// Writes a file, atomically.
  ///
  /// - Throws: ``EngineError/file(path:reason:)``, or what computing the tensors throws.
  public static func write(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
  ) throws(EngineError) {
    try AtomicFile.write(encode(tensors, metadata: metadata), to: path)
  }

  /// The bytes of a file: the largest elements first, then by name, so that all are aligned.
  ///
  /// - Throws: ``EngineError/invalidArgument(op:argument:expected:got:)`` for a tensor named
  ///   `__metadata__`, or what computing the tensors throws.
  public static func encode(
    _ tensors: [String: Tensor], metadata: [String: String] = [:]
  ) throws(EngineError) -> [UInt8] {
    guard tensors[metadataKey] == nil else {
      throw .invalidArgument(
        op: "Safetensors.encode", argument: "name", expected: "anything but \(metadataKey)",
        got: metadataKey)
    }
    let ordered = tensors.sorted {
      ($1.value.dtype.size, $0.key) < ($0.value.dtype.size, $1.key)
    }
    var entries: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map {
        "\(quoted($0.key)):\(quoted($0.value))"
      }
      entries.append("\"\(metadataKey)\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in ordered {
      let end = offset + tensor.count * tensor.dtype.size
      let sizes = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      entries.append(
        "\(quoted(name)):{\"dtype\":\"\(typeName(tensor.dtype))\",\"shape\":[\(sizes)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    var bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    bytes.reserveCapacity(8 + header.count + offset)
    bytes += header
    for (_, tensor) in ordered { bytes += try tensor.fileBytes() }
    return bytes
  }

  private static func typeName(_ dtype: DType) -> String {
    switch dtype {
    case .float32: "F32"
    case .float64: "F64"
    case .int32: "I32"
    case .bool: "BOOL"
    }
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  // MARK: - Reading

  private static func decode(_ file: FileBytes)
    throws(EngineError) -> (tensors: [String: Tensor], metadata: [String: String])
  {
    let other = file.otherFormat.map { file.fail("expected a .safetensors file, got \($0)") }
    guard file.count >= 8 else {
      throw other
        ?? file.fail("expected a .safetensors file of at least 8 bytes, got \(file.count)")
    }
    let length = try file.number(UInt64.self, at: 0)
    guard length <= UInt64(min(maximumHeader, file.count - 8)) else {
      // The first bytes of another format, read as a length, are far too large.
      throw other
        ?? file.fail(
          "expected a .safetensors header of at most \(min(maximumHeader, file.count - 8)) bytes, "
            + "got \(length)")
    }
    let data = 8 + Int(length)
    var parser = SafetensorsHeaderParser(file: file, range: 8..<data)
    let header = try parser.parse()
    try checkTiling(header.entries, size: file.count - data, file)
    var tensors: [String: Tensor] = [:]
    tensors.reserveCapacity(header.entries.count)
    for entry in header.entries {
      tensors[entry.name] = try tensor(entry, data: data, file)
    }
    return (tensors, header.metadata)
  }

  /// Checks that the tensors cover the data exactly once, before anything is reserved for them.
  private static func checkTiling(
    _ entries: [SafetensorsHeaderParser.Entry], size: Int, _ file: FileBytes
  ) throws(EngineError) {
    var position = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == position, entry.end >= entry.begin else {
        throw file.fail(
          "expected tensor \(printable(entry.name)) to begin at byte \(position) of the data and end "
            + "after it, got \(entry.begin)…\(entry.end)")
      }
      position = entry.end
    }
    guard position == size else {
      throw file.fail("the tensors take \(position) bytes, the file holds \(size) bytes of data")
    }
  }

  private static func tensor(
    _ entry: SafetensorsHeaderParser.Entry, data: Int, _ file: FileBytes
  ) throws(EngineError) -> Tensor {
    let named = FileBytes(file.bytes, path: "\(file.path), tensor \(printable(entry.name))")
    guard let element = elements[entry.dtype] else {
      throw named.fail("element type \(printable(entry.dtype)) is not supported")
    }
    let shape = try Shape(entry.shape, in: named)
    guard element.byteCount(of: shape) == entry.end - entry.begin else {
      throw named.fail(
        "shape \(shape) of \(entry.dtype) does not fit \(entry.end - entry.begin) bytes")
    }
    return try element.tensor(in: named, at: data + entry.begin, shape: shape)
  }

  private static let elements: [String: FileElement] = [
    "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64, "BOOL": .bool,
    "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64,
    "U8": .uint8, "U16": .uint16, "U32": .uint32, "U64": .uint64,
  ]
}
