import Artefacts
import Measures

/// How the scores of each configuration are spread: as they are, and without their noise.
struct ScoreHistograms {
  private static let bins = 20
  private let plugIn: [[Float]]
  private let mixtures: [ScoreMixture]
  private let masses: [ScoreMass]
  private let edges: [Float]

  init(_ cells: [MemorisationOfCell]) {
    var histograms: [Histogram] = []
    for cell in cells {
      var histogram = Histogram(-1...1, bins: ScoreHistograms.bins)
      histogram.add(contentsOf: cell.scores.score)
      histograms.append(histogram)
    }
    edges = Histogram(-1...1, bins: ScoreHistograms.bins).edges
    plugIn = histograms.map { histogram in
      let total = Float(histogram.counts.reduce(0, +))
      return histogram.counts.map { Float($0) / total }
    }
    mixtures = cells.map(\.mixture)
    masses = cells.map { ScoreMass($0.scores.score) }
  }

  func write(to writer: ScoresFile.Writer) throws {
    let file = writer.file
    try file.scale(
      "/histogram/bin", Array(edges.dropLast()),
      .init("lower edge of a bin", definition: "a bin holds its lower edge; the last one, up to 1, both"))
    let shape = [plugIn.count, ScoreHistograms.bins]
    let dimensions = ["/cell", "/histogram/bin"]
    try file.variable(
      "/histogram/plug_in", plugIn.flatMap { $0 }, shape, dimensions: dimensions,
      .init("share of the scores", definition: "with their noise"), fill: .nan)
    try file.variable(
      "/histogram/mixture", mixtures.flatMap { mixture in bins.map { Float(mixture.mass($0)) } }, shape,
      dimensions: dimensions,
      .init(
        "share of true memorisation",
        definition:
          "non-parametric maximum likelihood of in and out binomials on a grid of 1/\(ScoreMixture.steps), by "
          + "EM of \(ScoreMixture.mostIterations) steps or until \(ScoreMixture.stepsBetweenLooks) add less than "
          + "\(ScoreMixture.tolerance) each"),
      fill: .nan)
    let ends: [(name: String, range: ClosedRange<Double>, value: (ScoreMass) -> Double)] = [
      ("mass_low", 0...0.1, \.low), ("mass_high", 0.9...1, \.high),
    ]
    for end in ends {
      let range = "[\(end.range.lowerBound), \(end.range.upperBound)]"
      try writer.write(
        .init(
          name: end.name, definition: "share of the scores in \(range), with their noise",
          value: masses.map { Float(end.value($0)) }))
      try writer.write(
        .init(
          name: "\(end.name)_mixture", definition: "share of true memorisation in \(range), by maximum likelihood",
          value: mixtures.map { Float($0.mass(end.range)) }))
    }
  }

  /// The bins as ranges of whole steps of the grid, which meet nowhere.
  private var bins: [ClosedRange<Double>] {
    let step = 1 / Double(ScoreMixture.steps)
    return (0..<ScoreHistograms.bins).map { bin in
      let lower = -1 + 2 * Double(bin) / Double(ScoreHistograms.bins)
      let upper = -1 + 2 * Double(bin + 1) / Double(ScoreHistograms.bins)
      return lower...(bin + 1 == ScoreHistograms.bins ? upper : upper - step)
    }
  }
}
