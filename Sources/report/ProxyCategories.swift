import Artefacts
import Figures
import ToolKit

/// What `score agreement` wrote of categories over sizes: those of proxies against those of memorisation.
struct ProxyConfusion {
  let measures: [String]
  let alphas: [Float]
  let categories: [String]
  let proxyCategories: [String]
  /// (alpha, measure, category, proxy category): shares of the examples.
  let shares: [Float]
  /// (alpha, measure)
  let kappa: [Float]

  /// Nil where the file has none.
  init?(_ reader: ArtefactReader, measures: [String]) throws {
    guard try reader.has("/agreement/confusion") else { return nil }
    self.measures = measures
    alphas = try reader.read("/agreement/alpha", Float.self).values
    categories = try reader.readText("/agreement/category")
    proxyCategories = try reader.readText("/agreement/proxy_category")
    func values(_ name: String, _ shape: [Int]) throws -> [Float] {
      let (values, found) = try reader.read("/agreement/\(name)", Float.self, rank: shape.count)
      guard found == shape else {
        throw Failure(.badData, "\(reader.name): /agreement/\(name)", "has shape \(found)")
      }
      return values
    }
    kappa = try values("kappa", [alphas.count, measures.count])
    shares = try values("confusion", [alphas.count, measures.count, categories.count, proxyCategories.count])
  }

  /// Categories by rows.
  func table(_ alpha: Int, _ measure: Int) -> [Double] {
    let size = categories.count * proxyCategories.count
    let start = (alpha * measures.count + measure) * size
    return shares[start..<start + size].map(Double.init)
  }
}

extension Material {
  /// Whether proxies put examples into the categories that memorisation puts them into.
  func proxyCategoryBlocks() -> [Page.Block] {
    let found = agreements.compactMap(\.confusion)
    guard !found.isEmpty else { return [] }
    var table = Table(
      name: "proxy-categories", title: "Categories over sizes by proxies and by memorisation.",
      caption: "Same: the share of examples that both put into one category, by the rule of the table of trajectories: "
        + "memorisation on one half of the runs, the proxy, scaled to it, on the other. Cohen's kappa is 1 where both always agree and "
        + "0 where they do as often as chance would have it. Both hold the noise of so many runs, which lowers them; there "
        + "is no interval. Rows at thresholds that the table of trajectories does not call reliable are greyed on the page: "
        + "categories there are mostly noise.",
      columns: [
        .init("measure", heading: "Proxy", .text), .init("alpha", heading: "Threshold", .number(digits: 2)),
        .init("same", heading: "Same", .number(digits: 3)), .init("kappa", heading: "Kappa", .number(digits: 3)),
      ])
    for file in found {
      for (m, measure) in file.measures.enumerated() {
        for (a, alpha) in file.alphas.enumerated() {
          let shares = file.table(a, m)
          let same = file.categories.enumerated().reduce(0.0) { sum, row in
            guard let column = file.proxyCategories.firstIndex(of: row.element) else { return sum }
            return sum + shares[row.offset * file.proxyCategories.count + column]
          }
          table.append(
            [
              .text(measure), .number(Double(alpha)), .number(same),
              .number(Double(file.kappa[a * file.measures.count + m])),
            ], isDoubtful: trajectories?.isReliable(alpha) == false)
        }
      }
    }
    return confusion(found).map { .chart($0) } + [.table(table)]
  }

  private func confusion(_ found: [ProxyConfusion]) -> [Chart] {
    // The threshold that the trajectories are drawn at, or the largest.
    let shown = trajectories.flatMap { found in found.shownAlpha.map { found.file.alphas[$0] } }
    var thresholds: Set<String> = []
    let panels = found.flatMap { file -> [Chart.Panel] in
      guard let alpha = file.alphas.firstIndex(where: { $0 == shown }) ?? file.alphas.indices.last else { return [] }
      thresholds.insert(Table.Cell.number(Double(file.alphas[alpha])).text(digits: 2))
      return file.measures.enumerated().map { m, measure in
        Chart.Panel(
          measure,
          .heatMap(
            HeatMapChart(
              rowTitle: "By memorisation", columnTitle: "By the proxy", rows: file.categories,
              columns: file.proxyCategories, unit: "% of the examples",
              values: file.table(alpha, m).map { 100 * $0 }, digits: 0)))
      }
    }
    let doubt =
      switch shown.flatMap({ trajectories?.isReliable($0) }) {
      case true?: ""
      case false?: ", which so few runs do not make reliable"
      case nil: ", of which only a file of trajectories tells whether so few runs make it reliable"
      }
    return Material.sheets(
      panels, name: "proxy-confusion", title: "Categories over sizes by memorisation and by proxies.",
      caption:
        "At a threshold of \(thresholds.sorted().joined(separator: ", "))\(doubt): each example is in the row of its "
        + "category by memorisation and the column of its category by the proxy.")
  }
}
