import Artefacts
import Figures

extension ComparePage {
  /// Test accuracy and alignment of both studies in one chart each.
  func testCurves() -> Chart? {
    let series = pair.matches.flatMap { match in
      [(match.a, pair.names.a), (match.b, pair.names.b)].compactMap { cell, study in
        cell.runs.flatMap { $0.series("\(match.a.shortLabel), \(study)", \.testCurve) }
      }
    }
    guard !series.isEmpty else { return nil }
    return Chart(
      name: "comparison-test-accuracy-by-epoch", title: "Test accuracy by epoch in both studies.",
      caption:
        "Means over runs; bands are 95 % t intervals, cut at 1. Of runs that ended at an accuracy, those "
        + "that were still under way.",
      .lines(LineChart(x: Axis("Epoch"), y: Axis("Accuracy", range: 0...1), series: series, intervals: .bands)))
  }

  func alignmentCurves() -> [Chart] {
    Alignment.kinds.compactMap { kind in
      let series = pair.matches.flatMap { match in
        [(match.a, pair.names.a), (match.b, pair.names.b)].compactMap { cell, study -> LineChart.Series? in
          guard let file = cell.alignment, file.snapshots.count > 1, let tensor = file.lastTensor(of: kind) else {
            return nil
          }
          return .init("\(match.a.shortLabel), \(study)", file.curve(file.meanInClass, tensor))
        }
      }
      guard !series.isEmpty else { return nil }
      return Chart(
        name: "comparison-\(kind.replacing(" ", with: "-"))-alignment-by-epoch",
        title: "Alignment within classes along training in both studies: \(kind).",
        caption: "Means over runs with 95 % t intervals.",
        .lines(LineChart(x: Axis("Epoch"), y: Axis("Alignment", range: 0...1), series: series)))
    }
  }
}
