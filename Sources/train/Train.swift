import ArgumentParser
import Artefacts
import Networks
import ToolKit
import Training

@main
struct Train: Tool {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train networks on random subsets of a data set.",
    discussion: """
      Reads a data set file and writes a runs file: for each run its training
      subset, which examples the trained network gets right, how training went,
      and by default its weights and logits.

        fetch-data sprites | train - --architecture mlp --runs 0:10 -o runs.h5

      Work that is cut off goes on with the same command: finished runs wait in
      FILE.partial.
      """,
    version: Version.text("train", libraries: fileLibraries))

  @Argument(help: ArgumentHelp("A data set file; - is standard input.", valueName: "data"))
  var data = "-"

  @Option(help: "Share of the training examples in a run's subset; 1 for all.")
  var subset = 0.7

  @Option(help: "How subsets are drawn: balanced or independent.")
  var masks = MaskScheme.balanced

  @Option(help: "Seed of the subsets; --seed where it is not given.")
  var maskSeed: UInt64?

  @OptionGroup var training: TrainingOptions
  @OptionGroup var recording: RecordingOptions
  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let architecture = try training.resolvedArchitecture()
    let recipe = try training.resolvedRecipe()
    let recording = try self.recording.resolved(epochs: recipe.epochs)
    let instructionSet = try selectedInstructionSet()
    if !training.dryRun { try checkReplaceable(output, work) }
    let dataset = try ImageDataset(ArtefactReader(Input(data)))
    let masks = try subsets(dataset)
    let subsetSize = masks.mask(run: 0).reduce(0) { $0 + Int($1) }
    try training.checkBatch(recipe, subset: subsetSize)
    let cell = Cell(
      architecture: architecture, plan: architecture.plan(image: dataset.shape, classes: dataset.classes.count),
      recipe: recipe, seed: training.seed, exactConvolution: training.exactConvolution,
      subset: Cell.subset(masks))
    if training.dryRun {
      let forecast = Forecast(
        cell, dataset: dataset, subset: subsetSize, runs: training.runs.range.count, recording: recording,
        cores: work.cores, instructionSet: instructionSet)
      return try forecast.write(dataset, runs: training.runs.range, instructionSet: instructionSet) {
        .init(mask: masks.mask(run: $0))
      }
    }

    let running = try self.running.begin(output)
    let target = try Output(output.output)
    let data = try TrainingData(dataset)
    let job = TrainingJob(
      tool: "train", cell: cell, dataset: dataset, data: data, runs: training.runs.range, recording: recording,
      cores: work.cores, instructionSet: instructionSet, running: running, quiet: common.quiet)
    try job.perform(output: target, replacesOthers: work.force) { run in .init(mask: masks.mask(run: run)) }
  }

  private func subsets(_ dataset: ImageDataset) throws -> Masks {
    do {
      return try Masks(
        scheme: masks, ratio: subset, seed: maskSeed ?? training.seed, examples: dataset.train.count)
    } catch let error as Masks.Impossible {
      throw Failure(.usage, nil, error.description)
    }
  }
}
