import Engine

/// How values of several series are spread, on common bins.
public struct HistogramChart: ReportBlock {
  public struct Series: Sendable {
    public var name: String
    public var values: [Double]

    public init(_ name: String, _ values: [Double]) { (self.name, self.values) = (name, values) }
  }

  public var title: String
  public var xLabel: String
  public var series: [Series]
  public var bins: Int
  /// Whether bins are equal in the logarithm; values that are not positive are counted in the note.
  public var isLogarithmic: Bool
  public var note: String?

  public init(
    _ title: String, xLabel: String, series: [Series], bins: Int = 40, isLogarithmic: Bool = true,
    note: String? = nil
  ) {
    (self.title, self.xLabel, self.series, self.bins) = (title, xLabel, series, max(1, bins))
    (self.isLogarithmic, self.note) = (isLogarithmic, note)
  }

  public func html() throws(EngineError) -> String {
    let edges = Histogram.commonEdges(
      series.map(\.values), bins: bins, isLogarithmic: isLogarithmic)
    let shares = series.map { series in
      let counts = Histogram(series.values, edges: edges).counts
      return counts.map { 100 * Double($0) / Double(max(series.values.count, 1)) }
    }
    let frame = ChartFrame(
      x: ChartAxis(
        showing: edges, isLogarithmic: isLogarithmic, from: ChartFrame.left, to: ChartFrame.right,
        isRounded: false),
      y: ChartAxis(
        showing: [0] + shares.joined(), isLogarithmic: false, from: ChartFrame.bottom,
        to: ChartFrame.top),
      xLabel: xLabel, yLabel: "share of images, %")
    var content = ""
    for (index, share) in shares.enumerated() {
      content += steps(share, edges, frame, color: index % 6)
    }
    for (index, series) in series.enumerated() {
      content += median(of: series, frame, color: index % 6)
    }
    return ChartFrame.figure(
      title: title, names: series.map(label), svg: frame.svg(title: title, content: content),
      note: remarks)
  }

  private func label(_ series: Series) -> String {
    "\(series.name), median \(HTMLText.number(Summary(series.values).median))"
  }

  /// What the drawing cannot show.
  private var remarks: String? {
    var parts = note.map { [$0] } ?? []
    for series in series {
      let missing = series.values.count { !$0.isFinite }
      let low = isLogarithmic ? series.values.count { $0 <= 0 } : 0
      if missing > 0 { parts.append("\(series.name): \(missing) not finite.") }
      if low > 0 { parts.append("\(series.name): \(low) at zero or below.") }
    }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }

  private func steps(_ share: [Double], _ edges: [Double], _ frame: ChartFrame, color: Int)
    -> String
  {
    var path = "M\(HTMLText.coordinate(frame.x.place(edges[0]))) \(ChartFrame.bottom)"
    for (bin, value) in share.enumerated() {
      path += "V\(HTMLText.coordinate(frame.y.place(value)))"
      path += "H\(HTMLText.coordinate(frame.x.place(edges[bin + 1])))"
    }
    return "<path class=\"steps c\(color)\" d=\"\(path)V\(ChartFrame.bottom)Z\"/>"
  }

  private func median(of series: Series, _ frame: ChartFrame, color: Int) -> String {
    let summary = Summary(series.values)
    guard summary.count > 0, !isLogarithmic || summary.median > 0 else { return "" }
    let place = HTMLText.coordinate(frame.x.place(summary.median))
    return
      "<path class=\"median c\(color)\" d=\"M\(place) \(ChartFrame.top)V\(ChartFrame.bottom)\"/>"
  }
}
