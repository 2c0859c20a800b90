import ArgumentParser
import Artefacts
import Measures
import ToolKit

/// `score memorisation`: in-sample minus out-of-sample accuracy of each example, with intervals.
struct MemorisationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memorisation",
    abstract: "In-sample minus out-of-sample accuracy of each training example, with 95 % intervals.",
    discussion: """
      Reads runs files of any number of configurations on one data set, and writes
      a scores file.

        score memorisation runs/*.h5 -o scores.h5
      """)

  @OptionGroup var inputs: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let set = try RunsSet(try Input.open(inputs.names()))
    let target = try Output(output.output)
    let progress = Progress(
      "score memorisation", total: Double(2 * set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
      quiet: common.quiet)
    let cells = try set.members.map { try MemorisationOfCell($0, of: set, progress) }
    progress.finish()
    let writer = try ScoresFile.Writer(
      target, runs: set, cells: zip(cells, set.labels()).map { $0.record(of: set, label: $1) })
    try writer.write(MemorisationOfCell.measure(cells))
    for summary in MemorisationOfCell.summaries(cells) { try writer.write(summary) }
    try writer.finish(options: ["command": "memorisation", "confidence": 0.95], inputs: set.inputRecords)
  }
}
