/// Pages as one file of HTML that needs nothing else: no scripts, no network, light or dark as the reader prefers.
///
/// What is written is well-formed XML too, so that any parser can check it.
public enum HTML {
  public static func render(_ page: Page) -> String {
    var markup = Markup()
    markup.literal("<!DOCTYPE html>\n")
    let attributes: [Markup.Attribute] = [
      .init("xmlns", "http://www.w3.org/1999/xhtml"), .init("lang", page.language),
    ]
    markup.element("html", attributes) { markup in
      markup.lineBreak()
      markup.element("head") { $0.head(page) }
      markup.lineBreak()
      markup.element("body") { $0.body(page) }
      markup.lineBreak()
    }
    return markup.text + "\n"
  }

  /// A table as an element for other pages.
  public static func render(_ table: Table) -> String {
    var markup = Markup()
    markup.table(table)
    return markup.text
  }
}

extension Markup {
  fileprivate mutating func head(_ page: Page) {
    literal("\n<meta charset=\"utf-8\"/>\n")
    literal("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
    // Nothing may be fetched or run, even if text were to become markup.
    literal("<meta http-equiv=\"Content-Security-Policy\" ")
    literal("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\n")
    element("title", text: page.title)
    lineBreak()
    element("style") { markup in
      markup.literal(Stylesheet.page)
      markup.literal(Stylesheet.chart)
    }
    lineBreak()
  }

  fileprivate mutating func body(_ page: Page) {
    let identifiers = page.sections.map { identifier($0.heading) }
    lineBreak()
    element("header") { markup in
      markup.element("h1", text: page.title)
      if !page.lead.isEmpty { markup.element("p", [.init("class", "lead")], text: page.lead) }
    }
    lineBreak()
    if page.sections.count > 2 { contents(page.sections, identifiers) }
    element("main") { markup in
      for (section, id) in zip(page.sections, identifiers) {
        markup.lineBreak()
        markup.element("section", [.init("aria-labelledby", id)]) { markup in
          markup.element("h2", [.init("id", id)], text: section.heading)
          markup.lineBreak()
          for block in section.blocks { markup.block(block) }
        }
      }
    }
    lineBreak()
    if !page.footer.isEmpty {
      element("footer", text: page.footer)
      lineBreak()
    }
  }

  private mutating func contents(_ sections: [Page.Section], _ identifiers: [String]) {
    element("nav", [.init("aria-label", "Contents")]) { markup in
      markup.element("ol") { markup in
        for (section, id) in zip(sections, identifiers) {
          markup.element("li") { $0.element("a", [.init("href", "#" + id)], text: section.heading) }
        }
      }
    }
    lineBreak()
  }

  private mutating func block(_ block: Page.Block) {
    switch block {
    case .paragraph(let text):
      element("p", text: text)
    case .table(let table):
      self.table(table)
    case .chart(let chart):
      element("figure", [.init("id", identifier(chart.name))]) { markup in
        markup.chart(chart, standsAlone: false)
        markup.lineBreak()
        markup.figureCaption(chart.title, chart.caption)
      }
    case .images(let grid):
      element("figure", [.init("id", identifier(grid.name))]) { markup in
        markup.images(grid)
        markup.figureCaption(grid.title, grid.caption)
      }
    }
    lineBreak()
  }

  private mutating func figureCaption(_ title: String, _ caption: String) {
    element("figcaption") { markup in
      markup.element("strong", text: title)
      if !caption.isEmpty { markup.write(" " + caption) }
    }
  }

  private mutating func images(_ grid: ImageGrid) {
    let columns = grid.columns.map { "grid-template-columns:repeat(\($0),minmax(0,7rem))" }
    element("ul", [.init("class", "grid"), .init("style", columns)]) { markup in
      for entry in grid.entries {
        markup.lineBreak()
        guard let image = entry.image else {
          markup.empty("li", [.init("aria-hidden", "true")])
          continue
        }
        markup.element("li") { markup in
          markup.empty(
            "img",
            [
              .init("src", "data:image/png;base64," + Base64.encode(PNG.encode(image))),
              .init("alt", entry.alternative),
              .init("width", String(image.width)), .init("height", String(image.height)),
            ])
          markup.element("span", [.init("title", entry.label)], text: entry.label)
          if !entry.detail.isEmpty {
            markup.element(
              "span", [.init("class", "detail"), .init("title", entry.detail)], text: entry.detail)
          }
        }
      }
    }
    lineBreak()
  }
}
