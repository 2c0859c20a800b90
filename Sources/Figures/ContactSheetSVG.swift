extension SVG {
  /// A file that stands alone: each row with its name before it, each picture a PNG inside.
  public static func render(_ sheet: ContactSheet) -> String {
    var markup = Markup()
    markup.sheet(sheet)
    return markup.text + "\n"
  }
}

extension Markup {
  fileprivate mutating func sheet(_ sheet: ContactSheet) {
    let size = Drawing.smallSize
    let margin = 8.0
    let names = min(180, sheet.rows.map { Lettering.width($0.name, size: size) }.max() ?? 0)
    // Small pictures are shown at a multiple of their size, so that their pixels stay sharp.
    let scale = Double(max(1, 64 / max(sheet.width, sheet.height)))
    let (width, height) = (Double(sheet.width) * scale, Double(sheet.height) * scale)
    let gap = Double(ContactSheet.gap) * scale
    // A line of text is higher than the lowest of pictures.
    let step = max(height + gap, size * 1.3)
    let left = names + 2 * margin
    var drawing = Drawing(width: max(240, left + Double(sheet.columns) * (width + gap) - gap + margin))
    drawing.height = 2 * margin + Double(sheet.rows.count) * step - gap
    for (r, row) in sheet.rows.enumerated() {
      let top = margin + Double(r) * step
      drawing.text(
        row.name, x: left - margin, y: top + height / 2 + size * 0.35, style: "name", anchor: .end, limit: names,
        size: size)
      for (c, entry) in row.entries.enumerated() {
        drawing.markup.picture(
          entry, x: left + Double(c) * (width + gap), y: top, width: width, height: height)
      }
    }

    let box = "0 0 \(Numerals.coordinate(drawing.width)) \(Numerals.coordinate(drawing.height))"
    let title = identifier("sheet-title")
    // A size of its own: with a view box alone, browsers would shrink hundreds of rows into one window.
    let attributes: [Attribute] = [
      .init("xmlns", "http://www.w3.org/2000/svg"), .init("class", "rote"), .init("viewBox", box),
      .init("width", drawing.width), .init("height", drawing.height), .init("role", "img"),
      .init("aria-labelledby", title), .init("image-rendering", scale > 1 ? "pixelated" : nil),
    ]
    element("svg", attributes) { markup in
      markup.lineBreak()
      markup.element("title", [.init("id", title)], text: sheet.title)
      markup.lineBreak()
      markup.element("style") { $0.literal(Stylesheet.chart) }
      markup.empty("rect", [.init("class", "paper"), .init("width", drawing.width), .init("height", drawing.height)])
      markup.lineBreak()
      markup.append(drawing.markup)
    }
  }

  private mutating func picture(_ entry: ContactSheet.Entry, x: Double, y: Double, width: Double, height: Double) {
    let attributes: [Attribute] = [
      .init("x", x), .init("y", y), .init("width", width), .init("height", height),
      .init("href", "data:image/png;base64," + Base64.encode(PNG.encode(entry.image))),
    ]
    element("image", attributes) { $0.element("title", text: entry.note) }
    lineBreak()
  }
}
