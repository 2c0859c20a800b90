import Artefacts
import Kernels
import Measures
import ToolKit

/// The memorisation scores of one configuration, from two passes over its runs: one that reads, logits too where they
/// are asked for, and one over the flags that it left.
struct MemorisationOfCell {
  let member: RunsSet.Member
  let scores: MemorisationScores
  let mixture: ScoreMixture
  let mean: MeanMemorisation
  let testAccuracy: [Double]
  let diverged: Int
  /// Nil unless asked for.
  let ofLogits: MemorisationOfLogits?

  init(
    _ member: RunsSet.Member, of set: RunsSet, _ quantities: Set<MemorisationOfLogits.Quantity>,
    _ kernels: KernelTable, _ pool: ThreadPool, _ progress: Progress
  ) throws {
    self.member = member
    let pass = FlagPass(member, of: set, pool)
    var counts = MemorisationCounts(examples: set.trainExample.count)
    var test: [Double] = []
    func count(_ run: FlagPass.Run) {
      counts.add(run.correct, run.mask)
      if let hits = run.testHits { test.append(Double(hits) / Double(set.testExample.count)) }
    }
    if quantities.isEmpty {
      ofLogits = nil
      diverged = try pass.forEachRun(progress, count)
    } else {
      let logits = try MemorisationOfLogits(
        LogitPass(flags: pass, kernels: kernels, progress: progress), quantities, each: count)
      (ofLogits, diverged) = (logits, logits.diverged)
    }
    // The interval of the mean needs each example's accuracies first: a second pass, in the order of the runs.
    var mean = MeanMemorisation(counts)
    _ = try pass.forEachRun(progress) { run in
      run.correct.withUnsafeBufferPointer { correct in
        run.mask.withUnsafeBufferPointer { mask in mean.add(correct: correct, inMask: mask) }
      }
    }
    scores = counts.scores
    mixture = ScoreMixture(counts, pool)
    self.mean = mean
    testAccuracy = test
  }

  func record(of set: RunsSet, label: String) -> ScoresFile.CellRecord {
    set.cellRecord(member, label: label, runs: member.runs.count - diverged)
  }

  /// All cells' scores as one measure.
  static func measure(_ cells: [MemorisationOfCell]) -> ScoresFile.Measure {
    func floats(_ part: (MemorisationScores) -> [Float]) -> [Float] { cells.flatMap { part($0.scores) } }
    return ScoresFile.Measure(
      group: "memorisation",
      floats: [
        (
          "score", "in_accuracy minus out_accuracy; NaN where an example was in all runs or in none",
          floats(\.score)
        ),
        (
          "standard_error", "sqrt(in(1-in)/n_in + out(1-out)/n_out): 0 at the ends, where it says nothing",
          floats(\.standardError)
        ),
        ("lower", "lower end of Newcombe's hybrid score interval, 95 %", floats(\.lower)),
        ("upper", "upper end of Newcombe's hybrid score interval, 95 %", floats(\.upper)),
        ("in_accuracy", "share of the runs trained on the example that get it right", floats(\.inAccuracy)),
        ("out_accuracy", "share of the runs not trained on the example that get it right", floats(\.outAccuracy)),
      ],
      counts: [
        ("in_count", "runs trained on the example", cells.flatMap(\.scores.inCount)),
        ("out_count", "runs not trained on the example", cells.flatMap(\.scores.outCount)),
      ])
  }

  /// Means over examples and runs.
  static func summaries(_ cells: [MemorisationOfCell]) -> [ScoresFile.Summary] {
    func spread(_ name: String, _ definition: String, _ values: (MemorisationOfCell) -> [Double])
      -> ScoresFile.Summary
    {
      let summaries = cells.map { Measures.Summary(values($0)) }
      return ScoresFile.Summary(
        name: name, definition: definition + "; mean over runs, t interval, standard deviation over runs",
        value: summaries.map { Float($0.mean) }, lower: summaries.map { Float($0.interval.lower) },
        upper: summaries.map { Float($0.interval.upper) },
        standardDeviation: summaries.map { Float($0.standardDeviation) })
    }
    var list = [
      ScoresFile.Summary(
        name: "memorisation", definition: "mean over scored examples, with its 95 % interval over runs",
        value: cells.map { Float($0.mean.value) }, lower: cells.map { Float($0.mean.interval.lower) },
        upper: cells.map { Float($0.mean.interval.upper) }),
      ScoresFile.Summary(
        name: "memorisation_over_runs",
        definition: "mean over runs of accuracy on the subset minus accuracy on the rest; with balanced masks equal to "
          + "the mean over examples",
        value: cells.map { Float($0.mean.meanOverRuns) }),
      spread("in_accuracy", "accuracy on the run's subset") { $0.mean.runs.map(\.inAccuracy) },
      spread("out_accuracy", "accuracy on the rest of the training split") { $0.mean.runs.map(\.outAccuracy) },
    ]
    if cells.contains(where: { !$0.testAccuracy.isEmpty }) {
      list.append(spread("test_accuracy", "accuracy on the test split") { $0.testAccuracy })
    }
    return list
  }
}
