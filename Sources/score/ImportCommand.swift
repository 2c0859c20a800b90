import ArgumentParser
import Artefacts
import ToolKit

/// `score import`: scores that others have published, as a scores file, to compare with.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Published scores of a data set's training examples, as a scores file.",
    discussion: Program.text(
      """
      Examples are matched by their published position, and every label is checked
      against the data set's. A CSV file has the columns example (the position),
      label (a class by number or name) and score, named in its first line.

        score import cifar100_infl_matrix.npz --from feldman-zhang --data cifar100.h5 -o fz.h5
        score import cifar10-cscores-orig-order.npz --from c-score --data cifar10.h5 -o c.h5
        score import mine.csv --from csv --data data.h5 --name mine -o mine.h5
      """))

  @Argument(help: ArgumentHelp("The published file; - is standard input.", valueName: "file"))
  var file: String

  @Option(name: .customLong("from"), help: "feldman-zhang, c-score or csv: what the file has and how.")
  var format: PublishedScores.Format

  @Option(help: ArgumentHelp("The data set file that the scores are of.", valueName: "file"))
  var data: String

  @Option(help: ArgumentHelp("What the scores are to be called; by default as --from.", valueName: "name"))
  var name: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard name.map({ !$0.isEmpty && $0.utf8.count <= 200 }) ?? true else {
      throw ValidationError("--name takes 1 to 200 bytes")
    }
  }

  func run() throws {
    let target = try output.place(for: .scores("import"), inputs: [file, data]).open()
    let inputs = try Input.open([file, data])
    let dataset = try ImageDataset(ArtefactReader(inputs[1]))
    let published = try PublishedScores(inputs[0], format: format, classes: dataset.classes)
    let scores = try published.scores(of: dataset)
    let missing = scores.count { $0.isNaN }
    if missing > 0, !common.quiet {
      printError(
        "\(Program.name("score")): \(inputs[0].name): \(missing) of \(scores.count) examples have no score there\n")
    }
    let content = published.content
    let record = ScoresFile.CellRecord(
      label: name ?? format.rawValue,
      config: ["imported": ["from": .string(format.rawValue), "content": .string(content)]],
      parameterCount: 0, runs: 0, diverged: 0, content: content)
    let writer = try ScoresFile.Writer(target, of: ScoresFile.Examples(dataset), cells: [record])
    try writer.write(
      ScoresFile.Measure(
        group: "imported", floats: [("score", "\(format.definition); NaN where there is none", scores)], counts: []))
    try writer.finish(
      options: ["command": "import", "from": .string(format.rawValue), "name": .string(record.label)],
      inputs: [dataset.record])
  }
}

extension PublishedScores.Format: ExpressibleByArgument {}
