extension Drawing {
  mutating func draw(_ chart: ScatterChart) {
    let points = chart.series.flatMap(\.points)
    var y = Scale(
      chart.y, data: points.flatMap { [$0.y.value, $0.y.lower, $0.y.upper] }, fitsTicks: true, tickCount: 5)
    var x = Scale(
      chart.x, data: points.flatMap { [$0.x.value, $0.x.lower, $0.x.upper] }, fitsTicks: false, tickCount: 7)
    if case .ordinal = chart.x.scale {} else { x.pad(0.03) }
    x.start = Self.labelWidth(y)
    x.end = width - 16
    let key = chart.series.count > 1 ? 24.0 : 0
    let top = 30.0 + key
    let bottom = top + width * 0.5
    (y.start, y.end) = (bottom, top)
    let layout = Self.layout(x)
    height = bottom + layout.depth + 26

    verticalTitle(chart.y)
    if chart.series.count > 1 { names(chart.series.map(\.name), y: 34) }
    verticalAxis(y, from: x.start, to: x.end)
    horizontalAxis(x, y: bottom, layout: layout)
    horizontalTitle(chart.x, from: x.start, to: x.end, y: bottom + layout.depth + 18)

    var bars: [Box] = []
    var marks: [(name: String, x: Double, y: Double)] = []
    for (series, group) in chart.series.enumerated() {
      let shown = group.points.filter { x.contains($0.x.value) && y.contains($0.y.value) }
      for point in shown { bars += whiskers(point, series, x, y) }
      for point in shown {
        let place = (x.position(point.x.value), y.position(point.y.value))
        marker(series, x: place.0, y: place.1)
        marks.append((point.name, place.0, place.1))
      }
    }
    if marks.isEmpty { notice(x: (x.start + x.end) / 2, y: (top + bottom) / 2) }
    label(marks, clearOf: bars, within: (x.start, x.end, top, bottom))
  }

  /// The series' names with their marks, in one line.
  private mutating func names(_ names: [String], y: Double) {
    var x = 4.0
    let share = width / Double(max(1, names.count)) - 26
    for (series, name) in names.enumerated() {
      marker(series, x: x + 3, y: y)
      text(name, x: x + 12, y: y + 4.2, style: "label", limit: share)
      x += min(share, Lettering.width(name, size: Self.smallSize)) + 26
    }
  }

  /// Both intervals of a point, and the room that they take.
  private mutating func whiskers(_ point: ScatterChart.Point, _ series: Int, _ x: Scale, _ y: Scale) -> [Box] {
    let (px, py) = (x.position(point.x.value), y.position(point.y.value))
    let style = "bar \(Self.style(series))"
    var taken: [Box] = []
    if x.contains(point.x.lower), x.contains(point.x.upper) {
      let (low, high) = (x.position(point.x.lower), x.position(point.x.upper))
      line(low, py, high, py, style: style)
      taken.append((low, high, py - 1, py + 1))
    }
    if y.contains(point.y.lower), y.contains(point.y.upper) {
      let (low, high) = (y.position(point.y.lower), y.position(point.y.upper))
      line(px, low, px, high, style: style)
      taken.append((px - 1, px + 1, high, low))
    }
    return taken
  }

  private typealias Box = (left: Double, right: Double, top: Double, bottom: Double)

  /// A name beside each mark: to its right, its left, above or below, where it touches no mark, no interval and no
  /// other name. A name that stands beside another series' point already, or for which there is no room, is left out; the
  /// chart's description has it.
  private mutating func label(
    _ marks: [(name: String, x: Double, y: Double)], clearOf bars: [Box], within plot: Box
  ) {
    func touch(_ a: Box, _ b: Box) -> Bool {
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    }
    var taken: [Box] = bars + marks.map { ($0.x - 5, $0.x + 5, $0.y - 5, $0.y + 5) }
    var named: Set<String> = []
    for mark in marks where !mark.name.isEmpty && !named.contains(mark.name) {
      let size = Self.smallSize
      let shown = Lettering.fitted(mark.name, width: 120, size: size)
      let length = Lettering.width(shown, size: size)
      let places: [(x: Double, y: Double, anchor: Anchor)] = [
        (mark.x + 8, mark.y + 4.2, .start), (mark.x - 8, mark.y + 4.2, .end), (mark.x, mark.y - 8, .middle),
        (mark.x, mark.y + 17, .middle), (mark.x + 6, mark.y - 6, .start), (mark.x - 6, mark.y - 6, .end),
        (mark.x + 6, mark.y + 14, .start), (mark.x - 6, mark.y + 14, .end),
      ]
      for place in places {
        let left =
          switch place.anchor {
          case .start: place.x
          case .middle: place.x - length / 2
          case .end: place.x - length
          }
        let box: Box = (left, left + length, place.y - size * 0.8, place.y + size * 0.25)
        guard box.left >= plot.left, box.right <= width, box.top >= plot.top - 8, box.bottom <= plot.bottom,
          !taken.contains(where: { touch($0, box) })
        else { continue }
        text(mark.name, x: place.x, y: place.y, style: "label", anchor: place.anchor, limit: 120)
        taken.append(box)
        named.insert(mark.name)
        break
      }
    }
  }
}
