import ArgumentParser
import Artefacts
import Kernels
import Measures
import ToolKit

/// `score agreement`: whether proxies say what memorisation says.
struct AgreementCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agreement",
    abstract: "How proxies agree with memorisation: per size, in its changes over sizes, and on wrong labels.",
    discussion: Program.text(
      """
      Reads a file of score proxies and the runs that it was made from; memorisation
      is of one half of the runs, proxies are of the other. With the data set whose
      labels were changed it says how well each finds the wrong ones.

        score proxies data.h5 runs/*.h5 -o proxies.h5
        score agreement data.h5 proxies.h5 runs/*.h5 -o agreement.h5
      """))

  @OptionGroup var inputs: InputOptions

  @Option(
    help: ArgumentHelp("Thresholds of the categories over sizes, with commas between them.", valueName: "list"))
  var alpha = Thresholds([0.05, 0.1, 0.2, 0.3])

  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let names = try inputs.names()
    let target = try output.place(for: .scores("agreement"), inputs: inputs.read(names)).open()
    let sorted = try SortedInputs(names, kinds: [.data, .runs, .scores])
    guard sorted.scores.count == 1 else {
      throw Failure(
        .usage, nil, "\(sorted.scores.isEmpty ? "no" : "more than one") file of score proxies is named")
    }
    let set = try sorted.runsSet()
    let material = try AgreementMaterial(sorted.scores[0], set)
    let progress = Progress(
      "score agreement", total: Double(set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
      quiet: common.quiet)
    let pool = ThreadPool(threads: min(2, jobs.cores))
    let memorisation = try material.members.map { try material.halves(of: $0, set, pool, progress) }
    progress.finish()
    let agreement = Agreement(
      material, memorisation, alphas: alpha.values, labels: try sorted.data.flatMap { try WrongLabels($0) })
    if agreement.labels == nil {
      printError(
        "\(Program.name("score")) agreement: without wrong labels: no data set is named that has /train/true_label\n")
    }
    let labels = set.labels()
    let writer = try ScoresFile.Writer(
      target, runs: set,
      cells: try set.members.indices.map {
        set.cellRecord(set.members[$0], label: labels[$0], runs: try set.undiverged(set.members[$0]))
      })
    try AgreementWriter(agreement, material).write(to: writer)
    var records = set.inputRecords
    if let content = sorted.scores[0].reader.content { records.append(.init(kind: .scores, content: content)) }
    try writer.finish(
      options: ["command": "agreement", "alpha": .array(alpha.values.map { .number($0) })], inputs: records)
  }
}
