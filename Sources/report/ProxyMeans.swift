import Artefacts
import Figures
import Measures
import ToolKit

/// Means over examples of each proxy in a scores file.
struct ProxyMeans {
  struct Proxy {
    let name: String
    /// Whether memorised examples are expected to have more of it.
    let isHigher: Bool
    /// (cell)
    let examples: [Int]
    let mean: [CellScores.Mean]
  }

  let cells: [String]
  let configs: [JSON]
  let parameterCounts: [Int]
  let proxies: [Proxy]

  /// Nil where the file has none.
  init?(_ scores: Scores) throws {
    let names = try ProxiesFile.names(in: scores)
    guard !names.isEmpty else { return nil }
    (cells, configs, parameterCounts) = (scores.cells, scores.configs, scores.parameterCounts)
    proxies = try names.compactMap { name in
      try ProxiesFile.read(name, in: scores).map { Proxy($0, runs: scores.runs) }
    }
  }
}

extension ProxyMeans {
  /// Cells that differ in architecture alone, by parameter count; groups of one and students are left out.
  fileprivate var groups: [[Int]] {
    let plain = cells.indices.filter { !configs[$0].isDistilled }
    return Material.sizeGroups(plain.map { (configs[$0], parameterCounts[$0]) }).filter { $0.count > 1 }.map { group in
      group.map { plain[$0] }.sorted { parameterCounts[$0] < parameterCounts[$1] }
    }
  }
}

extension ProxyMeans.Proxy {
  fileprivate var expectation: String {
    ["random", "input_norm"].contains(name) ? "–" : isHigher ? "more" : "less"
  }

  /// The interval is from the halves of the runs: with h and h' the means over both, the mean of (h - h')² / 4 over splits
  /// is the variance over runs of their mean. Splits share their runs: s of them have 1 / (1/s + 1/(K - 1)) degrees of freedom.
  init(_ proxy: ProxiesFile.Proxy, runs: [Int]) {
    name = proxy.name
    isHigher = proxy.sign > 0
    let examples = proxy.mean.count / max(1, runs.count)
    let halves = proxy.halfMeans ?? []
    let splits = halves.count / max(1, runs.count * 2 * examples)
    var (counts, means) = ([Int](), [CellScores.Mean]())
    for cell in runs.indices {
      let own = proxy.mean[cell * examples..<(cell + 1) * examples].filter { !$0.isNaN }
      counts.append(own.count)
      let mean = own.reduce(0) { $0 + Double($1) } / Double(own.count)
      var squares = 0.0
      for split in 0..<splits {
        let start = (cell * splits + split) * 2 * examples
        let known = (0..<examples).filter { !halves[start + $0].isNaN && !halves[start + examples + $0].isNaN }
        let difference =
          known.reduce(0) { $0 + Double(halves[start + $1]) - Double(halves[start + examples + $1]) }
          / Double(known.count)
        squares += difference * difference / 4
      }
      // Splits share their runs: so many of them tell what so many independent halves do, and the runs no more than theirs.
      let degrees =
        splits > 0 && runs[cell] > 1 ? 1 / (1 / Double(splits) + 1 / Double(runs[cell] - 1)) : 0
      let half =
        degrees > 0
        ? StudentT.quantile(confidence: 0.95, degreesOfFreedom: degrees) * (squares / Double(splits)).squareRoot()
        : .nan
      means.append(.init(value: mean, lower: mean - half, upper: mean + half))
    }
    (self.examples, mean) = (counts, means)
  }
}

extension Material {
  /// How proxies go with the size of the network, beside memorisation's own trend.
  ///
  /// - Source: Lukasik et al. 2024 (arXiv 2310.05337), section 5.
  func proxyMeanBlocks() -> [Page.Block] {
    guard !proxyMeans.isEmpty else { return [] }
    var table = Table(
      name: "proxy-means", title: "Mean proxies by size of network.",
      caption: "Means over examples, with 95 % intervals over runs from the halves of the runs in the file of "
        + "proxies. Memorised examples are expected to have more of a proxy, or less of it; – of what is there to "
        + "compare with alone. Proxies have units of their own: what counts is how each goes with size, beside how "
        + "memorisation does.",
      columns: [
        .init("measure", heading: "Proxy", .text), .init("cell", heading: "Network", .text),
        .init("parameters", heading: "Parameters", .integer), .init("examples", heading: "Examples", .integer),
        .init("mean", heading: "Mean", .interval(digits: 4)), .init("memorised", heading: "If memorised", .text),
      ])
    for file in proxyMeans {
      for proxy in file.proxies {
        for (cell, label) in file.cells.enumerated() {
          table.append([
            .text(proxy.name), .text(label), .integer(file.parameterCounts[cell]), .integer(proxy.examples[cell]),
            .estimate(proxy.mean[cell]), .text(proxy.expectation),
          ])
        }
      }
    }
    return proxyMeanCharts().map { .chart($0) } + [.table(table)]
  }

  /// A panel for each proxy of several sizes.
  private func proxyMeanCharts() -> [Chart] {
    let panels = proxyMeans.flatMap { file -> [Chart.Panel] in
      let groups = file.groups
      return groups.isEmpty
        ? []
        : file.proxies.map { proxy in
          let series = zip(groups, Material.short(groups.map { file.cells[$0[0]] })).map { group, name in
            LineChart.Series(
              name,
              group.map { cell in
                let mean = proxy.mean[cell]
                return .init(
                  x: Double(file.parameterCounts[cell]), y: mean.value, lower: mean.lower, upper: mean.upper)
              })
          }
          return .init(
            proxy.name, .lines(LineChart(x: Axis("Parameters", scale: .logarithmic), y: Axis(""), series: series)))
        }
    }
    return Material.sheets(
      panels, name: "proxy-means-by-size", title: "Mean proxies by size of network.",
      caption: "Means over examples, of networks trained on labels, with 95 % intervals over runs.")
  }

  /// Charts of so many panels each as fit on a printed page.
  static func sheets(_ panels: [Chart.Panel], name: String, title: String, caption: String) -> [Chart] {
    stride(from: 0, to: panels.count, by: panelsPerSheet).enumerated().map { sheet, start in
      Chart(
        name: "\(name)-\(sheet + 1)", title: title, caption: caption,
        .panels(Array(panels[start..<min(panels.count, start + panelsPerSheet)])))
    }
  }

  private static let panelsPerSheet = 6
}
