extension Drawing {
  /// How the labels of a horizontal axis are set so that none touches another.
  struct TickLayout {
    let ticks: [Scale.Tick]
    let isTilted: Bool
    /// The room below the axis, down to the lowest label.
    let depth: Double

    static let tilt = -35.0
    static let longest = 118.0
  }

  /// Keeps the labels that fit side by side; names that do not are tilted, since none of them can be spared.
  static func layout(_ scale: Scale) -> TickLayout {
    let visible = visible(scale)
    let kept = level(scale)
    guard case .ordinal = scale.axis.scale, kept.count < visible.count else {
      return TickLayout(ticks: kept, isTilted: false, depth: 20)
    }
    let tilted = apart(visible, by: 0) { (scale.position($0.value), smallSize * 0.85) }
    let longest =
      tilted.map { min(TickLayout.longest, Lettering.width($0.label, size: smallSize)) }.max() ?? 0
    return TickLayout(ticks: tilted, isTilted: true, depth: 20 + longest * 0.58)
  }

  /// The ticks whose labels fit side by side. Round ticks are made fewer, so that they stay evenly apart.
  private static func level(_ scale: Scale) -> [Scale.Tick] {
    let own = spaced(scale)
    if own.count == visible(scale).count { return own }
    for count in (2...6).reversed() {
      guard let coarser = scale.withTicks(count) else { break }
      let ticks = spaced(coarser)
      if ticks.count == visible(coarser).count { return ticks }
    }
    return own
  }

  private static func spaced(_ scale: Scale) -> [Scale.Tick] {
    apart(visible(scale), by: 10) { tick in
      (scale.position(tick.value), Lettering.width(tick.label, size: smallSize) / 2)
    }
  }

  private static func visible(_ scale: Scale) -> [Scale.Tick] {
    scale.ticks.filter { tick in
      let x = scale.position(tick.value)
      return x >= scale.start - 0.01 && x <= scale.end + 0.01
    }
  }

  /// The ticks, from the first on, whose extents keep a distance.
  private static func apart(
    _ ticks: [Scale.Tick], by gap: Double, extent: (Scale.Tick) -> (middle: Double, half: Double)
  ) -> [Scale.Tick] {
    func clear(_ a: Scale.Tick, _ b: Scale.Tick) -> Bool {
      extent(b).middle - extent(b).half - extent(a).middle - extent(a).half >= gap
    }
    var kept: [Scale.Tick] = []
    for tick in ticks {
      if let last = kept.last, !clear(last, tick) { continue }
      kept.append(tick)
    }
    return kept
  }

  /// The axis below a plot: a line, ticks, and labels set as `layout` says.
  mutating func horizontalAxis(_ scale: Scale, y: Double, layout: TickLayout? = nil, hasLabels: Bool = true) {
    let layout = layout ?? Self.layout(scale)
    line(scale.start, y, scale.end, y, style: "axis")
    for tick in layout.ticks {
      let x = scale.position(tick.value)
      line(x, y, x, y + 4, style: "axis")
      guard hasLabels else { continue }
      if layout.isTilted {
        text(
          tick.label, x: x + 4, y: y + 15, style: "tick", anchor: .end, limit: TickLayout.longest,
          tilt: TickLayout.tilt)
      } else {
        let half = Lettering.width(tick.label, size: Self.smallSize) / 2
        text(
          tick.label, x: min(max(x, half), width - half), y: y + 18, style: "tick", anchor: .middle)
      }
    }
  }

  /// Horizontal grid lines across a plot, with their labels at the left where asked for.
  mutating func verticalAxis(_ scale: Scale, from left: Double, to right: Double, hasLabels: Bool = true) {
    for tick in scale.ticks {
      let y = scale.position(tick.value)
      guard y >= scale.end - 0.01, y <= scale.start + 0.01 else { continue }
      line(left, y, right, y, style: tick.value == 0 ? "zero" : "grid")
      if hasLabels {
        text(tick.label, x: left - 7, y: y + 4.2, style: "tick", anchor: .end, limit: 90)
      }
    }
  }

  /// The title of a vertical axis, level at the top of the plot, where it is read first.
  mutating func verticalTitle(_ axis: Axis) {
    text(axis.title, x: 0, y: 13, style: "title", limit: width, size: Self.textSize)
  }

  /// The title of a horizontal axis, under the middle of it.
  mutating func horizontalTitle(_ axis: Axis, from left: Double, to right: Double, y: Double) {
    // Wider titles than the axis move to the middle of the chart.
    let half = min(width, Lettering.width(axis.title, size: Self.textSize)) / 2
    let middle = min(max((left + right) / 2, half), width - half)
    text(axis.title, x: middle, y: y, style: "title", anchor: .middle, limit: width, size: Self.textSize)
  }

  /// The room that the labels of a vertical axis take.
  static func labelWidth(_ scale: Scale) -> Double {
    min(90, scale.ticks.map { Lettering.width($0.label, size: smallSize) }.max() ?? 0) + 8
  }
}
