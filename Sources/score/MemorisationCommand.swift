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
      Reads runs files of any number of configurations on one data set, and writes a scores file.

        score memorisation runs/*.h5 -o scores.h5
      """)

  @Argument(help: ArgumentHelp("Runs files; - is standard input.", valueName: "runs"))
  var runs: [String] = []

  @Option(
    name: .customLong("files0-from"),
    help: ArgumentHelp("Read the names of runs files from this file, each ended by NUL.", valueName: "file"))
  var files0From: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    var names = runs
    if let files0From {
      names += try namesSeparatedByNUL(in: files0From)
      guard files0From != "-" || !names.contains("-") else {
        throw Failure(.usage, nil, "standard input (-) can be read only once")
      }
    }
    if names.isEmpty { names = ["-"] }
    let set = try RunsSet(try Input.open(names))
    let target = try Output(output.output)
    let progress = Progress(
      "score memorisation", total: Double(2 * set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
      quiet: common.quiet)
    let cells = try set.members.map { try MemorisationOfCell($0, of: set, progress) }
    progress.finish()
    try ScoresFile.write(
      target, runs: set, cells: zip(cells, set.labels()).map { $0.record(of: set, label: $1) },
      measures: [MemorisationOfCell.measure(cells)], summaries: MemorisationOfCell.summaries(cells),
      options: ["command": "memorisation", "confidence": 0.95])
  }
}
