/// The header of a `.npy` file: a Python dictionary of three fixed keys, read by a fixed grammar.
///
///     header = "{" [entry {"," entry} [","]] "}" blank
///     entry  = "'descr'" ":" text | "'fortran_order'" ":" ("True" | "False") | "'shape'" ":" tuple
///     tuple  = "(" [number {"," number} [","]] ")"
struct NPYHeaderParser {
  struct Header {
    var descr = ""
    var element = FileElement.float32
    var bigEndian = false
    var columnMajor = false
    var shape: [Int] = []
  }

  private let file: FileBytes
  private var position: Int
  private let end: Int

  init(file: FileBytes, range: Range<Int>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func parse() throws(EngineError) -> Header {
    var header = Header()
    var seen: Set<String> = []
    try expect("{")
    while !accept("}") {
      let key = try text()
      guard seen.insert(key).inserted else {
        throw file.fail("header key \(printable(key)) is there twice")
      }
      try expect(":")
      switch key {
      case "descr": try parseDescription(into: &header)
      case "fortran_order": header.columnMajor = try boolean()
      case "shape": header.shape = try tuple()
      default:
        throw file.fail(
          "expected header keys descr, fortran_order and shape, got \(printable(key))")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipBlanks()
    guard position == end else { throw unexpected("the end of the header") }
    for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) {
      throw file.fail("the header has no '\(key)'")
    }
    return header
  }

  private mutating func parseDescription(into header: inout Header) throws(EngineError) {
    skipBlanks()
    guard peek == UInt8(ascii: "'") || peek == UInt8(ascii: "\"") else {
      throw file.fail("expected a plain element type such as '<f4', got a record")
    }
    let descr = try text()
    guard let order = descr.first, "<>|=".contains(order),
      let element = NPYHeaderParser.elements[String(descr.dropFirst())]
    else {
      throw file.fail(
        "expected numbers or Booleans ('<f4', '<f8', '<i4', '|b1', …), got \(printable(descr))")
    }
    header.descr = descr
    header.element = element
    header.bigEndian = order == ">"
  }

  private static let elements: [String: FileElement] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "b1": .bool,
    "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
    "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64,
  ]

  // MARK: - Tokens

  private var peek: UInt8? { position < end ? file.bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x09 { position += 1 }
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
    file.fail("the header is not valid: expected \(expected) at byte \(position)")
  }

  private mutating func text() throws(EngineError) -> String {
    skipBlanks()
    guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw unexpected("text in quotes")
    }
    let start = position + 1
    guard let stop = file.bytes[start..<end].firstIndex(of: quote), stop - start <= 32 else {
      throw unexpected("a short text in quotes")
    }
    position = stop + 1
    return String(decoding: file.bytes[start..<stop], as: UTF8.self)
  }

  private mutating func boolean() throws(EngineError) -> Bool {
    skipBlanks()
    for (word, value) in [("True", true), ("False", false)]
    where file.bytes[position..<end].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw unexpected("True or False")
  }

  private mutating func tuple() throws(EngineError) -> [Int] {
    var sizes: [Int] = []
    try expect("(")
    while !accept(")") {
      sizes.append(try size())
      guard sizes.count <= Shape.maximumRank else {
        throw file.fail("expected at most \(Shape.maximumRank) axes")
      }
      if !accept(",") {
        // "(24)" is a number in brackets, not a tuple; NumPy writes "(24,)".
        guard sizes.count > 1 else { throw unexpected("','") }
        try expect(")")
        break
      }
    }
    return sizes
  }

  private mutating func size() throws(EngineError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while let byte = peek, (0x30...0x39).contains(byte) {
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow2) = tenfold.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !overflow2 else { throw file.fail("a size in the shape is too large") }
      value = next
      position += 1
    }
    guard position > start else { throw unexpected("a whole number that is not negative") }
    if peek == UInt8(ascii: "L") { position += 1 }  // written by NumPy under Python 2
    return value
  }
}
