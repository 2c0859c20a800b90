#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Drawing {
  /// Shades are few, so that bins of one shade are one path and the key can show each.
  private static let shades = 12

  mutating func draw(_ chart: DensityChart) {
    var y = Scale(chart.y, data: chart.yEdges, fitsTicks: false, tickCount: 5)
    var x = Scale(chart.x, data: chart.xEdges, fitsTicks: false, tickCount: 5)
    let side = width * 0.62
    let top = 30.0
    (x.start, x.end) = (Self.labelWidth(y), Self.labelWidth(y) + side)
    (y.end, y.start) = (top, top + side)
    height = y.start + 46

    verticalTitle(chart.y)
    verticalAxis(y, from: x.start, to: x.end)
    bins(chart, x, y)
    if chart.hasDiagonal {
      let (low, high) = (max(x.low, y.low), min(x.high, y.high))
      if chart.x.scale == .linear, chart.y.scale == .linear, low < high {
        line(x.position(low), y.position(low), x.position(high), y.position(high), style: "diagonal")
      }
    }
    horizontalAxis(x, y: y.start)
    horizontalTitle(chart.x, from: x.start, to: x.end, y: y.start + 38)
    key(chart, x: x.end + 28, top: top)
  }

  private mutating func bins(_ chart: DensityChart, _ x: Scale, _ y: Scale) {
    let most = chart.counts.max() ?? 0
    let columns = chart.xEdges.count - 1
    var outlines = [[(command: Character, x: Double, y: Double)]](repeating: [], count: Self.shades + 1)
    for (i, count) in chart.counts.enumerated() where count > 0 {
      let (row, column) = i.quotientAndRemainder(dividingBy: columns)
      let horizontal = (chart.xEdges[column], chart.xEdges[column + 1])
      let vertical = (chart.yEdges[row], chart.yEdges[row + 1])
      guard x.contains(horizontal.0), x.contains(horizontal.1), y.contains(vertical.0), y.contains(vertical.1)
      else { continue }
      let (left, right) = (x.position(horizontal.0), x.position(horizontal.1))
      let (bottom, top) = (y.position(vertical.0), y.position(vertical.1))
      outlines[Self.shade(count, most: most)] += [
        ("M", left, bottom), ("L", left, top), ("L", right, top), ("L", right, bottom), ("Z", 0, 0),
      ]
    }
    for (shade, outline) in outlines.enumerated() where !outline.isEmpty {
      path(outline, style: "area s1", opacity: Self.opacity(shade))
    }
    if most == 0 { notice(x: (x.start + x.end) / 2, y: (y.start + y.end) / 2) }
  }

  /// The shades from the most down to one, with the counts at round places beside them.
  private mutating func key(_ chart: DensityChart, x: Double, top: Double) {
    let most = chart.counts.max() ?? 0
    guard most > 0 else { return }
    text(chart.unit, x: x, y: top + 9, style: "label", limit: width - x)
    let (start, step) = (top + 20, 11.0)
    for shade in 1...Self.shades {
      let y = start + Double(Self.shades - shade) * step
      path(
        [("M", x, y), ("L", x + 14, y), ("L", x + 14, y + step), ("L", x, y + step), ("Z", 0, 0)],
        style: "area s1", opacity: Self.opacity(shade))
    }
    var counts = [most, 1]
    var power = 10
    while power <= most / 10 {
      counts.append(power)
      power *= 10
    }
    if power < most { counts.append(power) }
    // The ends first; of the powers of ten between them those that keep clear.
    var places: [Double] = []
    for count in counts {
      let place = start + (Double(Self.shades - Self.shade(count, most: most)) + 0.5) * step
      if places.contains(where: { ($0 - place).magnitude < 13 }) { continue }
      places.append(place)
      text(Numerals.people(count), x: x + 20, y: place + 4.2, style: "tick", limit: width - x - 20)
    }
  }

  /// The shade of a count: 1 … `shades`, evenly over the logarithm of 1 + count.
  private static func shade(_ count: Int, most: Int) -> Int {
    max(1, Int((log1p(Double(count)) / log1p(Double(most)) * Double(shades)).rounded()))
  }

  private static func opacity(_ shade: Int) -> Double { 0.08 + 0.92 * Double(shade) / Double(shades) }
}
