import Foundation

/// Text that goes into a page: escaped, or formatted from numbers.
enum HTMLText {
  /// `text` so that a browser shows it as it is, in content and in attributes; control characters go.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value): continue
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A number for people: `digits` significant digits, powers of ten written out.
  static func number(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
    guard value != 0 else { return "0" }
    var exponent = Int(floor(log10(abs(value))))
    // 0.09996 with three digits is 0.1: it rounds up to the next power.
    let limit = 10 - 0.5 * pow(10, Double(1 - digits))
    if abs(value) / pow(10, Double(exponent)) >= limit { exponent += 1 }
    if (-3..<6).contains(exponent) {
      var text = String(format: "%.\(max(0, digits - 1 - exponent))f", value)
      if text.contains(".") {
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
      }
      return text.replacingOccurrences(of: "-", with: "−")
    }
    let mantissa = number(value / pow(10, Double(exponent)), digits: digits)
    return (mantissa == "1" ? "" : mantissa == "−1" ? "−" : mantissa + "·") + powerOfTen(exponent)
  }

  /// A power of ten as people write it, such as 10⁻³.
  static func powerOfTen(_ exponent: Int) -> String {
    let digits: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return "10" + String(String(exponent).compactMap { digits[$0] })
  }

  /// A coordinate in a drawing: two decimals, in the C locale.
  static func coordinate(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return hundredths % 100 == 0 ? String(hundredths / 100) : String(Double(hundredths) / 100)
  }
}
