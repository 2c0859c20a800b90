import Figures
import Measures

extension Material {
  /// A joint histogram of two scores of the same examples.
  static func density(
    name: String, title: String, caption: String, x: (title: String, scores: [Float]),
    y: (title: String, scores: [Float])
  ) -> Chart {
    let range = scoreRange([x.scores, y.scores])
    let bins = Int(((range.upperBound - range.lowerBound) * 20).rounded())
    let edges = Histogram(range, bins: bins).edges
    var counts = [Int](repeating: 0, count: bins * bins)
    func bin(_ score: Float) -> Int { max(0, min(bins, edges.firstIndex { score < $0 } ?? bins) - 1) }
    for (across, up) in zip(x.scores, y.scores) { counts[bin(up) * bins + bin(across)] += 1 }
    return Chart(
      name: name, title: title, caption: caption,
      .density(
        DensityChart(
          x: Axis(x.title), y: Axis(y.title), unit: "Examples", xEdges: edges.map(Double.init),
          yEdges: edges.map(Double.init), counts: counts, hasDiagonal: true)))
  }
}
