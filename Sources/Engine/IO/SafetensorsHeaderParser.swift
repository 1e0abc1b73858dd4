/// The JSON header of a `.safetensors` file, read strictly and without recursion.
///
/// Only what the format allows is JSON here: an object of tensor entries, and the metadata object of
/// strings. Names and keys may not repeat, which general JSON readers do not notice.
struct SafetensorsHeaderParser {
  struct Entry {
    var name: String
    var dtype = ""
    var shape: [Int] = []
    var begin = 0
    var end = 0
  }

  private let file: FileBytes
  private var position: Int
  private let end: Int

  init(file: FileBytes, range: Range<Int>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func parse() throws(EngineError) -> (entries: [Entry], metadata: [String: String]) {
    guard peek == UInt8(ascii: "{") else { throw unexpected("'{' as the first byte") }
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    var names: Set<String> = []
    try object { (parser, name) throws(EngineError) in
      guard names.insert(name).inserted else {
        throw parser.file.fail("the name \(printable(name)) is there twice")
      }
      if name == Safetensors.metadataKey {
        metadata = try parser.strings()
      } else {
        entries.append(try parser.entry(name))
      }
    }
    skipBlanks()
    guard position == end else { throw unexpected("the end of the header") }
    return (entries, metadata)
  }

  private mutating func strings() throws(EngineError) -> [String: String] {
    var result: [String: String] = [:]
    try object { (parser, key) throws(EngineError) in
      guard result.updateValue(try parser.text(), forKey: key) == nil else {
        throw parser.file.fail("the metadata key \(printable(key)) is there twice")
      }
    }
    return result
  }

  private mutating func entry(_ name: String) throws(EngineError) -> Entry {
    var entry = Entry(name: name)
    var keys: Set<String> = []
    try object { (parser, key) throws(EngineError) in
      guard keys.insert(key).inserted else {
        throw parser.file.fail("tensor \(printable(name)) gives \(printable(key)) twice")
      }
      switch key {
      case "dtype": entry.dtype = try parser.text()
      case "shape": entry.shape = try parser.numbers()
      case "data_offsets":
        let offsets = try parser.numbers()
        guard offsets.count == 2 else { throw parser.unexpected("two data offsets") }
        (entry.begin, entry.end) = (offsets[0], offsets[1])
      default:
        throw parser.file.fail("tensor \(printable(name)) has an unknown key \(printable(key))")
      }
    }
    guard keys.count == 3 else {
      throw file.fail("tensor \(printable(name)) needs dtype, shape and data_offsets")
    }
    return entry
  }

  // MARK: - JSON

  /// Reads `{"key": …, …}`, calling `member` with the parser at each value.
  private mutating func object(
    _ member: (inout SafetensorsHeaderParser, String) throws(EngineError) -> Void
  ) throws(EngineError) {
    try expect("{")
    if accept("}") { return }
    repeat {
      let key = try text()
      try expect(":")
      try member(&self, key)
    } while accept(",")
    try expect("}")
  }

  /// Reads `[1, 2, …]`: whole numbers that are not negative.
  private mutating func numbers() throws(EngineError) -> [Int] {
    var values: [Int] = []
    try expect("[")
    if accept("]") { return values }
    repeat { values.append(try number()) } while accept(",")
    try expect("]")
    return values
  }

  private mutating func number() throws(EngineError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while let byte = peek, (0x30...0x39).contains(byte) {
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow2) = tenfold.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !overflow2 else { throw file.fail("a number in the header is too large") }
      value = next
      position += 1
    }
    let isLedByZero = position > start + 1 && file.bytes[start] == 0x30
    guard position > start, !isLedByZero else {
      throw unexpected("a whole number that is not negative")
    }
    return value
  }

  private mutating func text() throws(EngineError) -> String {
    try expect("\"")
    var scalars: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: scalars, as: UTF8.self) else {
          throw file.fail("the header is not valid UTF-8 before byte \(position)")
        }
        return text
      case UInt8(ascii: "\\"): scalars += String(try escape()).utf8
      case 0..<0x20: throw unexpected("no control character")
      default: scalars.append(byte)
      }
    }
    throw unexpected("the end of a text")
  }

  /// Reads what follows a backslash.
  private mutating func escape() throws(EngineError) -> Unicode.Scalar {
    guard let byte = peek else { throw unexpected("an escape") }
    position += 1
    if byte == UInt8(ascii: "u") {
      var code = try fourHexDigits()
      if (0xD800..<0xDC00).contains(code) {
        guard peek == UInt8(ascii: "\\") else { throw unexpected("the second half of a pair") }
        position += 1
        guard peek == UInt8(ascii: "u") else { throw unexpected("the second half of a pair") }
        position += 1
        let low = try fourHexDigits()
        guard (0xDC00..<0xE000).contains(low) else { throw unexpected("the second half of a pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw unexpected("a character") }
      return scalar
    }
    guard let scalar = SafetensorsHeaderParser.escapes[byte] else { throw unexpected("an escape") }
    return scalar
  }

  private static let escapes: [UInt8: Unicode.Scalar] = [
    UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/",
    UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{c}", UInt8(ascii: "n"): "\n",
    UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
  ]

  private mutating func fourHexDigits() throws(EngineError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private var peek: UInt8? { position < end ? file.bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func accept(_ token: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard peek == UInt8(ascii: token) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ token: Unicode.Scalar) throws(EngineError) {
    guard accept(token) else { throw unexpected("'\(token)'") }
  }

  private func unexpected(_ expected: String) -> EngineError {
    file.fail("the header is not valid JSON: expected \(expected) at byte \(position)")
  }
}
