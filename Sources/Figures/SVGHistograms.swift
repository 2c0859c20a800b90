extension Drawing {
  mutating func draw(_ chart: HistogramChart) {
    let count = max(1, chart.series.count)
    // Three side by side where their names fit.
    let longest = chart.series.map { Lettering.width($0.name, size: Self.textSize) }.max() ?? 0
    let columns = count == 1 ? 1 : count <= 4 || longest > width * 0.28 ? 2 : 3
    let rows = (count + columns - 1) / columns
    var y = Scale(
      chart.y, data: chart.series.flatMap(\.counts) + [0], fitsTicks: true, tickCount: columns == 1 ? 5 : 3)
    var x = Scale(chart.x, data: chart.edges, fitsTicks: false, tickCount: columns == 1 ? 10 : 5)

    let left = Self.labelWidth(y)
    let gap = 20.0
    let panel = (
      width: (width - left - 14 - gap * Double(columns - 1)) / Double(columns),
      height: [200.0, 120, 92][columns - 1]
    )
    let isTitled = chart.series.count > 1
    let rowHeight = panel.height + (isTitled ? 36 : 0)
    let top = isTitled ? 46.0 : 30
    let bottom = top + Double(rows - 1) * rowHeight + panel.height
    height = bottom + 46

    verticalTitle(chart.y)
    for (i, series) in chart.series.enumerated() {
      let (row, column) = i.quotientAndRemainder(dividingBy: columns)
      x.start = left + Double(column) * (panel.width + gap)
      x.end = x.start + panel.width
      (y.end, y.start) = (top + Double(row) * rowHeight, top + Double(row) * rowHeight + panel.height)
      if isTitled {
        text(series.name, x: x.start, y: y.end - 7, style: "panel", limit: panel.width, size: Self.textSize)
      }
      verticalAxis(y, from: x.start, to: x.end, hasLabels: column == 0)
      bins(chart.edges, series.counts, x, y)
      horizontalAxis(x, y: y.start, hasLabels: i + columns >= chart.series.count)
    }
    if chart.series.isEmpty { notice(x: width / 2, y: (top + bottom) / 2) }
    horizontalTitle(chart.x, from: left, to: width - 14, y: bottom + 38)
  }

  /// The bins of one histogram as one outline.
  private mutating func bins(_ edges: [Double], _ counts: [Double], _ x: Scale, _ y: Scale) {
    var outline: [(command: Character, x: Double, y: Double)] = []
    for (bin, count) in counts.enumerated() where y.contains(count) && count != 0 {
      guard x.contains(edges[bin]), x.contains(edges[bin + 1]) else { continue }
      var (start, end) = (x.position(edges[bin]), x.position(edges[bin + 1]))
      // Bars of some width stand apart.
      if end - start > 4 { (start, end) = (start + 0.5, end - 0.5) }
      let (base, height) = (y.position(0), y.position(count))
      outline += [
        ("M", start, base), ("L", start, height), ("L", end, height), ("L", end, base), ("Z", 0, 0),
      ]
    }
    if outline.isEmpty {
      notice(x: (x.start + x.end) / 2, y: (y.start + y.end) / 2)
    } else {
      path(outline, style: "area s1")
    }
  }
}
