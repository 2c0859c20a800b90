import Artefacts
import Figures
import Measures

/// A configuration with both alignment and test accuracies over runs.
struct AccuracyPoint {
  let cell: Material.Cell
  let alignment: Alignment
  /// The best of a run is chosen on the test set.
  let best: Measures.Summary
  let last: Measures.Summary
}

extension Material {
  /// The configurations of which both are known, but for distilled ones.
  var accuracyPoints: [AccuracyPoint] {
    cells.compactMap { cell in
      guard let alignment = cell.alignment, let runs = cell.runs, !cell.config.isDistilled else { return nil }
      let best = Measures.Summary(runs.runs.map { $0.testCurve.filter { !$0.isNaN }.max().map(Double.init) ?? .nan })
      let last = Measures.Summary(runs.runs.map(\.testAccuracy))
      return best.count > 0 ? AccuracyPoint(cell: cell, alignment: alignment, best: best, last: last) : nil
    }
  }

  /// How alignment goes with test accuracy over configurations, such as scales of initialisation: each is a point.
  ///
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363), Figure 1b.
  func alignmentAgainstAccuracy() -> Table? {
    let points = accuracyPoints
    guard points.count >= 3, let first = points.first?.alignment else { return nil }
    var table = Table(
      name: "alignment-accuracy", title: "Alignment within classes against test accuracy, over configurations.",
      caption: "Pearson's correlation over configurations, each with its means over runs; p from "
        + (points.count <= PermutationTest.mostExact ? "all" : "\(PermutationTest.draws) random")
        + " orders of them, two-sided. The best test accuracy of a run is chosen on the test set, and so is better than "
        + "what one would get; the last is beside it.",
      columns: [
        .init("tensor", heading: "Tensor", .text), .init("epoch", heading: "Epoch", .integer),
        .init("cells", heading: "Configurations", .integer),
        .init("best", heading: "Best test accuracy", .number(digits: 3)),
        .init("best_p", heading: "p", .number(digits: 3)),
        .init("last", heading: "Last test accuracy", .number(digits: 3)),
        .init("last_p", heading: "p", .number(digits: 3)),
      ])
    for tensor in first.tensors {
      for snapshot in first.snapshots {
        let means = points.compactMap { $0.alignment.inClass(tensor, after: snapshot)?.mean }
        guard means.count == points.count else { continue }
        let (best, last) = (
          PermutationTest(means, points.map(\.best.mean)), PermutationTest(means, points.map(\.last.mean))
        )
        table.append([
          .text(tensor), .integer(Int(snapshot)), .integer(best.pairs), .number(best.correlation), .number(best.p),
          .number(last.correlation), .number(last.p),
        ])
      }
    }
    return table.rows.isEmpty ? nil : table
  }
}
