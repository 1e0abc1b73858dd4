import Engine

/// Mosaics of samples side by side: data, a baseline's samples, ours.
public struct SampleGrid: ReportBlock {
  public struct Panel: Sendable {
    public var label: String
    public var pictures: [Picture]
    /// A line under the mosaic.
    public var caption: String?

    public init(_ label: String, _ pictures: [Picture], caption: String? = nil) {
      (self.label, self.pictures, self.caption) = (label, pictures, caption)
    }
  }

  public var panels: [Panel]
  /// Pictures in a row of a mosaic.
  public var columns: Int
  public var map: ColorMap
  /// The values of the first and the last colour; by default the range of the first panel, so that
  /// all panels can be compared with it.
  public var range: ClosedRange<Double>?
  /// What the colours mean.
  public var label: String?

  public init(
    _ panels: [Panel], columns: Int = 4, map: ColorMap = .magma,
    range: ClosedRange<Double>? = nil, label: String? = nil
  ) {
    (self.panels, self.columns, self.map, self.range) = (panels, columns, map, range)
    self.label = label
  }

  public func html() throws(EngineError) -> String {
    let range = range ?? (panels.first?.pictures ?? []).range
    var figures = ""
    for panel in panels {
      let image = try PictureRendering.dataURI(
        of: panel.pictures, columns: columns, range: range, map: map)
      let caption = panel.caption.map { "<div class=\"note\">\(HTMLText.escaped($0))</div>" } ?? ""
      let label = HTMLText.escaped(panel.label)
      figures += """
        <figure><figcaption>\(label)</figcaption>
        <img class="mosaic" src="\(image.uri)" width="\(image.width)" height="\(image.height)" \
        alt="\(panel.pictures.count) pictures: \(label)">\(caption)</figure>

        """
    }
    return """
      <div class="panels">\(figures)</div>\(try PictureRendering.colorBar(range, map, label: label))
      """
  }
}

/// Pictures in rows and columns with headings: the cases of an inverse problem, method by method.
public struct ImageGrid: ReportBlock {
  public struct Row: Sendable {
    public var label: String
    /// One for each column; `nil` leaves a gap.
    public var pictures: [Picture?]

    public init(_ label: String, _ pictures: [Picture?]) {
      (self.label, self.pictures) = (label, pictures)
    }
  }

  public var columns: [String]
  public var rows: [Row]
  public var map: ColorMap
  /// The values of the first and the last colour; by default the range of the first column, so that
  /// the truth sets the scale.
  public var range: ClosedRange<Double>?
  /// What the colours mean.
  public var label: String?

  public init(
    columns: [String], rows: [Row], map: ColorMap = .magma, range: ClosedRange<Double>? = nil,
    label: String? = nil
  ) {
    (self.columns, self.rows, self.map, self.range) = (columns, rows, map, range)
    self.label = label
  }

  public func html() throws(EngineError) -> String {
    let range = range ?? rows.compactMap { $0.pictures.first ?? nil }.range
    let head = columns.map { "<th scope=\"col\">\(HTMLText.escaped($0))</th>" }.joined()
    // All pictures are drawn at one scale: a measurement of few columns is narrow.
    let widest = rows.flatMap(\.pictures).compactMap { $0?.width }.max() ?? 1
    var body = ""
    for row in rows {
      body += "<tr><th scope=\"row\">\(HTMLText.escaped(row.label))</th>"
      for (column, picture) in row.pictures.enumerated() {
        let name = column < columns.count ? columns[column] : ""
        body += "<td>\(try cell(picture, range, widest, alt: "\(row.label), \(name)"))</td>"
      }
      body += "</tr>\n"
    }
    return """
      <div class="scroll"><table class="image-grid"><thead><tr><td></td>\(head)</tr></thead>
      <tbody>\(body)</tbody></table></div>\(try PictureRendering.colorBar(range, map, label: label))
      """
  }

  private func cell(_ picture: Picture?, _ range: ClosedRange<Double>, _ widest: Int, alt: String)
    throws(EngineError) -> String
  {
    guard let picture else { return "" }
    let image = try PictureRendering.dataURI(of: [picture], columns: 1, range: range, map: map)
    let caption = picture.caption.map { "<div class=\"note\">\(HTMLText.escaped($0))</div>" } ?? ""
    let share = 100 * picture.width / max(widest, 1)
    let style = share < 100 ? " style=\"width: \(share)%; min-width: 0\"" : ""
    return """
      <img src="\(image.uri)" width="\(image.width)" height="\(image.height)"\(style) \
      alt="\(HTMLText.escaped(alt))">\(caption)
      """
  }
}
