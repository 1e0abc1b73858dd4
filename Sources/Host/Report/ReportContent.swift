import Engine

/// A part of a report that knows how to draw itself.
public protocol ReportBlock: Sendable {
  /// HTML that needs nothing from outside.
  ///
  /// - Throws: ``EngineError`` where the content cannot be drawn, such as pictures of several sizes.
  func html() throws(EngineError) -> String
}

/// Everything on a report's page.
public struct ReportContent: Sendable {
  /// A heading and what stands under it.
  public struct Section: Sendable {
    public var title: String
    /// A sentence or two on what is to be seen, in plain text.
    public var text: String?
    public var blocks: [any ReportBlock]

    public init(_ title: String, text: String? = nil, _ blocks: [any ReportBlock]) {
      (self.title, self.text, self.blocks) = (title, text, blocks)
    }
  }

  public var title: String
  public var subtitle: String
  public var sections: [Section]
  /// The last line, such as the program's version and the seed.
  public var footer: String

  public init(title: String, subtitle: String, sections: [Section], footer: String = "") {
    (self.title, self.subtitle, self.sections, self.footer) = (title, subtitle, sections, footer)
  }

  /// One self-contained page: no scripts, no links to other files.
  ///
  /// - Throws: ``EngineError`` from a block that cannot be drawn.
  public func html() throws(EngineError) -> String {
    var body = ""
    for (index, section) in sections.enumerated() {
      body += "<section id=\"s\(index)\"><h2>\(HTMLText.escaped(section.title))</h2>\n"
      if let text = section.text { body += "<p class=\"lead\">\(HTMLText.escaped(text))</p>\n" }
      for block in section.blocks { body += try block.html() + "\n" }
      body += "</section>\n"
    }
    let links = sections.enumerated().map {
      "<a href=\"#s\($0)\">\(HTMLText.escaped($1.title))</a>"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(HTMLText.escaped(title))</title>
      <style>
      \(ReportStyle.sheet)
      </style>
      </head>
      <body>
      <header><h1>\(HTMLText.escaped(title))</h1>
      <p class="subtitle">\(HTMLText.escaped(subtitle))</p>
      <nav>\(links.joined())</nav></header>
      <main>
      \(body)</main>
      <footer>\(HTMLText.escaped(footer))</footer>
      </body>
      </html>

      """
  }

  /// Writes the page, atomically.
  public func write(to path: String) throws(EngineError) {
    try AtomicFile.write(Array(html().utf8), to: path)
  }
}

/// A paragraph of plain text.
public struct Paragraph: ReportBlock {
  public var text: String

  public init(_ text: String) { self.text = text }

  public func html() throws(EngineError) -> String { "<p>\(HTMLText.escaped(text))</p>" }
}

/// Blocks side by side where there is room.
public struct SideBySide: ReportBlock {
  public var blocks: [any ReportBlock]

  public init(_ blocks: [any ReportBlock]) { self.blocks = blocks }

  public func html() throws(EngineError) -> String {
    var parts: [String] = []
    for block in blocks { parts.append("<div>\(try block.html())</div>") }
    return "<div class=\"side-by-side\">\(parts.joined(separator: "\n"))</div>"
  }
}
