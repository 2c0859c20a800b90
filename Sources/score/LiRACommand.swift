import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit

/// `score lira`: membership inference by likelihood ratios.
struct LiRACommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lira",
    abstract: "How surely a run's confidence in an example tells whether it was trained on it.",
    discussion: Program.text(
      """
      The likelihood ratio attack, each run attacked by means of the others. Runs
      need logits (train --keep logit).

        score lira runs.h5 -o lira.h5
      """))

  @OptionGroup var inputs: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let kernels = try selectedInstructionSet().kernels
    let names = try inputs.names()
    let target = try output.place(for: .scores("lira"), inputs: inputs.read(names)).open()
    let set = try RunsSet(try Input.open(names))
    let progress = Progress(
      "score lira", total: Double(2 * set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
      quiet: common.quiet)
    let pool = ThreadPool(threads: min(2, jobs.cores))
    let cells = try set.members.map {
      try LiRAOfCell(LogitPass(flags: FlagPass($0, of: set, pool), kernels: kernels, progress: progress))
    }
    progress.finish()
    let writer = try ScoresFile.Writer(
      target, runs: set,
      cells: zip(set.members, set.labels()).enumerated().map { i, pair in
        set.cellRecord(pair.0, label: pair.1, runs: cells[i].runs)
      })
    try writer.write(LiRAOfCell.measure(cells))
    for summary in LiRAOfCell.summaries(cells) { try writer.write(summary) }
    try writer.finish(
      options: ["command": "lira", "own_variance_from": .number(Double(LiRA.ownVariance))], inputs: set.inputRecords)
  }
}

/// The attack on the runs of one configuration.
struct LiRAOfCell {
  let runs: Int
  private let lira: LiRA
  /// `(example)`: mean over its in-runs of the log likelihood ratio.
  private var score: [Float]
  private var attacks: [Attack] = []

  init(_ pass: LogitPass) throws {
    let examples = pass.set.trainExample.count
    var lira = LiRA(examples: examples)
    try pass.forEachRun { lira.add($0.label.logOdds, inMask: $0.mask) }
    self.lira = lira
    runs = lira.runs
    let pooled = lira.pooled
    var (sum, count) = ([Double](repeating: 0, count: examples), [Double](repeating: 0, count: examples))
    var attacks: [Attack] = []
    try pass.forEachRun { run in
      let ratios = lira.ratios(run.label.logOdds, inMask: run.mask, pooled)
      attacks.append(Attack(scores: ratios, member: run.mask.map { $0 != 0 }))
      for i in 0..<examples where run.mask[i] != 0 && !ratios[i].isNaN {
        sum[i] += Double(ratios[i])
        count[i] += 1
      }
    }
    self.attacks = attacks
    score = zip(sum, count).map { Float($0 / $1) }
  }

  static func measure(_ cells: [LiRAOfCell]) -> ScoresFile.Measure {
    let sides = [true, false].map { side in cells.map { $0.lira.moments(ofMembers: side) } }
    return ScoresFile.Measure(
      group: "lira",
      floats: [
        (
          "score",
          "mean over the runs trained on the example of ln N(phi; in) - ln N(phi; out), phi the log odds of the label",
          cells.flatMap(\.score)
        ),
        ("in_mean", "mean log odds of the label over the runs trained on the example", sides[0].flatMap(\.mean)),
        ("in_deviation", "their standard deviation", sides[0].flatMap(\.deviation)),
        ("out_mean", "mean log odds of the label over the runs not trained on the example", sides[1].flatMap(\.mean)),
        ("out_deviation", "their standard deviation", sides[1].flatMap(\.deviation)),
      ],
      counts: [
        ("in_count", "runs trained on the example", cells.flatMap { $0.lira.counts(ofMembers: true) }),
        ("out_count", "runs not trained on the example", cells.flatMap { $0.lira.counts(ofMembers: false) }),
      ])
  }

  static func summaries(_ cells: [LiRAOfCell]) -> [ScoresFile.Summary] {
    let parts: [(String, String, (Attack) -> Double)] = [
      ("lira_auc", "area under the ROC curve of the ratios for membership", \.area),
      ("lira_tpr_at_fpr_0.001", "true-positive rate at a false-positive rate of at most .001", \.strictest),
      ("lira_tpr_at_fpr_0.01", "true-positive rate at a false-positive rate of at most .01", \.strict),
    ]
    return parts.map { name, definition, value in
      let summaries = cells.map { Measures.Summary($0.attacks.map(value)) }
      return ScoresFile.Summary(
        name: name, definition: definition + "; mean over target runs, t interval, standard deviation over runs",
        value: summaries.map { Float($0.mean) }, lower: summaries.map { Float($0.interval.lower) },
        upper: summaries.map { Float($0.interval.upper) },
        standardDeviation: summaries.map { Float($0.standardDeviation) })
    }
  }
}
