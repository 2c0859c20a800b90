import Figures
import Measures

/// What does not depend on any file.
enum ClosedForms {
  static let name = "two-vectors"

  static var page: Page { Page(title: twoVectors.title, sections: [.init("", [.chart(twoVectors)])]) }

  /// How the four measures judge two vectors, by the angle between them and the ratio of their norms.
  ///
  /// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363), Figure 3.
  static var twoVectors: Chart {
    let measures: [(name: String, value: (TwoVectors) -> Double, scale: Axis.Scale)] = [
      ("Alignment", \.alignment, .linear), ("Gradient diversity", \.diversity, .logarithmic),
      ("Cosine stiffness", \.stiffness, .linear), ("Confusion", \.confusion, .linear),
    ]
    let angles = Array(stride(from: 0.0, through: 180, by: 7.5))
    let panels = measures.map { name, value, scale in
      Chart.Panel(
        name,
        .lines(
          LineChart(
            x: Axis("Angle in degrees", ticks: [0, 60, 120, 180]), y: Axis("", scale: scale),
            series: [1.0, 2, 5, 10].map { ratio in
              LineChart.Series(
                "norms 1:\(Int(ratio))",
                angles.map { .init(x: $0, y: value(TwoVectors(normRatio: ratio, angle: $0))) })
            })))
    }
    return Chart(
      name: name, title: "Two vectors by the four measures.",
      caption:
        "One vector has norm 1, the other 1, 2, 5 or 10. Alignment alone falls both with the angle and as the norms "
        + "part; stiffness knows no norms, confusion has no scale, and diversity grows as the vectors cancel out.",
      .panels(panels))
  }
}
