import Artefacts
import Kernels
import Measures
import ToolKit

/// Memorisation of one configuration in what the logits say of the label, in place of 0/1 correctness.
struct MemorisationOfLogits {
  /// What is compared between runs with and without the example.
  enum Quantity: String, CaseIterable {
    case probability, margin

    var group: String { "memorisation_\(rawValue)" }
    var definition: String {
      switch self {
      case .probability: "softmax probability of the label"
      case .margin: "logit of the label minus the largest other logit"
      }
    }
  }

  private let scores: [Quantity: MeanDifference.Scores]
  let diverged: Int

  /// - Parameter each: called with the flags of each run that has not diverged.
  init(_ pass: LogitPass, _ quantities: Set<Quantity>, each: (FlagPass.Run) -> Void) throws {
    let examples = pass.set.trainExample.count
    var differences = quantities.reduce(into: [:]) { $0[$1] = MeanDifference(examples: examples) }
    var probability: [Float] = []
    diverged = try pass.forEachRun { run in
      each(run.flags)
      if quantities.contains(.probability) {
        run.label.probability(pass.kernels, into: &probability)
        differences[.probability]?.add(probability, inMask: run.mask)
      }
      differences[.margin]?.add(run.label.margin, inMask: run.mask)
    }
    scores = differences.mapValues(\.scores)
  }

  /// All cells' scores as one measure.
  static func measure(_ cells: [MemorisationOfLogits], _ quantity: Quantity) -> ScoresFile.Measure {
    let scores = cells.compactMap { $0.scores[quantity] }
    func floats(_ part: (MeanDifference.Scores) -> [Float]) -> [Float] { scores.flatMap(part) }
    let name = quantity.definition
    return ScoresFile.Measure(
      group: quantity.group,
      floats: [
        ("score", "in_mean minus out_mean; NaN where an example was in all runs or in none", floats(\.score)),
        ("standard_error", "sqrt(s^2_in / n_in + s^2_out / n_out)", floats(\.standardError)),
        ("lower", "lower end of Welch's interval, 95 %", floats(\.lower)),
        ("upper", "upper end of Welch's interval, 95 %", floats(\.upper)),
        ("in_mean", "\(name): mean over the runs trained on the example", floats(\.inMean)),
        ("out_mean", "\(name): mean over the runs not trained on the example", floats(\.outMean)),
      ],
      counts: [
        ("in_count", "runs trained on the example that have a value", scores.flatMap(\.inCount)),
        ("out_count", "runs not trained on the example that have a value", scores.flatMap(\.outCount)),
      ])
  }

  /// The mean over the examples that have a score.
  static func summary(_ cells: [MemorisationOfLogits], _ quantity: Quantity) -> ScoresFile.Summary {
    ScoresFile.Summary(
      name: quantity.group, definition: "mean over scored examples, in \(quantity.definition)",
      value: cells.map { cell in
        let scores = (cell.scores[quantity]?.score ?? []).filter { !$0.isNaN }
        return Float(scores.reduce(0.0) { $0 + Double($1) } / Double(scores.count))
      })
  }
}
