extension Drawing {
  mutating func draw(_ chart: BarChart) {
    let estimates = chart.series.flatMap(\.values)
    var x = Scale(
      chart.value, data: estimates.flatMap { [$0.value, $0.lower, $0.upper] } + [0], fitsTicks: true,
      tickCount: 6)
    let names = chart.categories.map { Lettering.width($0, size: Self.smallSize) }.max() ?? 0
    x.start = max(10, min(width * 0.42, names) + 10)
    x.end = width - 14

    let thickness = chart.series.count > 1 ? 11.0 : 14
    let row = thickness * Double(max(1, chart.series.count)) + 9
    let top = chart.series.count > 1 ? legend(chart.series.map(\.name)) : 6
    let bottom = top + row * Double(max(1, chart.categories.count)) + 3
    height = bottom + 46

    let layout = Self.layout(x)
    for tick in layout.ticks {
      let place = x.position(tick.value)
      line(place, top, place, bottom, style: "grid")
    }
    for (i, category) in chart.categories.enumerated() {
      let start = top + Double(i) * row + 6
      text(
        category, x: x.start - 9, y: start + (row - 9) / 2 + 4.2, style: "label", anchor: .end,
        limit: x.start - 9)
      for (series, values) in chart.series.enumerated() {
        bar(values.values[i], series, y: start + Double(series) * thickness, thickness: thickness, x)
      }
    }
    if !estimates.contains(where: { x.contains($0.value) }) {
      notice(x: (x.start + x.end) / 2, y: (top + bottom) / 2)
    }
    let zero = x.position(0)
    horizontalAxis(x, y: bottom, layout: layout)
    line(zero, top, zero, bottom, style: "axis")
    horizontalTitle(chart.value, from: x.start, to: x.end, y: bottom + 38)
  }

  private mutating func bar(_ estimate: Estimate, _ series: Int, y: Double, thickness: Double, _ x: Scale) {
    guard x.contains(estimate.value) else { return }
    let (zero, end) = (x.position(0), x.position(estimate.value))
    rectangle(
      x: min(zero, end), y: y + 0.5, width: (end - zero).magnitude, height: thickness - 1,
      style: "area \(Self.style(series))")
    guard x.contains(estimate.lower), x.contains(estimate.upper) else { return }
    let (low, high, middle) = (x.position(estimate.lower), x.position(estimate.upper), y + thickness / 2)
    let whisker: [(command: Character, x: Double, y: Double)] = [
      ("M", low, middle), ("L", high, middle),
      ("M", low, middle - 2.5), ("L", low, middle + 2.5), ("M", high, middle - 2.5),
      ("L", high, middle + 2.5),
    ]
    // A lining of the paper's colour keeps the whisker visible on its own bar.
    path(whisker, style: "lining")
    path(whisker, style: "whisker")
  }

  /// The names of series with their colours, wrapped; returns where the plot may begin.
  private mutating func legend(_ names: [String]) -> Double {
    var (x, y) = (0.0, 3.0)
    for (series, name) in names.enumerated() {
      let needed = min(width - 18, Lettering.width(name, size: Self.smallSize))
      if x > 0 && x + needed + 18 > width { (x, y) = (0, y + 18) }
      rectangle(x: x, y: y, width: 11, height: 11, style: "area \(Self.style(series))")
      text(name, x: x + 17, y: y + 10, style: "label", limit: width - 18)
      x += needed + 36
    }
    return y + 22
  }
}
