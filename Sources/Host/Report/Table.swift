import Engine

/// A table: the first column names, the others compare.
public struct Table: ReportBlock {
  public var headers: [String]
  public var rows: [[String]]
  /// Rows to bring out, such as our own method.
  public var emphasized: Set<Int>
  public var caption: String?

  public init(
    headers: [String], rows: [[String]], emphasized: Set<Int> = [], caption: String? = nil
  ) {
    (self.headers, self.rows) = (headers, rows)
    (self.emphasized, self.caption) = (emphasized, caption)
  }

  /// The table without the columns that hold nothing but `nothing`.
  public func withoutEmptyColumns(_ nothing: String) -> Table {
    let kept = headers.indices.filter { column in
      column == 0 || rows.contains { column < $0.count && $0[column] != nothing }
    }
    var copy = self
    copy.headers = kept.map { headers[$0] }
    copy.rows = rows.map { row in kept.filter { $0 < row.count }.map { row[$0] } }
    return copy
  }

  /// A number as the report prints it.
  public static func cell(_ value: Double, digits: Int = 3) -> String {
    HTMLText.number(value, digits: digits)
  }

  public func html() throws(EngineError) -> String {
    let head = headers.map { "<th scope=\"col\">\(HTMLText.escaped($0))</th>" }.joined()
    let body = rows.enumerated().map { index, row in
      let cells = row.enumerated().map { column, cell in
        column == 0
          ? "<th scope=\"row\">\(HTMLText.escaped(cell))</th>"
          : "<td>\(HTMLText.escaped(cell))</td>"
      }
      let mark = emphasized.contains(index) ? " class=\"ours\"" : ""
      return "<tr\(mark)>\(cells.joined())</tr>"
    }
    let title = caption.map { "<caption>\(HTMLText.escaped($0))</caption>" } ?? ""
    return """
      <div class="scroll"><table>\(title)<thead><tr>\(head)</tr></thead>
      <tbody>\(body.joined(separator: "\n"))</tbody></table></div>
      """
  }
}

/// A few numbers worth reading first.
public struct Highlights: ReportBlock {
  public struct Item: Sendable {
    public var value: String
    public var label: String
    public var note: String?

    public init(_ value: String, _ label: String, note: String? = nil) {
      (self.value, self.label, self.note) = (value, label, note)
    }
  }

  public var items: [Item]

  public init(_ items: [Item]) { self.items = items }

  public func html() throws(EngineError) -> String {
    let tiles = items.map { item in
      let note = item.note.map { "<div class=\"note\">\(HTMLText.escaped($0))</div>" } ?? ""
      return """
        <div class="tile"><div class="value">\(HTMLText.escaped(item.value))</div>
        <div class="label">\(HTMLText.escaped(item.label))</div>\(note)</div>
        """
    }
    return "<div class=\"tiles\">\(tiles.joined())</div>"
  }
}

/// Names and values, such as settings and seeds.
public struct Settings: ReportBlock {
  public var title: String
  public var entries: [(name: String, value: String)]
  /// Whether the reader has to open it.
  public var isFolded: Bool

  public init(_ title: String, _ entries: [(name: String, value: String)], isFolded: Bool = false) {
    (self.title, self.entries, self.isFolded) = (title, entries, isFolded)
  }

  public func html() throws(EngineError) -> String {
    let rows = entries.map {
      "<dt>\(HTMLText.escaped($0.name))</dt><dd>\(HTMLText.escaped($0.value))</dd>"
    }
    return """
      <details\(isFolded ? "" : " open")><summary>\(HTMLText.escaped(title))</summary>
      <dl>\(rows.joined(separator: "\n"))</dl></details>
      """
  }
}
