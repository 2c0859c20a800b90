extension Drawing {
  /// Charts two a row, each under its name and as it would be drawn alone at that width.
  mutating func draw(_ panels: [Chart.Panel]) {
    let gap = 24.0
    let columns = 2
    let each = max(Self.leastWidth, (width - gap * Double(columns - 1)) / Double(columns))
    var top = 0.0
    for start in stride(from: 0, to: panels.count, by: columns) {
      var tallest = 0.0
      for (i, panel) in panels[start..<min(panels.count, start + columns)].enumerated() {
        var drawing = Drawing(width: each)
        drawing.draw(panel.content)
        tallest = max(tallest, drawing.height)
        let left = Double(i) * (each + gap)
        text(panel.name, x: left, y: top + 13, style: "panel", limit: each, size: Self.textSize)
        let place = "\(Numerals.coordinate(left)) \(Numerals.coordinate(top + 22))"
        markup.element("g", [.init("transform", "translate(\(place))")]) { $0.append(drawing.markup) }
        markup.lineBreak()
      }
      top += tallest + 40
    }
    height = max(top - 16, 40)
    if panels.isEmpty { notice(x: width / 2, y: 20) }
  }
}
