import Figures
import Measures

extension ComparePage {
  /// How single examples' scores differ between two studies of one data set; nil where they cannot be set side by side.
  func examples() -> [Page.Block]? {
    guard pair.isOfOneDataSet else { return nil }
    var table = Table(
      name: "comparison-examples", title: "Scores of single examples in both studies.",
      caption:
        "Examples with a score in both. Beyond noise: the share whose two 95 % intervals, put together, do not allow "
        + "for the same score; if nothing had changed it would be .05 at most. "
        + "Correlations are lowered by the noise of both.",
      columns: [
        .init("cell", heading: "Network", .text), .init("examples", heading: "Examples", .integer),
        .init("mean_difference", heading: "Mean difference", .number(digits: 3)),
        .init("mean_size", heading: "Mean size", .number(digits: 3)),
        .init("beyond", heading: "Beyond noise", .number(digits: 3)),
        .init("pearson", heading: "Pearson", .number(digits: 3)),
        .init("spearman", heading: "Spearman", .number(digits: 3)),
      ])
    var charts: [Page.Block] = []
    for match in pair.matches {
      guard let a = match.a.scores, let b = match.b.scores, a.score.count == b.score.count else { continue }
      let known = a.score.indices.filter { !a.score[$0].isNaN && !b.score[$0].isNaN }
      guard !known.isEmpty else { continue }
      let (x, y) = (known.map { Double(a.score[$0]) }, known.map { Double(b.score[$0]) })
      let n = Double(known.count)
      func root(_ p: Float, _ q: Float) -> Double { (Double(p) * Double(p) + Double(q) * Double(q)).squareRoot() }
      let outside = known.count { i in
        let difference = Double(b.score[i]) - Double(a.score[i])
        let below = root(b.score[i] - b.lower[i], a.upper[i] - a.score[i])
        let above = root(b.upper[i] - b.score[i], a.score[i] - a.lower[i])
        return difference - below > 0 || difference + above < 0
      }
      table.append([
        .text(match.a.label), .integer(known.count), .number(zip(x, y).reduce(0) { $0 + $1.1 - $1.0 } / n),
        .number(zip(x, y).reduce(0) { $0 + ($1.1 - $1.0).magnitude } / n), .number(Double(outside) / n),
        .number(Correlation.pearson(x, y).value), .number(Correlation.spearman(x, y).value),
      ])
      charts.append(
        .chart(
          Material.density(
            name: "comparison-density-\(charts.count + 1)", title: "Scores by \(match.a.label) in both studies.",
            caption: "\(known.count) examples.", x: ("Memorisation, \(pair.names.a)", known.map { a.score[$0] }),
            y: ("Memorisation, \(pair.names.b)", known.map { b.score[$0] }))))
    }
    return table.rows.isEmpty ? nil : [.table(table)] + charts
  }
}
