import Figures
import Measures

extension Material {
  /// Training and test accuracy by epoch, where runs files are given.
  func learningCurves() -> Page.Section? {
    let charts = [
      curves(
        "train", "Training accuracy by epoch.", "On the batches of each epoch, while the network learns.",
        \.trainCurve),
      curves("test", "Test accuracy by epoch.", "On the test split after the epoch.", \.testCurve),
    ].compactMap { $0 }
    return charts.isEmpty ? nil : Page.Section("Learning curves", charts.map { .chart($0) })
  }

  private func curves(
    _ name: String, _ title: String, _ caption: String, _ values: (CellRuns.Run) -> [Float]
  ) -> Chart? {
    let series = cells.compactMap { cell in cell.runs.flatMap { $0.series(cell.shortLabel, values) } }
    guard !series.isEmpty else { return nil }
    let mayEnd = cells.contains { $0.runs != nil && $0.config["recipe"]?["stop_at_accuracy"] != nil }
    return Chart(
      name: "\(name)-accuracy-by-epoch", title: title,
      caption: caption + " Means over runs; bands are 95 % t intervals, cut at 1."
        + (mayEnd ? " Of runs that ended at an accuracy, those that were still under way." : ""),
      .lines(
        LineChart(x: Axis("Epoch"), y: Axis("Accuracy", range: 0...1), series: series, intervals: .bands)))
  }
}

extension CellRuns {
  /// A curve's means over runs; nil where no epoch has any.
  func series(_ name: String, _ values: (Run) -> [Float]) -> LineChart.Series? {
    let curves = runs.map(values)
    let points = epochs.enumerated().compactMap { i, epoch -> LineChart.Point? in
      let summary = Measures.Summary(curves.map { Double($0[i]) })
      // Not every epoch ends in a test.
      guard summary.count > 0 else { return nil }
      let mean = Estimate(summary)
      return .init(x: Double(epoch), y: mean.value, lower: mean.lower, upper: mean.upper)
    }
    return points.isEmpty ? nil : LineChart.Series(name, points)
  }
}
