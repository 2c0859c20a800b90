import Figures
import Measures

extension Material {
  /// How scores are distributed over examples.
  func distribution() -> Page.Section? {
    guard !scored.isEmpty else { return nil }
    var table = Table(
      name: "scores", title: "Shares of examples by score.",
      caption: "Among the examples that have a score: below 0, which only chance or harm makes; from 0 to "
        + ".1; from .9 to 1. NaN: examples without a score, in the subset of all runs or of none. A score "
        + "from n runs is itself uncertain (the worst standard error at 7 runs in 10: 0.24 at 20 runs, 0.11 "
        + "at 100), which widens the distribution; the shares are descriptions and have no interval. Without noise: of "
        + "true memorisation, as the distribution of in- and out-of-sample accuracies has it under which the runs are most "
        + "likely. Sarle's coefficient is 5/9 for an even distribution and 1 for two points, and large for a spike at one "
        + "end too; the dip is the distance to the nearest distribution with one peak. Both only describe.",
      columns: [
        .init("cell", heading: "Network", .text), .init("runs", heading: "Runs", .integer),
        .init("scored", heading: "Scored", .integer), .init("nan", heading: "NaN", .integer),
        .init("negative", heading: "Below 0", .number(digits: 3)),
        .init("low", heading: "0 to .1", .number(digits: 3)),
        .init("high", heading: ".9 to 1", .number(digits: 3)),
        .init("low_without_noise", heading: "Without noise: 0 to .1", .number(digits: 3)),
        .init("high_without_noise", heading: ".9 to 1", .number(digits: 3)),
        .init("sarle", heading: "Sarle's coefficient", .number(digits: 3)),
        .init("dip", heading: "Dip", .number(digits: 3)),
      ])
    for cell in scored {
      guard let scores = cell.scores else { continue }
      let mass = ScoreMass(scores.score)
      table.append([
        .text(cell.label), .integer(scores.runs), .integer(mass.scored), .integer(mass.missing),
        .number(mass.negative), .number(mass.low), .number(mass.high),
        scores.massWithoutNoise.map { .number($0.low) } ?? .missing,
        scores.massWithoutNoise.map { .number($0.high) } ?? .missing,
        .number(Bimodality.sarle(scores.score)), .number(Bimodality.dip(scores.score)),
      ])
    }
    return Page.Section(
      "Distribution of scores", [.chart(histograms())] + (mixtures().map { [.chart($0)] } ?? []) + [.table(table)])
  }

  /// What histograms would be without the noise of so many runs.
  private func mixtures() -> Chart? {
    let found = scored.compactMap { cell in
      cell.scores?.mixture.flatMap { $0.contains { !$0.isNaN } ? (cell.shortLabel, $0.map(Double.init)) : nil }
    }
    guard !found.isEmpty else { return nil }
    // Bins below the least that holds anything to be seen are left out.
    let first = found.map { $0.1.firstIndex { $0 >= 0.0005 } ?? 0 }.min() ?? 0
    let bins = CellScores.mixtureBins
    return Chart(
      name: "score-histograms-without-noise", title: "Memorisation without the noise of its estimates.",
      caption:
        "The distribution of true memorisation, in bins of width .1, under which the runs are most likely. What the "
        + "histograms of scores show beyond it is noise.",
      .histograms(
        HistogramChart(
          x: Axis("True memorisation"), y: Axis("Share of examples"),
          edges: (min(first, 9)...bins).map { -1 + 2 * Double($0) / Double(bins) },
          series: found.map { .init($0.0, Array($0.1[min(first, 9)...])) })))
  }

  private func histograms() -> Chart {
    let range = Material.scoreRange(scored.compactMap(\.scores?.score))
    let bins = Int(((range.upperBound - range.lowerBound) * 20).rounded())
    var edges: [Double] = []
    let series = scored.compactMap { cell -> HistogramChart.Series? in
      guard let scores = cell.scores else { return nil }
      var histogram = Histogram(range, bins: bins)
      histogram.add(contentsOf: scores.score)
      edges = histogram.edges.map(Double.init)
      let total = Double(max(1, histogram.counts.reduce(0, +)))
      return .init(cell.shortLabel, histogram.counts.map { Double($0) / total })
    }
    return Chart(
      name: "score-histograms", title: "Histograms of memorisation scores.",
      caption: "Share of the scored examples in bins of width .05; the same scales for all.",
      .histograms(
        HistogramChart(x: Axis("Memorisation"), y: Axis("Share of examples"), edges: edges, series: series)))
  }

  /// From the twentieth at or below the least score, or -.1, to 1; a score is -1 at least.
  static func scoreRange(_ scores: [[Float]]) -> ClosedRange<Double> {
    let least = scores.joined().reduce(Float(-0.1)) { $1 < $0 ? $1 : $0 }
    return ((Double(max(-1, least)) * 20).rounded(.down) / 20)...1
  }
}
