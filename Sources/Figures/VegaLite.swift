import ToolKit

/// Charts as specifications of Vega-Lite 5 with their data in them, for notebooks and editors.
public enum VegaLite {
  public static func render(_ chart: Chart) -> String { specification(chart).indented + "\n" }

  static func specification(_ chart: Chart) -> JSON {
    var members = of(chart.content)
    members["$schema"] = .string("https://vega.github.io/schema/vega-lite/v5.json")
    members["title"] = .string(chart.title)
    members["description"] = .string(chart.caption)
    return .object(members)
  }

  private static func of(_ content: Chart.Content) -> [String: JSON] {
    switch content {
    case .lines(let lines): of(lines)
    case .bars(let bars): of(bars)
    case .histograms(let histograms): of(histograms)
    case .density(let density): of(density)
    case .scatter(let scatter): of(scatter)
    case .heatMap(let map): of(map)
    case .panels(let panels):
      [
        "columns": .number(2),
        "concat": .array(
          panels.map { .object(of($0.content).merging(["title": .string($0.name)]) { $1 }) }),
        // Each panel has colours and sizes of its own.
        "resolve": .object(["scale": .object(["color": .string("independent")])]),
      ]
    }
  }

  private static func of(_ chart: LineChart) -> [String: JSON] {
    let values = chart.series.flatMap { series in
      series.points.map { point in
        estimate(point.y, ["series": .string(series.name), "x": place(point.x, chart.x)])
      }
    }
    let (x, y) = (channel("x", chart.x), channel("y", chart.y))
    let color = nominal("series", chart.series.map(\.name))
    let ends = ["x": x, "y": quantity("lower", title: chart.y.title), "y2": .object(["field": .string("upper")])]
    let intervals: JSON = .object([
      "mark": chart.intervals == .bands
        ? .object(["type": .string("area"), "opacity": .number(0.16)]) : .object(["type": .string("rule")]),
      "encoding": .object(ends.merging(["color": color]) { $1 }),
    ])
    let line: JSON = .object([
      "mark": .object(["type": .string("line"), "point": .bool(chart.intervals == .bars)]),
      "encoding": .object(["x": x, "y": y, "color": color]),
    ])
    return ["data": data(values), "layer": .array([intervals, line])]
  }

  private static func of(_ chart: BarChart) -> [String: JSON] {
    let values = chart.series.flatMap { series in
      zip(chart.categories, series.values).map { category, value in
        estimate(value, ["series": .string(series.name), "category": .string(category)])
      }
    }
    let names = chart.series.map(\.name)
    let rows: [String: JSON] = [
      "y": nominal("category", unique(chart.categories)), "yOffset": .object(["field": .string("series")]),
    ]
    let bars: JSON = .object([
      "mark": .string("bar"),
      "encoding": .object(
        rows.merging(["x": channel("y", chart.value), "color": nominal("series", names)]) { $1 }),
    ])
    let whiskers: JSON = .object([
      "mark": .string("rule"),
      "encoding": .object(
        rows.merging([
          "x": quantity("lower", title: chart.value.title), "x2": .object(["field": .string("upper")]),
        ]) { $1 }),
    ])
    return ["data": data(values), "layer": .array([bars, whiskers])]
  }

  private static func of(_ chart: HistogramChart) -> [String: JSON] {
    let values = chart.series.flatMap { series in
      series.counts.enumerated().map { i, count in
        JSON.object([
          "series": .string(series.name), "from": JSON(finite: chart.edges[i]), "to": JSON(finite: chart.edges[i + 1]),
          "count": JSON(finite: count),
        ])
      }
    }
    return [
      "data": data(values), "mark": .string("bar"), "height": .number(80),
      "encoding": .object([
        "x": quantity("from", title: chart.x.title), "x2": .object(["field": .string("to")]),
        "y": quantity("count", title: chart.y.title), "row": nominal("series", chart.series.map(\.name)),
      ]),
    ]
  }

  private static func of(_ chart: DensityChart) -> [String: JSON] {
    let columns = chart.xEdges.count - 1
    let values = chart.counts.enumerated().filter { $0.element > 0 }.map { i, count in
      JSON.object([
        "x": JSON(finite: chart.xEdges[i % columns]), "x2": JSON(finite: chart.xEdges[i % columns + 1]),
        "y": JSON(finite: chart.yEdges[i / columns]), "y2": JSON(finite: chart.yEdges[i / columns + 1]),
        "count": .number(Double(count)),
      ])
    }
    return [
      "data": data(values), "mark": .string("rect"),
      "encoding": .object([
        "x": quantity("x", title: chart.x.title), "x2": .object(["field": .string("x2")]),
        "y": quantity("y", title: chart.y.title), "y2": .object(["field": .string("y2")]),
        "color": .object([
          "field": .string("count"), "type": .string("quantitative"), "title": .string(chart.unit),
          "scale": .object(["type": .string("symlog")]),
        ]),
      ]),
    ]
  }

