import Engine

/// Curves over a common axis, such as losses over steps.
public struct LineChart: ReportBlock {
  public struct Series: Sendable {
    public var name: String
    public var points: [(x: Double, y: Double)]

    public init(_ name: String, _ points: [(x: Double, y: Double)]) {
      (self.name, self.points) = (name, points)
    }
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  /// Whether the upright axis is logarithmic; values that are not positive are then left out.
  public var isLogarithmic: Bool
  public var note: String?

  public init(
    _ title: String, xLabel: String, yLabel: String, series: [Series],
    isLogarithmic: Bool = false, note: String? = nil
  ) {
    (self.title, self.xLabel, self.yLabel, self.series) = (title, xLabel, yLabel, series)
    (self.isLogarithmic, self.note) = (isLogarithmic, note)
  }

  /// Curves with more points than this are drawn as means of this many stretches, over a pale band
  /// from the least to the greatest value of each.
  static let stretches = 150

  public func html() throws(EngineError) -> String {
    let points = series.map { line in
      line.points.filter { $0.x.isFinite && $0.y.isFinite && (!isLogarithmic || $0.y > 0) }
    }
    let frame = ChartFrame(
      x: ChartAxis(
        showing: points.joined().map(\.x), isLogarithmic: false, from: ChartFrame.left,
        to: ChartFrame.right, isRounded: false),
      y: ChartAxis(
        showing: points.joined().map(\.y), isLogarithmic: isLogarithmic, from: ChartFrame.bottom,
        to: ChartFrame.top),
      xLabel: xLabel, yLabel: yLabel)
    let content = points.enumerated().map { draw($1, frame, color: $0 % 6) }.joined()
    return ChartFrame.figure(
      title: title, names: series.map(\.name),
      svg: frame.svg(title: title, content: content), note: note)
  }

  private func draw(_ points: [(x: Double, y: Double)], _ frame: ChartFrame, color: Int) -> String {
    guard points.count > 1 else {
      return points.map {
        let (x, y) = (frame.x.place($0.x), frame.y.place($0.y))
        return "<circle class=\"dot c\(color)\" r=\"3\" cx=\"\(HTMLText.coordinate(x))\" "
          + "cy=\"\(HTMLText.coordinate(y))\"/>"
      }.joined()
    }
    guard points.count > LineChart.stretches else {
      return "<path class=\"line c\(color)\" d=\"\(path(points, frame))\"/>"
    }
    var means: [(x: Double, y: Double)] = []
    var lows = means
    var highs = means
    for stretch in 0..<LineChart.stretches {
      let from = stretch * points.count / LineChart.stretches
      let part = points[from..<(stretch + 1) * points.count / LineChart.stretches]
      let count = Double(part.count)
      let x = part.reduce(0) { $0 + $1.x } / count
      means.append((x, part.reduce(0) { $0 + $1.y } / count))
      lows.append((x, part.reduce(.infinity) { min($0, $1.y) }))
      highs.append((x, part.reduce(-.infinity) { max($0, $1.y) }))
    }
    let outline = path(highs + lows.reversed(), frame)
    return "<path class=\"band c\(color)\" d=\"\(outline)Z\"/>"
      + "<path class=\"line c\(color)\" d=\"\(path(means, frame))\"/>"
  }

  private func path(_ points: [(x: Double, y: Double)], _ frame: ChartFrame) -> String {
    let places = points.map {
      "\(HTMLText.coordinate(frame.x.place($0.x))) \(HTMLText.coordinate(frame.y.place($0.y)))"
    }
    return "M" + places.joined(separator: "L")
  }
}
