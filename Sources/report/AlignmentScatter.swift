import Artefacts
import Figures
import Measures

extension Material {
  /// Best and last test accuracy against alignment, a point for each configuration.
  ///
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363), Figure 1b.
  func alignmentScatter() -> [Page.Block] {
    let points = accuracyPoints
    guard points.count >= 3, let first = points.first?.alignment else { return [] }
    return Alignment.kinds.compactMap { kind in
      // Along training, where it was taken: later a loss may be 0, and its gradients too.
      guard let tensor = first.lastTensor(of: kind).map({ first.tensors[$0] }),
        let epoch = first.snapshots.first(where: { $0 > 0 }) ?? first.snapshots.last
      else { return nil }
      let known = points.compactMap { point in point.alignment.inClass(tensor, after: epoch).map { (point, $0) } }
      guard known.count == points.count else { return nil }
      let (setting, names) = Material.names(points.map(\.cell))
      func series(_ name: String, _ accuracy: (AccuracyPoint) -> Measures.Summary) -> ScatterChart.Series {
        .init(
          name,
          zip(known, names).map { point, name in
            .init(x: Estimate(point.1), y: Estimate(accuracy(point.0)), name: name)
          })
      }
      return .chart(
        Chart(
          name: "\(kind.replacing(" ", with: "-"))-alignment-against-accuracy",
          title: "Test accuracy against alignment within classes after epoch \(epoch): \(kind).",
          caption:
            "A point for each configuration\(setting.map { ", named by its \($0)" } ?? ""), its means over runs with "
            + "95 % t intervals. The best accuracy of a run is chosen on the test set; the last one is what one gets.",
          .scatter(
            ScatterChart(
              x: Axis("Alignment"), y: Axis("Test accuracy"),
              series: [series("best", \.best), series("last", \.last)]))))
    }
  }

  /// Names for points: the values of the one setting that all are told apart by, and that setting; or short labels.
  private static func names(_ cells: [Cell]) -> (setting: String?, names: [String]) {
    let labels = cells.map(\.shortLabel)
    let parts = labels.map { $0.split(separator: "=", omittingEmptySubsequences: false) }
    guard let setting = parts.first?.first, parts.allSatisfy({ $0.count == 2 && $0[0] == setting }) else {
      return (nil, labels)
    }
    return (String(setting), parts.map { String($0[1]) })
  }
}