  private static func of(_ chart: ScatterChart) -> [String: JSON] {
    let values = chart.series.flatMap { series in
      series.points.map { point in
        JSON.object([
          "series": .string(series.name), "name": .string(point.name),
          "x": JSON(finite: point.x.value), "x_lower": JSON(finite: point.x.lower),
          "x_upper": JSON(finite: point.x.upper),
          "y": JSON(finite: point.y.value), "y_lower": JSON(finite: point.y.lower),
          "y_upper": JSON(finite: point.y.upper),
        ])
      }
    }
    let (x, y) = (channel("x", chart.x), channel("y", chart.y))
    let color = nominal("series", chart.series.map(\.name))
    func end(_ name: String) -> JSON { .object(["field": .string(name)]) }
    func layer(_ mark: JSON, _ encoding: [String: JSON]) -> JSON {
      .object(["mark": mark, "encoding": .object(encoding)])
    }
    let rule: JSON = .string("rule")
    let layers = [
      layer(rule, ["x": channel("x_lower", chart.x), "x2": end("x_upper"), "y": y, "color": color]),
      layer(rule, ["x": x, "y": channel("y_lower", chart.y), "y2": end("y_upper"), "color": color]),
      layer(.object(["type": .string("point"), "filled": .bool(true)]), ["x": x, "y": y, "color": color]),
      layer(
        .object(["type": .string("text"), "align": .string("left"), "dx": .number(7)]),
        ["x": x, "y": y, "text": .object(["field": .string("name"), "type": .string("nominal")])]),
    ]
    return ["data": data(values), "layer": .array(layers)]
  }

  private static func of(_ chart: HeatMapChart) -> [String: JSON] {
    let values = chart.values.enumerated().map { i, value in
      JSON.object([
        "row": .string(chart.rows[i / chart.columns.count]), "column": .string(chart.columns[i % chart.columns.count]),
        "value": JSON(finite: value),
      ])
    }
    func names(_ field: String, _ title: String, _ names: [String]) -> JSON {
      .object([
        "field": .string(field), "type": .string("nominal"), "title": .string(title),
        "sort": JSON(strings: unique(names)),
      ])
    }
    let places = [
      "y": names("row", chart.rowTitle, chart.rows), "x": names("column", chart.columnTitle, chart.columns),
    ]
    let shade = ["color": quantity("value", title: chart.unit)]
    let text = [
      "text": JSON.object([
        "field": .string("value"), "type": .string("quantitative"), "format": .string(".\(chart.digits)f"),
      ])
    ]
    return [
      "data": data(values),
      "layer": .array([
        .object(["mark": .string("rect"), "encoding": .object(places.merging(shade) { $1 })]),
        .object(["mark": .string("text"), "encoding": .object(places.merging(text) { $1 })]),
      ]),
    ]
  }

  // MARK: Parts

  private static func data(_ values: [JSON]) -> JSON { .object(["values": .array(values)]) }

  private static func estimate(_ estimate: Estimate, _ beside: [String: JSON]) -> JSON {
    .object(
      beside.merging([
        "y": JSON(finite: estimate.value), "lower": JSON(finite: estimate.lower), "upper": JSON(finite: estimate.upper),
      ]) { $1 })
  }

  /// A value on an axis: a name on an ordinal one.
  private static func place(_ value: Double, _ axis: Axis) -> JSON {
    if case .ordinal(let names) = axis.scale, let i = Int(exactly: value), names.indices.contains(i) {
      return .string(names[i])
    }
    return JSON(finite: value)
  }

  private static func channel(_ field: String, _ axis: Axis) -> JSON {
    switch axis.scale {
    case .linear:
      quantity(
        field, title: axis.title, scale: axis.range.map { ["domain": JSON(numbers: [$0.lowerBound, $0.upperBound])] })
    case .logarithmic: quantity(field, title: axis.title, scale: ["type": .string("log")])
    case .ordinal(let names):
      .object([
        "field": .string(field), "type": .string("ordinal"), "title": .string(axis.title), "sort": JSON(strings: names),
      ])
    }
  }

  private static func quantity(_ field: String, title: String, scale: [String: JSON]? = nil) -> JSON {
    var members: [String: JSON] = [
      "field": .string(field), "type": .string("quantitative"), "title": .string(title),
    ]
    members["scale"] = scale.map { .object($0) }
    return .object(members)
  }

  /// Names in the order of the chart.
  private static func nominal(_ field: String, _ names: [String]) -> JSON {
    .object([
      "field": .string(field), "type": .string("nominal"), "title": .null, "sort": JSON(strings: unique(names)),
    ])
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }
}
