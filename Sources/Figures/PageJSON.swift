import ToolKit

/// Tables, charts and pages as JSON, for programs.
///
/// A row is an object by the names of the columns, an interval three members `x`, `x_lower` and `x_upper`, numbers are exact,
/// and what is missing or no finite number is null: docs/report.schema.json.
extension Table {
  public var json: JSON {
    .object([
      "name": .string(name), "title": .string(title), "caption": .string(caption),
      "columns": .array(columns.map(\.json)),
      "rows": .array(
        rows.map { row in
          let members = zip(row, columns).flatMap { cell, column in zip(column.fields, cell.json(column)) }
          return .object(Dictionary(uniqueKeysWithValues: members.map { ($0, $1) }))
        }),
    ])
  }
}

extension Table.Column {
  fileprivate var json: JSON {
    let kind =
      switch kind {
      case .text: "text"
      case .integer: "integer"
      case .number: "number"
      case .interval: "interval"
      }
    return .object([
      "name": .string(name), "heading": .string(heading), "kind": .string(kind),
      "unit": unit.map { .string($0) } ?? .null,
    ])
  }
}

extension Table.Cell {
  /// One a field of the column.
  fileprivate func json(_ column: Table.Column) -> [JSON] {
    switch self {
    case .text(let text): [.string(text)]
    case .integer(let value): [.number(Double(value))]
    case .number(let value): [JSON(finite: value)]
    case .interval(let value, let lower, let upper): [value, lower, upper].map { JSON(finite: $0) }
    case .missing: column.fields.map { _ in .null }
    }
  }
}

extension JSON {
  /// A number, or null where JSON has none.
  init(finite value: Double) { self = value.isFinite ? .number(value) : .null }

  init(strings: [String]) { self = .array(strings.map { .string($0) }) }

  init(numbers: [Double]) { self = .array(numbers.map { JSON(finite: $0) }) }
}

extension Chart {
  /// What is drawn, as numbers.
  public var json: JSON {
    let members: [String: JSON] = ["name": .string(name), "title": .string(title), "caption": .string(caption)]
    return .object(members.merging(content.members) { $1 })
  }
}

extension Chart.Content {
  fileprivate var members: [String: JSON] {
    var members: [String: JSON] = [:]
    switch self {
    case .lines(let chart):
      members["kind"] = .string("lines")
      members.merge(chart.members) { $1 }
    case .panels(let panels):
      members["kind"] = .string("panels")
      members["panels"] = .array(
        panels.map { .object($0.content.members.merging(["name": .string($0.name)]) { $1 }) })
    case .scatter(let chart):
      members["kind"] = .string("scatter")
      (members["x"], members["y"]) = (chart.x.json, chart.y.json)
      members["series"] = .array(
        chart.series.map { series in
          let points = series.points.map { point in
            JSON.object([
              "name": .string(point.name), "x": .object(point.x.json), "y": .object(point.y.json),
            ])
          }
          return .object(["name": .string(series.name), "points": .array(points)])
        })
    case .heatMap(let chart):
      members["kind"] = .string("heat map")
      (members["row_title"], members["column_title"]) = (.string(chart.rowTitle), .string(chart.columnTitle))
      (members["rows"], members["columns"]) = (JSON(strings: chart.rows), JSON(strings: chart.columns))
      (members["unit"], members["values"]) = (.string(chart.unit), JSON(numbers: chart.values))
    case .bars(let chart):
      members["kind"] = .string("bars")
      (members["value"], members["categories"]) = (chart.value.json, JSON(strings: chart.categories))
      members["series"] = .array(
        chart.series.map { .object(["name": .string($0.name), "values": .array($0.values.map { .object($0.json) })]) })
    case .histograms(let chart):
      members["kind"] = .string("histograms")
      (members["x"], members["y"]) = (chart.x.json, chart.y.json)
      members["edges"] = JSON(numbers: chart.edges)
      members["series"] = .array(
        chart.series.map { .object(["name": .string($0.name), "counts": JSON(numbers: $0.counts)]) })
    case .density(let chart):
      members["kind"] = .string("density")
      (members["x"], members["y"], members["unit"]) = (chart.x.json, chart.y.json, .string(chart.unit))
      (members["x_edges"], members["y_edges"]) = (JSON(numbers: chart.xEdges), JSON(numbers: chart.yEdges))
      members["counts"] = JSON(numbers: chart.counts.map(Double.init))
    }
    return members
  }
}

extension LineChart {
  fileprivate var members: [String: JSON] {
    [
      "x": x.json, "y": y.json,
      "series": .array(
        series.map { series in
          let points = series.points.map { point in
            JSON.object(point.y.json.merging(["x": JSON(finite: point.x)]) { $1 })
          }
          return .object(["name": .string(series.name), "points": .array(points)])
        }),
    ]
  }
}

extension ImageGrid {
  /// What stands under the images.
  public var json: JSON {
    .object([
      "name": .string(name), "title": .string(title), "caption": .string(caption), "kind": .string("images"),
      "entries": .array(
        entries.filter { $0.image != nil }.map { .object(["label": .string($0.label), "detail": .string($0.detail)]) }),
    ])
  }
}

extension Axis {
  fileprivate var json: JSON {
    switch scale {
    case .linear: .object(["title": .string(title), "scale": .string("linear")])
    case .logarithmic: .object(["title": .string(title), "scale": .string("logarithmic")])
    case .ordinal(let names):
      .object(["title": .string(title), "scale": .string("ordinal"), "names": JSON(strings: names)])
    }
  }
}

extension Estimate {
  fileprivate var json: [String: JSON] {
    ["y": JSON(finite: value), "lower": JSON(finite: lower), "upper": JSON(finite: upper)]
  }
}

extension Page {
  /// The page's tables, charts and labels of images, and its text.
  public var json: JSON {
    .object([
      "title": .string(title), "lead": .string(lead), "footer": .string(footer),
      "tables": .array(tables.map(\.json)), "figures": .array(charts.map(\.json) + grids.map(\.json)),
    ])
  }
}
