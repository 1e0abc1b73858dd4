import Engine
import Foundation
import Testing

@testable import Host

@Suite struct ReportTests {
  @Test func everyTextIsEscaped() throws {
    let evil = "<script>alert('&\"')</script>\u{1b}[2J"
    let picture = Picture(pixels: [0, 1], height: 1, width: 2, caption: evil)
    let content = ReportContent(
      title: evil, subtitle: evil,
      sections: [
        .init(
          evil, text: evil,
          [
            Paragraph(evil), Table(headers: [evil], rows: [[evil, evil]], caption: evil),
            Highlights([.init(evil, evil, note: evil)]), Settings(evil, [(evil, evil)]),
            SampleGrid([.init(evil, [picture], caption: evil)], label: evil),
            ImageGrid(columns: [evil], rows: [.init(evil, [picture, nil])], label: evil),
            LineChart(evil, xLabel: evil, yLabel: evil, series: [.init(evil, [])], note: evil),
            HistogramChart(evil, xLabel: evil, series: [.init(evil, [1])], note: evil),
          ])
      ], footer: evil)
    let html = try content.html()
    #expect(!html.contains("<script"))
    #expect(!html.contains("\u{1b}"))
    #expect(html.components(separatedBy: "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)").count > 20)
    for outside in ["http:", "https:", "src=\"/", "url("] { #expect(!html.contains(outside)) }
  }

  @Test func markupIsBalanced() throws {
    // Without the pictures, which are long and may hold any letters.
    let html = try ReportSample.content().html()
      .replacing(#/data:image\/png;base64,[A-Za-z0-9+\/=]*/#, with: "")
    for tag in [
      "section", "table", "figure", "svg", "div", "span", "details", "tr", "td", "th", "text",
    ] {
      let opened =
        html.components(separatedBy: "<\(tag)>").count - 1
        + html.components(separatedBy: "<\(tag) ").count - 1
      #expect(opened == html.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
    }
    #expect(!html.contains("nan") && !html.contains("inf"))
    // For looking at it: MOONGLASS_REPORT=/some/where.html
    if let path = ProcessInfo.processInfo.environment["MOONGLASS_REPORT"] {
      try ReportSample.content().write(to: path)
    }
  }

  @Test func numbersAreForPeople() {
    let cases: [(Double, String)] = [
      (0, "0"), (1, "1"), (0.05, "0.05"), (123.456, "123"), (99.96, "100"), (12345, "12345"),
      (1e6, "10⁶"), (-2.5e-7, "−2.5·10⁻⁷"), (0.001234, "0.00123"), (9.999e-5, "10⁻⁴"),
      (.nan, "NaN"), (-.infinity, "−∞"),
    ]
    for (value, text) in cases { #expect(HTMLText.number(value) == text) }
  }

  @Test func axesHoldTheirValues() {
    let linear = ChartAxis(showing: [0.13, 0.98], isLogarithmic: false, from: 0, to: 100)
    #expect(linear.range == 0...1)
    #expect(linear.ticks().map(\.value).count == 6)
    #expect(linear.place(0.5) == 50 && linear.place(7) == 100)
    let decades = ChartAxis(showing: [1e-6, 10, 0, -1], isLogarithmic: true, from: 0, to: 100)
    #expect(decades.ticks().compactMap(\.label).contains("10⁻⁵"))
    #expect(decades.ticks().allSatisfy { decades.range.contains($0.value) })
    for isLogarithmic in [true, false] {
      for values in [
        [], [5.0], [0, 0], [1e-300, 1e300], [.nan], [1.7e308, 1.75e308],
        [-1.7e308, 1.7e308], [0, Double.leastNonzeroMagnitude], [1, 1 + 1e-15],
      ] {
        let axis = ChartAxis(showing: values, isLogarithmic: isLogarithmic, from: 0, to: 1)
        #expect(axis.range.lowerBound < axis.range.upperBound)
        #expect(axis.ticks().count < 50)
        #expect(axis.place(3).isFinite)
      }
    }
  }

  @Test func coloursReachTheEndsOfTheirMaps() throws {
    #expect(Array(ColorMap.magma.palette.prefix(3)) == [0, 0, 4])
    #expect(Array(ColorMap.viridis.palette.suffix(3)) == [253, 231, 37])
    for map in ColorMap.allCases where map != .balance {
      let lightness = (0..<256).map { level in
        zip(map.palette[3 * level..<3 * level + 3], [0.2126, 0.7152, 0.0722])
          .reduce(0) { $0 + Double($1.0) * $1.1 }
      }
      #expect(zip(lightness, lightness.dropFirst()).allSatisfy { $1 > $0 - 1 }, "\(map)")
    }
    let picture = Picture(pixels: [0, 1, .nan, 2], height: 2, width: 2)
    let image = try PictureRendering.dataURI(of: [picture], columns: 1, range: 0...1, map: .viridis)
    let base64 = image.uri.dropFirst("data:image/png;base64,".count)
    let png = [UInt8](try #require(Data(base64Encoded: String(base64))))
    let bytes = try PNG.decode(png, path: "t").floats().map { Int(($0 * 255).rounded()) }
    #expect(bytes == [0x44, 253, 0, 253, 0x01, 231, 200, 231, 0x54, 37, 0, 37])
  }

  @Test func picturesOfATensor() throws {
    let images = Tensor((0..<24).map { Float($0) }, shape: [2, 2, 2, 3])
    let pictures = try Picture.pictures(of: images, first: 5, channel: 1)
    #expect(pictures.map(\.pixels) == [[6, 7, 8, 9, 10, 11], [18, 19, 20, 21, 22, 23]])
    #expect(throws: EngineError.self) { try Picture.pictures(of: images, channel: 2) }
    #expect(throws: EngineError.self) {
      try SampleGrid([.init("", pictures + [Picture(pixels: [1], height: 1, width: 1)])]).html()
    }
  }
}
