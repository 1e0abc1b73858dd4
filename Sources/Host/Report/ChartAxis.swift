import Foundation

/// One axis of a chart: from values to places, and where its ticks are.
struct ChartAxis {
  struct Tick {
    let value: Double
    /// `nil` for a line without a number.
    let label: String?
  }

  let range: ClosedRange<Double>
  let isLogarithmic: Bool
  /// Places of the ends of `range`.
  let start, end: Double

  /// An axis that shows all of `values`, with round numbers at its ends where it is linear.
  init(
    showing values: some Sequence<Double>, isLogarithmic: Bool, from start: Double, to end: Double,
    isRounded: Bool = true
  ) {
    var (low, high) = (Double.infinity, -Double.infinity)
    // Beyond these, differences and quotients of numbers are no numbers any more.
    for value in values where abs(value) <= 1e300 && (!isLogarithmic || value > 1e-300) {
      (low, high) = (min(low, value), max(high, value))
    }
    if low > high { (low, high) = isLogarithmic ? (0.1, 1) : (0, 1) }
    if isLogarithmic {
      if isRounded || high / low < 1.01 { (low, high) = (low / 1.2, high * 1.2) }
    } else if isRounded || high <= low {
      // Nor can ticks be told apart that differ in the last digits only.
      if high - low <= max(abs(low), abs(high), 1e-280) * 1e-12 {
        (low, high) = (low - max(abs(low), 1) / 2, high + max(abs(high), 1) / 2)
      }
      let step = ChartAxis.roundStep((high - low) / 5)
      (low, high) = (floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step)
    }
    range = low...high
    self.isLogarithmic = isLogarithmic
    (self.start, self.end) = (start, end)
  }

  /// The place of a value; values beyond the ends are moved to them.
  func place(_ value: Double) -> Double {
    let inside = min(max(value, range.lowerBound), range.upperBound)
    let (low, high, x) =
      isLogarithmic
      ? (log(range.lowerBound), log(range.upperBound), log(inside))
      : (range.lowerBound, range.upperBound, inside)
    return start + (end - start) * (x - low) / (high - low)
  }

  func ticks() -> [Tick] {
    isLogarithmic ? logarithmicTicks() : linearTicks()
  }

  private func linearTicks() -> [Tick] {
    let step = ChartAxis.roundStep((range.upperBound - range.lowerBound) / 6)
    let first = Int(ceil(range.lowerBound / step - 1e-9))
    let last = Int(floor(range.upperBound / step + 1e-9))
    guard first <= last else { return [] }
    return (first...last).map {
      Tick(value: Double($0) * step, label: HTMLText.number(Double($0) * step, digits: 4))
    }
  }

  private func logarithmicTicks() -> [Tick] {
    let first = Int(floor(log10(range.lowerBound)))
    let last = Int(ceil(log10(range.upperBound)))
    let stride = max(1, (last - first) / 7)
    var ticks: [Tick] = []
    for exponent in first...last {
      for factor in 1...9 {
        let value = Double(factor) * pow(10, Double(exponent))
        guard range.contains(value) else { continue }
        let isMain = factor == 1 && (exponent - first) % stride == 0
        // Within two decades, 2 and 5 are labelled too: one label alone shows no scale.
        let isExtra = last - first <= 2 && (factor == 2 || factor == 5)
        if isMain || last - first <= 3 || (factor == 1 && last - first <= 20) {
          let label =
            isMain
            ? ((-2...3).contains(exponent) ? HTMLText.number(value) : HTMLText.powerOfTen(exponent))
            : isExtra ? HTMLText.number(value) : nil
          ticks.append(Tick(value: value, label: label))
        }
      }
    }
    return ticks
  }

  /// The 1, 2 or 5 times a power of ten nearest above `step`.
  static func roundStep(_ step: Double) -> Double {
    let power = pow(10, floor(log10(step)))
    for factor in [1.0, 2, 5] where step <= factor * power * 1.0001 { return factor * power }
    return 10 * power
  }
}

/// The frame that line and histogram charts share.
struct ChartFrame {
  static let (width, height) = (480.0, 280.0)
  static let (left, right, top, bottom) = (60.0, 468.0, 12.0, 232.0)

  let x: ChartAxis
  let y: ChartAxis
  let xLabel: String
  let yLabel: String

  /// Grid, numbers and labels around `content`.
  func svg(title: String, content: String) -> String {
    var grid = ""
    for tick in y.ticks() {
      let place = HTMLText.coordinate(y.place(tick.value))
      grid += "<path class=\"\(tick.label == nil ? "grid minor" : "grid")\" "
      grid += "d=\"M\(Self.left) \(place)H\(Self.right)\"/>"
      if let label = tick.label {
        grid += "<text class=\"tick\" x=\"\(Self.left - 8)\" y=\"\(place)\" dy=\"4\" "
        grid += "text-anchor=\"end\">\(HTMLText.escaped(label))</text>"
      }
    }
    for tick in x.ticks() {
      let place = HTMLText.coordinate(x.place(tick.value))
      grid += "<path class=\"stroke\" d=\"M\(place) \(Self.bottom)v\(tick.label == nil ? 3 : 5)\"/>"
      if let label = tick.label {
        grid += "<text class=\"tick\" x=\"\(place)\" y=\"\(Self.bottom + 19)\" "
        grid += "text-anchor=\"middle\">\(HTMLText.escaped(label))</text>"
      }
    }
    let middle = (Self.top + Self.bottom) / 2
    return """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(HTMLText.escaped(title))">
      \(grid)
      \(content)
      <path class="stroke" d="M\(Self.left) \(Self.bottom)H\(Self.right)"/>
      <text class="axis" x="\((Self.left + Self.right) / 2)" y="\(Self.height - 7)" \
      text-anchor="middle">\(HTMLText.escaped(xLabel))</text>
      <text class="axis" transform="translate(14 \(middle)) rotate(-90)" \
      text-anchor="middle">\(HTMLText.escaped(yLabel))</text>
      </svg>
      """
  }

  /// The figure around a drawing: title, legend, drawing, note.
  static func figure(title: String, names: [String], svg: String, note: String?) -> String {
    let keys = names.enumerated().map {
      "<span><i class=\"key c\($0 % 6)\"></i>\(HTMLText.escaped($1))</span>"
    }
    let legend = names.count > 1 ? "<div class=\"legend\">\(keys.joined())</div>" : ""
    let remark = note.map { "<div class=\"note\">\(HTMLText.escaped($0))</div>" } ?? ""
    return """
      <figure class="chart"><figcaption>\(HTMLText.escaped(title))</figcaption>\(legend)
      \(svg)\(remark)</figure>
      """
  }
}
