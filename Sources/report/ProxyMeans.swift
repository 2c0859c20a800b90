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

extension ProxyMeans.Proxy {
  /// The interval is from the halves of the runs: with h and h' the means over both, the mean of (h - h')² / 4 over splits
  /// is the variance over runs of their mean. It has one degree of freedom for a split, and never more than the runs give.
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
      let degrees = Double(min(splits, runs[cell] - 1))
      let half =
        degrees >= 1
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
      caption: "Means over examples, with 95 % intervals over runs from the halves of the runs in the file of proxies. "
        + "Memorised examples are expected to have more of a proxy, or less of it. Proxies have units of their own: "
        + "what counts is how each goes with size, beside how memorisation does.",
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
            .estimate(proxy.mean[cell]), .text(proxy.isHigher ? "more" : "less"),
          ])
        }
      }
    }
    return proxyMeanCharts().map { .chart($0) } + [.table(table)]
  }

  /// A panel for each proxy of several sizes.
  private func proxyMeanCharts() -> [Chart] {
    let panels = proxyMeans.flatMap { file -> [Chart.Panel] in
      let order = file.cells.indices.sorted { (file.parameterCounts[$0], $0) < (file.parameterCounts[$1], $1) }
        .filter { !file.configs[$0].isDistilled }
      guard Set(order.map { file.parameterCounts[$0] }).count > 1 else { return [] }
      return file.proxies.map { proxy in
        let points = order.map { cell in
          let mean = proxy.mean[cell]
          return LineChart.Point(
            x: Double(file.parameterCounts[cell]), y: mean.value, lower: mean.lower, upper: mean.upper)
        }
        return .init(
          proxy.name,
          .lines(
            LineChart(
              x: Axis("Parameters", scale: .logarithmic), y: Axis(""),
              series: [.init(proxy.name, points)])))
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
