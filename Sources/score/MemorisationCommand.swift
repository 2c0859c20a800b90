import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit

/// `score memorisation`: in-sample minus out-of-sample accuracy of each example, with intervals.
struct MemorisationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memorisation",
    abstract: "In-sample minus out-of-sample accuracy of each training example, with 95 % intervals.",
    discussion: Program.text(
      """
      Reads runs files of any number of configurations on one data set, and writes
      a scores file. The softmax probability of the label, or its margin, may
      be compared beside correctness; both are made from logits.

        score memorisation runs/*.h5 -o scores.h5
        score memorisation runs/*.h5 --of correctness,probability -o scores.h5
      """))

  /// What is compared between runs with and without an example.
  enum Quantity: String, CaseIterable, ExpressibleByArgument {
    case correctness, probability, margin
  }

  @OptionGroup var inputs: InputOptions

  @Option(
    help: ArgumentHelp(
      "What to compare: correctness, probability, margin, or several with commas between them.", valueName: "list"))
  var of = CommaList<Quantity>([.correctness])

  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let instructionSet = try selectedInstructionSet()
    let names = try inputs.names()
    let target = try output.place(for: .scores("memorisation"), inputs: inputs.read(names)).open()
    let set = try RunsSet(try Input.open(names))
    let quantities = Set(of.values.compactMap { MemorisationOfLogits.Quantity(rawValue: $0.rawValue) })
    let runs = set.members.reduce(0) { $0 + $1.runs.count }
    let progress = Progress("score memorisation", total: Double(2 * runs), unit: "runs", quiet: common.quiet)
    // Correctness in any case: the counts of runs and the accuracies belong to each file.
    let pool = ThreadPool(threads: min(2, jobs.cores))
    let cells = try set.members.map {
      try MemorisationOfCell($0, of: set, quantities, instructionSet.kernels, pool, progress)
    }
    progress.finish()

    let writer = try ScoresFile.Writer(
      target, runs: set, cells: zip(cells, set.labels()).map { $0.record(of: set, label: $1) })
    try writer.write(MemorisationOfCell.measure(cells))
    for summary in MemorisationOfCell.summaries(cells) { try writer.write(summary) }
    try ScoreHistograms(cells).write(to: writer)
    let logits = cells.compactMap(\.ofLogits)
    for quantity in MemorisationOfLogits.Quantity.allCases where quantities.contains(quantity) {
      try writer.write(MemorisationOfLogits.measure(logits, quantity))
      try writer.write(MemorisationOfLogits.summary(logits, quantity))
    }
    var options: [String: JSON] = ["command": "memorisation", "confidence": 0.95]
    if !quantities.isEmpty { options["of"] = .array(of.values.map { .string($0.rawValue) }) }
    try writer.finish(options: .object(options), inputs: set.inputRecords)
  }
}
