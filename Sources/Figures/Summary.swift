extension Chart {
  /// The chart in words, for those who do not see it: its kind, its axes, and where each series begins and ends.
  var summary: String {
    let words = content.summary
    return caption.isEmpty ? words : caption + " " + words
  }
}

extension Chart.Content {
  fileprivate var summary: String {
    switch self {
    case .lines(let chart): chart.summary
    case .bars(let chart): chart.summary
    case .histograms(let chart): chart.summary
    case .density(let chart): chart.summary
    case .scatter(let chart): chart.summary
    case .heatMap(let chart): chart.summary
    case .panels(let panels): panels.map { "\($0.name). \($0.content.summary)" }.joined(separator: " ")
    }
  }
}

extension LineChart {
  fileprivate var summary: String {
    let lines = series.map { series in
      let drawn = series.points.filter { $0.x.isFinite && $0.y.value.isFinite }
      guard let first = drawn.first, let last = drawn.last else { return "\(series.name): no values." }
      let start = "\(series.name): \(Numerals.short(first.y.value)) at \(place(first.x))"
      return drawn.count == 1 ? start + "." : start + ", \(Numerals.short(last.y.value)) at \(place(last.x))."
    }
    return (["Line chart of \(y.title) against \(x.title)."] + lines).joined(separator: " ")
  }

  private func place(_ x: Double) -> String {
    if case .ordinal(let names) = self.x.scale, let index = Int(exactly: x), names.indices.contains(index) {
      return names[index]
    }
    return Numerals.short(x)
  }
}

extension BarChart {
  fileprivate var summary: String {
    let bars = series.map { series in
      let values = zip(categories, series.values).map { category, estimate in
        "\(category) \(estimate.value.isFinite ? Numerals.short(estimate.value) : "no value")"
      }
      return "\(series.name): \(values.joined(separator: ", "))."
    }
    return (["Bar chart of \(value.title)."] + bars).joined(separator: " ")
  }
}

extension HistogramChart {
  fileprivate var summary: String {
    let histograms = series.map { series in
      let counts = series.counts.enumerated().filter { $0.element.isFinite }
      guard let highest = counts.max(by: { $0.element < $1.element }) else {
        return "\(series.name): no values."
      }
      let bin = [edges[highest.offset], edges[highest.offset + 1]].map(Numerals.short)
      return "\(series.name): highest, \(Numerals.short(highest.element)), from \(bin[0]) to \(bin[1])."
    }
    return (["Histogram of \(x.title) in \(edges.count - 1) bins."] + histograms).joined(separator: " ")
  }
}

extension DensityChart {
  fileprivate var summary: String {
    let kind =
      "Joint histogram of \(y.title) against \(x.title) in \(yEdges.count - 1) by \(xEdges.count - 1) bins."
    let columns = xEdges.count - 1
    guard let highest = counts.enumerated().max(by: { $0.element < $1.element }) else { return kind }
    let (row, column) = highest.offset.quotientAndRemainder(dividingBy: columns)
    let ends = [xEdges[column], xEdges[column + 1], yEdges[row], yEdges[row + 1]].map(Numerals.short)
    return kind + " Highest, \(highest.element), at \(x.title) from \(ends[0]) to \(ends[1])"
      + " and \(y.title) from \(ends[2]) to \(ends[3])."
  }
}

extension ScatterChart {
  fileprivate var summary: String {
    let groups = series.map { series in
      let points = series.points.filter { $0.x.value.isFinite && $0.y.value.isFinite }.map {
        "\($0.name) \(Numerals.short($0.y.value)) at \(Numerals.short($0.x.value))"
      }
      return "\(series.name): \(points.isEmpty ? "no values" : points.joined(separator: ", "))."
    }
    return (["Points of \(y.title) against \(x.title)."] + groups).joined(separator: " ")
  }
}

extension HeatMapChart {
  fileprivate var summary: String {
    let lines = rows.enumerated().map { i, row in
      let fields = columns.enumerated().map { j, column in
        let value = values[i * columns.count + j]
        return "\(column) \(value.isFinite ? Numerals.people(value, digits: digits) : "no value")"
      }
      return "\(row): \(fields.joined(separator: ", "))."
    }
    return (["Heat map of \(unit), \(rowTitle) by \(columnTitle)."] + lines).joined(separator: " ")
  }
}
