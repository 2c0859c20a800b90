import ArgumentParser
import Artefacts
import Kernels
import Measures
import Synchronization
import ToolKit

/// `score out-of-sample`: what runs that were not trained on an example say of it.
struct OutOfSampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "out-of-sample",
    abstract: "Mean class probabilities of each training example over the runs that were not trained on it.",
    discussion: Program.text(
      """
      These are the probabilities that label-error finders such as cleanlab want.
      Runs need logits (train --keep logit).

        score out-of-sample runs.h5 -o probabilities.h5
      """))

  @OptionGroup var inputs: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let kernels = try selectedInstructionSet().kernels
    let names = try inputs.names()
    let target = try output.place(for: .scores("out-of-sample"), inputs: inputs.read(names)).open()
    let set = try RunsSet(try Input.open(names))
    let progress = Progress(
      "score out-of-sample", total: Double(set.members.reduce(0) { $0 + $1.runs.count }), unit: "runs",
      quiet: common.quiet)
    let pool = ThreadPool(threads: min(2, jobs.cores))
    let (examples, classes) = (set.trainExample.count, set.classes.count)
    let used = try set.members.map { try set.undiverged($0) }
    let writer = try ScoresFile.Writer(
      target, runs: set,
      cells: zip(set.members.indices, set.labels()).map { i, label in
        set.cellRecord(set.members[i], label: label, runs: used[i])
      })
    let scale = try writer.exampleScale("out_of_sample")
    let probability = try writer.file.create(
      "/out_of_sample/probability", Float.self, [set.members.count, examples, classes],
      dimensions: ["/cell", scale, "/class"],
      .init(
        "out-of-sample probability",
        definition: "mean softmax over the runs not trained on the example; NaN where all were"), fill: .nan)
    var counts: [Int32] = []
    for member in set.members {
      let mean = Mutex(OutOfSample(examples: examples, classes: classes))
      let pass = LogitPass(flags: FlagPass(member, of: set, pool), kernels: kernels, progress: progress)
      try pass.forEachRun(
        piece: { piece in
          mean.withLock {
            $0.add(from: piece.examples.lowerBound, logits: piece.logits, inMask: piece.mask, kernels)
          }
        }, { _ in })
      let result = mean.withLock { $0 }
      try probability.append(result.probabilities)
      counts += result.count
    }
    try writer.file.finish(probability)
    try writer.file.variable(
      "/out_of_sample/count", counts, [set.members.count, examples], dimensions: ["/cell", scale],
      .init("runs not trained on the example"))
    progress.finish()
    try writer.finish(options: ["command": "out-of-sample"], inputs: set.inputRecords)
  }
}
