import Artefacts
import Figures
import ToolKit

extension Material {
  /// Mean memorisation against the number of parameters, with what it is the difference of.
  func memorisationBySize() -> Page.Section? {
    guard !scored.isEmpty else { return nil }
    var table = Table(
      name: "memorisation", title: "Mean memorisation by size of network.",
      caption: "An example's memorisation is in-sample minus out-of-sample accuracy: how often networks "
        + "trained on it get it right, less how often those that were not do. Once in-sample accuracy is 1, "
        + "memorisation can only fall as out-of-sample accuracy grows, so both stand beside it. Means over "
        + "examples with a score, 95 % intervals over runs.",
      columns: [
        .init("cell", heading: "Network", .text), .init("parameters", heading: "Parameters", .integer),
        .init("runs", heading: "Runs", .integer), .init("examples", heading: "Examples", .integer),
        .init("memorisation", heading: "Memorisation", .interval(digits: 3)),
        .init("in_accuracy", heading: "In-sample", .interval(digits: 3)),
        .init("out_accuracy", heading: "Out-of-sample", .interval(digits: 3)),
      ])
    for cell in scored {
      guard let scores = cell.scores else { continue }
      table.append([
        .text(cell.label), .integer(cell.parameterCount), .integer(scores.runs),
        .integer(scores.score.count { !$0.isNaN }), .estimate(scores.mean("memorisation")),
        .estimate(scores.mean("in_accuracy")), .estimate(scores.mean("out_accuracy")),
      ])
    }
    return Page.Section("Memorisation by size", sizeCharts() + [.table(table)])
  }

  private static let quantities = [
    ("memorisation", "memorisation"), ("in_accuracy", "in-sample accuracy"),
    ("out_accuracy", "out-of-sample accuracy"),
  ]

  /// A line for each group of configurations that differ in architecture alone; bars for those that stand alone.
  private func sizeCharts() -> [Page.Block] {
    let scored = scored
    let groups = Material.sizeGroups(scored.map { ($0.config, $0.parameterCount) }).map { $0.map { scored[$0] } }
    let lines = groups.filter { $0.count > 1 }.enumerated().map { i, group in
      Page.Block.chart(lineChart(group, name: "memorisation-by-size-\(i + 1)"))
    }
    let alone = groups.filter { $0.count == 1 }.flatMap { $0 }
    return lines + (alone.isEmpty ? [] : [.chart(barChart(alone))])
  }

  private func lineChart(_ group: [Cell], name: String) -> Chart {
    let series = Material.quantities.map { key, name in
      LineChart.Series(
        name,
        group.map { cell in
          let mean = Estimate(cell.mean(key))
          return .init(x: Double(cell.parameterCount), y: mean.value, lower: mean.lower, upper: mean.upper)
        })
    }
    let teacher = group[0].teacher
    return Chart(
      name: name,
      title: "Memorisation by size, " + (teacher.map { "distilled from \($0)." } ?? "trained on labels."),
      caption: group.map { "\($0.label): \($0.parameterText) parameters" }.joined(separator: "; ")
        + ". Bars are 95 % intervals over runs.",
      .lines(
        LineChart(
          x: Axis("Parameters", scale: .logarithmic, ticks: group.map { Double($0.parameterCount) }),
          y: Axis("Mean over examples", range: 0...1), series: series)))
  }

  private func barChart(_ cells: [Cell]) -> Chart {
    Chart(
      name: "memorisation-by-cell", title: "Memorisation by configuration.",
      caption: "These have no other configuration beside them that differs in size alone. Whiskers are 95 % "
        + "intervals over runs.",
      .bars(
        BarChart(
          categories: cells.map(\.shortLabel), value: Axis("Mean over examples", range: 0...1),
          series: Material.quantities.map { key, name in .init(name, cells.map { Estimate($0.mean(key)) }) }))
    )
  }

  /// Places of configurations that differ in architecture alone, a group each, in the order of their first members; of equal
  /// sizes each has a group of its own.
  static func sizeGroups(_ cells: [(config: JSON, parameterCount: Int)]) -> [[Int]] {
    var groups: [(settings: JSON, places: [Int])] = []
    for (place, cell) in cells.enumerated() {
      let settings = cell.config.without("architecture", "parameter_count")
      let found = groups.firstIndex { group in
        group.settings == settings && group.places.allSatisfy { cells[$0].parameterCount != cell.parameterCount }
      }
      if let found {
        groups[found].places.append(place)
      } else {
        groups.append((settings, [place]))
      }
    }
    return groups.map(\.places)
  }
}
