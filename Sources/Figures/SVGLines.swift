extension Drawing {
  mutating func draw(_ chart: LineChart) {
    let points = chart.series.flatMap(\.points)
    var y = Scale(
      chart.y, data: points.flatMap { [$0.y.value, $0.y.lower, $0.y.upper] }, fitsTicks: true, tickCount: 5)
    var x = Scale(chart.x, data: points.map(\.x), fitsTicks: false, tickCount: 7)
    if case .ordinal = chart.x.scale {} else { x.pad(0.03) }

    // The plot takes what the labels leave.
    let isLabelled = chart.series.count > 1
    let names = chart.series.map { Lettering.width($0.name, size: Self.smallSize) }.max() ?? 0
    let gutter = isLabelled ? min(width * 0.36, names) + 30 : 16
    x.start = Self.labelWidth(y)
    x.end = width - gutter
    var layout = Self.layout(x)
    if layout.isTilted, let first = layout.ticks.first {
      // A tilted name reaches to the left of its tick.
      let reach = min(TickLayout.longest, Lettering.width(first.label, size: Self.smallSize)) * 0.82
      x.start = max(x.start, min(width * 0.3, reach - (x.position(first.value) - x.start)))
      layout = Self.layout(x)
    }
    let top = chart.y.title.isEmpty ? 10.0 : 30
    let bottom = top + max(width * 0.45, Double(chart.series.count) * 16)
    (y.start, y.end) = (bottom, top)
    height = bottom + layout.depth + 26

    if !chart.y.title.isEmpty { verticalTitle(chart.y) }
    verticalAxis(y, from: x.start, to: x.end)
    horizontalAxis(x, y: bottom, layout: layout)
    horizontalTitle(chart.x, from: x.start, to: x.end, y: bottom + layout.depth + 18)

    let strokes = chart.series.map { series in
      series.points.split { !(x.contains($0.x) && y.contains($0.y.value)) }
    }
    if strokes.allSatisfy(\.isEmpty) { notice(x: (x.start + x.end) / 2, y: (top + bottom) / 2) }
    if isLabelled { labels(chart.series.map(\.name), strokes, x, y) }
    for (series, segments) in strokes.enumerated() {
      for segment in segments { intervals(chart.intervals, series, segment, x, y) }
    }
    for (series, segments) in strokes.enumerated() {
      for segment in segments {
        path(
          segment.enumerated().map { i, point in
            (i == 0 ? "M" : "L", x.position(point.x), y.position(point.y.value))
          }, style: "line \(Self.style(series))\(series >= 7 ? " dashed" : "")")
      }
      // Past so many points the marks would hide the line.
      let isMarked = segments.reduce(0) { $0 + $1.count } <= 20
      for point in segments.joined() where isMarked || segments.contains(where: { $0.count == 1 }) {
        marker(series, x: x.position(point.x), y: y.position(point.y.value))
      }
    }
  }

  private mutating func intervals(
    _ kind: LineChart.Intervals, _ series: Int, _ segment: ArraySlice<LineChart.Point>, _ x: Scale, _ y: Scale
  ) {
    let bounded = segment.filter { y.contains($0.y.lower) && y.contains($0.y.upper) }
    if kind == .bands && bounded.count > 1 {
      let upper = bounded.map { (command: Character("L"), x: x.position($0.x), y: y.position($0.y.upper)) }
      let lower = bounded.reversed().map {
        (command: Character("L"), x: x.position($0.x), y: y.position($0.y.lower))
      }
      var outline = upper + lower + [("Z", 0, 0)]
      outline[0].command = "M"
      path(outline, style: "band \(Self.style(series))")
      return
    }
    for point in bounded {
      let place = x.position(point.x)
      let (low, high) = (y.position(point.y.lower), y.position(point.y.upper))
      path(
        [
          ("M", place - 3, high), ("L", place + 3, high), ("M", place, high), ("L", place, low),
          ("M", place - 3, low), ("L", place + 3, low),
        ], style: "bar \(Self.style(series))")
    }
  }

  /// Names at the ends of lines, moved apart where they would touch, each tied to its line's last point.
  private mutating func labels(
    _ names: [String], _ strokes: [[ArraySlice<LineChart.Point>]], _ x: Scale, _ y: Scale
  ) {
    let ends = strokes.map { $0.last?.last }
    let wanted = ends.map { $0.map { y.position($0.y.value) } ?? y.start }
    let places = Lettering.spread(wanted, gap: 16, within: (y.end + 2)...(y.start - 2))
    let left = x.end + 22
    for (series, name) in names.enumerated() {
      if let end = ends[series] {
        let from = (x: x.position(end.x), y: y.position(end.y.value))
        path(
          [("M", from.x, from.y), ("L", x.end + 6, places[series]), ("L", left - 4, places[series])],
          style: "leader \(Self.style(series))")
      }
      text(
        name, x: left, y: places[series] + 4.2, style: ends[series] == nil ? "muted" : "label",
        limit: width - left)
    }
  }
}
