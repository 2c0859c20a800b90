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
    var drawing = Drawing(width: max(Drawing.leastWidth, left + Double(sheet.columns) * (width + gap) - gap + margin))
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
    svg(drawing, name: "sheet", title: sheet.title, isPixelated: scale > 1)
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
