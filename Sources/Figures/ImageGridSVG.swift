extension SVG {
  /// A file that stands alone: the grid's title, then rows of images, each a PNG inside, with its label and detail under it.
  public static func render(_ grid: ImageGrid) -> String {
    var markup = Markup()
    markup.grid(grid, columns: max(1, min(grid.columns ?? 4, grid.entries.count)))
    return markup.text + "\n"
  }
}

extension Markup {
  fileprivate mutating func grid(_ grid: ImageGrid, columns: Int) {
    // Wide enough for a score with its interval and an example's number.
    let (size, margin, gap, cell) = (Drawing.smallSize, 8.0, 12.0, 160.0)
    // Pixels are shown as whole numbers of the drawing's.
    let largest = grid.entries.compactMap(\.image).map { max($0.width, $0.height) }.max() ?? 1
    let side = largest > Int(cell) ? cell : Double(Int(cell) / largest * largest)
    let line = size * 1.35
    // Under each image two lines of text, which are cut at the cell's width.
    let step = side + 2 * line + gap
    var drawing = Drawing(width: max(Drawing.leastWidth, 2 * margin + Double(columns) * (cell + gap) - gap))
    let top = margin + Drawing.textSize * 1.8
    drawing.height = top + Double((grid.entries.count + columns - 1) / columns) * step
    drawing.text(
      grid.title, x: margin, y: margin + Drawing.textSize, style: "panel", limit: drawing.width - 2 * margin,
      size: Drawing.textSize)
    for (i, entry) in grid.entries.enumerated() {
      let (x, y) = (margin + Double(i % columns) * (cell + gap), top + Double(i / columns) * step)
      guard let image = entry.image else { continue }
      drawing.markup.picture(image, entry.alternative, x: x, y: y, side: side)
      drawing.text(entry.label, x: x, y: y + side + line, style: "name", limit: cell, size: size)
      drawing.text(entry.detail, x: x, y: y + side + 2 * line, style: "tick", limit: cell, size: size)
    }
    svg(drawing, name: grid.name, title: grid.title, description: grid.caption, isPixelated: true)
  }

  private mutating func picture(_ image: RGBImage, _ alternative: String, x: Double, y: Double, side: Double) {
    let attributes: [Attribute] = [
      .init("x", x), .init("y", y), .init("width", side), .init("height", side),
      .init("href", "data:image/png;base64," + Base64.encode(PNG.encode(image))),
    ]
    element("image", attributes) { $0.element("title", text: alternative) }
    lineBreak()
  }
}
