import ArgumentParser
import Artefacts
import Networks
import ToolKit
import Training

@main
struct Train: Tool {
  static let configuration = CommandConfiguration(
    commandName: Program.name("train"),
    abstract: "Train networks on random subsets of a data set.",
    discussion: Program.text(
      """
      Reads a data set file and writes a runs file: for each run its training
      subset, which examples the trained network gets right, how training went,
      and by default its weights and logits.

        fetch-data sprites | train - --architecture mlp --runs 0:10 -o runs.h5

      Work that is cut off goes on with the same command: finished runs wait in
      FILE.partial. A second command for the same output waits for the first. Where
      the output holds exactly these runs there is nothing to do; other runs are
      replaced with --force alone.
      """),
    version: Version.text("train", software: Kind.runs.software, libraries: fileLibraries))

  @Argument(help: ArgumentHelp("A data set file; - is standard input, and the default.", valueName: "data"))
  var data: String?

  @Option(help: "Share of the training examples in a run's subset; 1 for all.")
  var subset = Masks.usual.ratio

  @Option(help: "How subsets are drawn: balanced or independent.")
  var masks = Masks.usual.scheme

  @Option(help: "Seed of the subsets; --seed where it is not given.")
  var maskSeed: UInt64?

  @Flag(
    help: ArgumentHelp(
      "Print the architectures with what they cost for the images of the data set, or without one for 3 x 32 x 32 and "
        + "10 classes, and end."))
  var list = false

  @OptionGroup var exclusion: ExclusionOptions
  @OptionGroup var training: TrainingOptions
  @OptionGroup var recording: RecordingOptions
  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    if list { return try StandardOutput.write(Array(listing().utf8)) }
    let recipe = try training.recipe.resolved()
    if training.recipe.showRecipe { return try StandardOutput.write(Array((recipe.json.indented + "\n").utf8)) }
    let runs = try training.runs.resolved()
    let architecture = try training.resolvedArchitecture()
    let recording = try self.recording.resolved(epochs: recipe.epochs)
    let instructionSet = try selectedInstructionSet()
    let inputs = [data ?? "-"] + training.recipe.files + exclusion.files
    let place = try training.dryRun ? nil : output.place(for: .file(.runs), inputs: inputs)
    let dataset = try ImageDataset(ArtefactReader(Input(data ?? "-")))
    let masks = try Masks.of(dataset, scheme: masks, ratio: subset, seed: maskSeed ?? training.seed)
    let plan = try architecture.plan(for: dataset)
    let exclusion = try exclusion.resolved(dataset, seed: training.seed)
    let sizes = masks.sizes(of: runs, without: exclusion)
    try recipe.checkBatches(of: plan, subsets: sizes)
    let cell = Cell(
      architecture: architecture, plan: plan, recipe: recipe,
      initialisation: try training.initialisation.resolved(for: plan), seed: training.seed,
      exactConvolution: training.exactConvolution,
      subset: Cell.subset(masks), exclusion: exclusion)
    guard let place else {
      let forecast = Forecast(
        cell, dataset: dataset, subset: sizes.max() ?? 0, runs: runs.count, recording: recording,
        cores: jobs.cores, instructionSet: instructionSet)
      return try forecast.write(dataset, runs: runs, instructionSet: instructionSet) {
        .init(mask: masks.mask(run: $0, without: exclusion))
      }
    }

    let running = try self.running.begin(place, inputs: inputs)
    let data = try TrainingData(dataset)
    let job = TrainingJob(
      tool: "train", cell: cell, dataset: dataset, data: data, runs: runs, recording: recording,
      cores: jobs.cores, instructionSet: instructionSet, running: running, quiet: common.quiet)
    try job.perform(place: place) { run in
      .init(mask: masks.mask(run: run, without: exclusion))
    }
  }

  private func listing() throws -> String {
    let dataset = try data.map { try ImageDataset(ArtefactReader(Input($0))) }
    return try ArchitectureList.text(
      image: dataset?.shape ?? Shape(channels: 3, height: 32, width: 32), classes: dataset?.classes.count ?? 10,
      instructionSet: selectedInstructionSet())
  }
}
