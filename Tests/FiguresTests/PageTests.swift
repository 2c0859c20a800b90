import Figures
import Testing

@Suite struct PageTests {
  static let hostile =
    "\"'><script>alert(1)</script></style></title>&amp;\u{0}\u{8}\u{202E}--><img src=x onerror=y>"

  /// A page with every kind of block, all of whose text is the given one.
  func page(_ text: String) -> Page {
    let table = Table(
      name: text, title: text, caption: text,
      columns: [.init(text, heading: text, unit: text, .text), .init("v", .interval(digits: 2))],
      rows: [[.text(text), .interval(0.5, lower: 0.4, upper: 0.6)]])
    let line = LineChart(
      x: Axis(text, scale: .ordinal([text, text])), y: Axis(text),
      series: [.init(text, [.init(x: 0, y: 1), .init(x: 1, y: 2)]), .init(text, [])])
    let bars = BarChart(
      categories: [text], value: Axis(text), series: [.init(text, [.init(1)]), .init(text, [.init(2)])])
    let histogram = HistogramChart(
      x: Axis(text), y: Axis(text), edges: [0, 1, 2], series: [.init(text, [1, 2]), .init(text, [3, 4])])
    let image = RGBImage(width: 2, height: 1, pixels: [255, 0, 0, 0, 0, 255])
    let blocks: [Page.Block] = [
      .paragraph(text), .table(table),
      .chart(Chart(name: text, title: text, caption: text, .lines(line))),
      .chart(Chart(name: text, title: text, caption: text, .bars(bars))),
      .chart(Chart(name: text, title: text, caption: text, .histograms(histogram))),
      .images(
        ImageGrid(
          name: text, title: text, caption: text,
          entries: [.init(image, label: text, detail: text, alternative: text)])),
    ]
    return Page(
      language: text, title: text, lead: text, sections: (0..<3).map { _ in .init(text, blocks) },
      footer: text)
  }

  @Test func `Hostile text makes no element and no attribute`() throws {
    let calm = try ParsedMarkup(HTML.render(page("calm")))
    let hostile = try ParsedMarkup(HTML.render(page(Self.hostile)))
    // Cut labels carry their whole text as a title, in the one page as not in the other.
    func shape(_ page: ParsedMarkup) -> [String] {
      page.elements.indices.compactMap { i in
        let element = page.elements[i]
        let parent = element.parent.map { page.elements[$0].name }
        if element.name == "title" && parent == "text" { return nil }
        let attributes = element.attributes.keys.filter { $0 != "transform" && $0 != "text-anchor" }.sorted()
        return "\(element.name) \(attributes)"
      }
    }
    #expect(shape(calm).filter { !$0.hasPrefix("path") } == shape(hostile).filter { !$0.hasPrefix("path") })
    #expect(hostile.all("script").isEmpty)
    #expect(hostile.all("h1").first?.text.hasPrefix("\"'><script>alert(1)</script>") == true)
  }

  @Test func `Characters that no document may hold are replaced`() {
    let html = HTML.render(page(Self.hostile))
    #expect(
      !html.unicodeScalars.contains { ($0.value < 0x20 && $0 != "\n" && $0 != "\t") || $0.value == 0x202E })
    #expect(html.contains("\u{FFFD}"))
  }

  @Test(arguments: ["a name", hostile, ""])
  func `No two elements of a page have one identifier, and all references are met`(text: String) throws {
    let elements = try ParsedMarkup(HTML.render(page(text))).elements
    let ids = elements.compactMap { $0.attributes["id"] }
    #expect(ids.count >= 3 * (1 + 1 + 3 * 3 + 1))
    #expect(Set(ids).count == ids.count)
    #expect(ids.allSatisfy { $0.first?.isLetter == true && !$0.contains(" ") })
    let references = elements.flatMap { element -> [String] in
      let labels = (element.attributes["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
      guard let link = element.attributes["href"] else { return labels }
      return labels + [String(link.dropFirst())]
    }
    #expect(references.allSatisfy(ids.contains))
  }

  @Test func `A page needs nothing from outside`() throws {
    let text = HTML.render(page("x"))
    let elements = try ParsedMarkup(text).elements
    #expect(!elements.contains { ["script", "link", "iframe", "object", "use", "base"].contains($0.name) })
    let sources = elements.compactMap { $0.attributes["src"] ?? $0.attributes["href"] }
    #expect(sources.allSatisfy { $0.hasPrefix("data:image/png;base64,") || $0.hasPrefix("#") })
    #expect(!text.contains("url(") && !text.contains("@import"))
    #expect(!elements.contains { $0.attributes.keys.contains { $0.hasPrefix("on") } })
  }

  @Test func `A page says its language, its encoding and what its images show`() throws {
    let page = try ParsedMarkup(HTML.render(page("x")))
    #expect(page.all("html").first?.attributes["lang"] == "x")
    #expect(page.all("meta").first?.attributes["charset"] == "utf-8")
    #expect(page.all("img").allSatisfy { $0.attributes["alt"] == "x" && $0.attributes["width"] == "2" })
    #expect(page.all("th").allSatisfy { $0.attributes["scope"] != nil })
    #expect(page.all("table").count == page.all("caption").count)
    #expect(page.all("figure").count == page.all("figcaption").count)
  }

  @Test func `The same page gives the same bytes`() {
    #expect(Array(HTML.render(page("x")).utf8) == Array(HTML.render(page("x")).utf8))
  }
}
