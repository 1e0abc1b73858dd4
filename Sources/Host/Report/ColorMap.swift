/// A scale of colours for numbers, ascending evenly in lightness so that no edge appears by itself.
///
/// Tables sampled from matplotlib's maps of the same names (CC0).
public enum ColorMap: String, Sendable, CaseIterable, Codable {
  /// Black through purple and orange to pale yellow: light and heat.
  case magma
  /// Dark blue through green to yellow.
  case viridis
  /// Blue through white to red, for numbers around zero.
  case balance

  private var table: [UInt32] {
    switch self {
    case .magma:
      [
        0x000004, 0x0A0822, 0x1D1147, 0x36106B, 0x51127C, 0x6A1C81, 0x832681, 0x9C2E7F, 0xB73779,
        0xD0416F, 0xE75263, 0xF56B5C, 0xFC8961, 0xFEA772, 0xFEC488, 0xFDE2A3, 0xFCFDBF,
      ]
    case .viridis:
      [
        0x440154, 0x48186A, 0x472D7B, 0x424086, 0x3B528B, 0x33638D, 0x2C728E, 0x26828E, 0x21918C,
        0x1FA088, 0x28AE80, 0x3FBC73, 0x5EC962, 0x84D44B, 0xADDC30, 0xD8E219, 0xFDE725,
      ]
    case .balance:
      [
        0x053061, 0x175290, 0x2A71B2, 0x3F8EC0, 0x6BACD1, 0x9BC9E0, 0xC2DDEC, 0xE0ECF3, 0xF7F6F6,
        0xFBE5D8, 0xFBCCB4, 0xF5AA89, 0xE48066, 0xD05548, 0xBA2832, 0x930E26, 0x67001F,
      ]
    }
  }

  /// 256 colours, red, green and blue each.
  var palette: [UInt8] {
    let table = table
    return (0..<256).flatMap { level in
      let position = Double(level) * Double(table.count - 1) / 255
      let index = min(Int(position), table.count - 2)
      let part = position - Double(index)
      return [16, 8, 0].map { (shift: UInt32) in
        let from = Double(table[index] >> shift & 255)
        let to = Double(table[index + 1] >> shift & 255)
        return UInt8((from + (to - from) * part).rounded())
      }
    }
  }

  /// What pixels that are not finite look like: in none of the maps.
  static let missing: [UInt8] = [0, 200, 0]
}
