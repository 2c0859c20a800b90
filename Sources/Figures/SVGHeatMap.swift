extension Drawing {
  mutating func draw(_ chart: HeatMapChart) {
    let size = Self.smallSize
    let names = chart.rows.map { Lettering.width($0, size: size) }.max() ?? 0
    let left = min(width * 0.35, max(names, 20)) + 10
    let columns = Double(max(1, chart.columns.count))
    let field = min(84, (width - left - 8) / columns)
    // Names that do not fit over their columns are tilted.
    let longest = chart.columns.map { Lettering.width($0, size: size) }.max() ?? 0
    let isTilted = longest > field - 4
    let head = isTilted ? min(TickLayout.longest, longest) * 0.58 + 14 : 16
    let (row, top) = (24.0, 38 + head)
    let bottom = top + row * Double(max(1, chart.rows.count))
    height = bottom + 26

    verticalTitle(Axis(chart.rowTitle))
    text(
      chart.columnTitle, x: left, y: 32, style: "title", limit: width - left, size: Self.textSize)
    for (j, column) in chart.columns.enumerated() {
      let middle = left + (Double(j) + 0.5) * field
      if isTilted {
        text(column, x: middle - 2, y: top - 6, style: "tick", limit: TickLayout.longest, tilt: TickLayout.tilt)
      } else {
        text(column, x: middle, y: top - 7, style: "tick", anchor: .middle)
      }
    }
    let most = chart.values.filter(\.isFinite).map(\.magnitude).max() ?? 0
    for (i, name) in chart.rows.enumerated() {
      let y = top + Double(i) * row
      text(name, x: left - 8, y: y + row / 2 + 4.2, style: "label", anchor: .end, limit: left - 10)
      for j in chart.columns.indices {
        let value = chart.values[i * chart.columns.count + j]
        let x = left + Double(j) * field
        if value.isFinite, most > 0 {
          let (right, low) = (x + field - 1, y + row - 1)
          path(
            [("M", x, y), ("L", right, y), ("L", right, low), ("L", x, low), ("Z", 0, 0)],
            style: "area \(Self.style(value < 0 ? 1 : 0))", opacity: value.magnitude / most * Self.strongest)
        }
        let shown = value.isFinite ? Numerals.people(value, digits: chart.digits) : "–"
        text(shown, x: x + field / 2, y: y + row / 2 + 4.2, style: "label", anchor: .middle, limit: field - 2)
      }
    }
    if chart.rows.isEmpty || chart.columns.isEmpty { notice(x: width / 2, y: top + 14) }
    text(chart.unit, x: left, y: bottom + 17, style: "muted", limit: width - left)
  }

  /// Of the shades, so that text keeps its contrast on them, on light and dark paper.
  private static let strongest = 0.45
}
