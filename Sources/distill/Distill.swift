import ArgumentParser
import Artefacts
import Networks
import ToolKit
import Training

extension TeacherPass: ExpressibleByArgument {}

@main
struct Distill: Tool {
  static let configuration = CommandConfiguration(
    commandName: Program.name("distill"),
    abstract: "Train students on the outputs of trained networks.",
    discussion: Program.text(
      """
      Reads a data set file and the teachers' runs. Student k is trained on the
      subset of teacher k, by that teacher alone, so that no student learns of an
      example that its teacher has not seen. With --shared-teacher one run teaches
      all, and what it knows of left-out examples leaks: a comparison. The loss is
      (1-w) CE(label) + w CE(softmax(teacher/T), softmax(student/T)).

        distill data.h5 teachers.h5 --architecture resnet-8 -o students.h5

      Writes a runs file, as train does, and takes train's options; of its losses
      cross-entropy alone. As there, a second command for the same output waits for
      the first, and other runs are replaced with --force alone.
      """),
    version: Version.text("distill", software: Kind.runs.software, libraries: fileLibraries))

  @OptionGroup var inputs: InputOptions

  @Option(help: "Weight of the teacher's term, 0 to 1.")
  var weight = 1.0

  @Option(help: "Temperature.")
  var temperature = 3.0

  @Flag(name: .customLong("temperature-squared"), help: "Multiply the teacher's term by the temperature squared.")
  var squared = false

  @Option(
    help: ArgumentHelp(
      """
      What the teacher looks at: batch, each image as the student sees it, augmented; or stored, each image as it is, \
      once a run.
      """, valueName: "batch|stored"))
  var teacherLogits = TeacherPass.batch

  @OptionGroup var shared: SharedTeacherOptions
  @OptionGroup var training: TrainingOptions
  @OptionGroup var recording: RecordingOptions
  @OptionGroup var running: RunningOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var jobs: JobsOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (0...1).contains(weight) else { throw ValidationError("--weight must be from 0 to 1") }
    guard temperature.isFinite, temperature > 0 else { throw ValidationError("--temperature must be above 0") }
  }

  func run() throws {
    let recipe = try training.recipe.resolved()
    if training.recipe.showRecipe { return try StandardOutput.write(Array((recipe.json.indented + "\n").utf8)) }
    guard recipe.loss == .crossEntropy() else {
      throw Failure(
        .usage, nil, "students learn labels by plain cross-entropy, and by no other loss",
        remedy: "leave out --loss and its values, or take another recipe")
    }
    let runs = try training.runs.resolved()
    let architecture = try training.resolvedArchitecture()
    let recording = try self.recording.resolved(epochs: recipe.epochs)
    let instructionSet = try selectedInstructionSet()
    let names = try inputs.names()
    let read = inputs.read(names) + training.recipe.files
    let place = try training.dryRun ? nil : output.place(for: .file(.runs), inputs: read)
    let (dataset, teachers) = try SortedInputs.dataAndRuns(names)
    let member = try teachers.onlyMember(for: "teachers")
    try check(runs, of: member)
    let plan = try architecture.plan(for: dataset)
    let teacher = try TrainedNetwork(member, dataset: dataset)
    // Teachers' subsets lack the examples already; what students write says so too.
    let exclusion = try teachers.file(of: member.runs[0]).excluded().map {
      Exclusion(flags: $0, json: member.config["exclusion"] ?? .null)
    }
    let sharedRun = shared.sharedTeacher
    let masks = try shared.resolved(dataset, seed: training.seed)
    let sizes =
      if let masks {
        masks.sizes(of: runs, without: exclusion)
      } else {
        try Distill.subsetSizes(member, of: teachers, runs: runs)
      }
    try recipe.checkBatches(of: plan, subsets: sizes)
    let cell = Cell(
      architecture: architecture, plan: plan, recipe: recipe,
      initialisation: try training.initialisation.resolved(for: plan), seed: training.seed,
      exactConvolution: training.exactConvolution,
      subset: masks.map(Cell.subset) ?? member.config["subset"] ?? .null, exclusion: exclusion,
      teachers: TeacherConfiguration(
        cell: member.cell, architecture: member.architecture, weight: weight, temperature: temperature,
        squaredFactor: squared, sharedRun: sharedRun, logits: teacherLogits))
    guard let place else {
      let forecast = Forecast(
        cell, dataset: dataset, subset: sizes.max() ?? 0, teacher: teacher.plan, runs: runs.count,
        recording: recording, cores: jobs.cores, instructionSet: instructionSet)
      return try forecast.write(dataset, runs: runs, instructionSet: instructionSet) { run in
        try teacher.input(
          run: sharedRun ?? run, from: teachers, member, mask: masks?.mask(run: run, without: exclusion))
      }
    }

    let running = try self.running.begin(place, inputs: read)
    let data = try TrainingData(dataset)
    let job = TrainingJob(
      tool: "distill", cell: cell, dataset: dataset, data: data, runs: runs, recording: recording,
      cores: jobs.cores, instructionSet: instructionSet, running: running, quiet: common.quiet)
    let byNumber = Dictionary(uniqueKeysWithValues: zip(member.runNumbers, member.digests))
    let digests = Dictionary(
      uniqueKeysWithValues: runs.map { ($0, byNumber[sharedRun ?? $0, default: []]) })
    try job.perform(place: place, teachers: digests) { [teachers, member] run in
      try teacher.input(
        run: sharedRun ?? run, from: teachers, member, mask: masks?.mask(run: run, without: exclusion))
    }
  }

  private func check(_ runs: Range<Int>, of member: RunsSet.Member) throws {
    let present = Set(member.runNumbers)
    if let run = shared.sharedTeacher {
      guard !present.contains(run) else { return }
      throw Failure(
        .usage, nil, "there is no run \(run) to teach by --shared-teacher", remedy: "name one of the teachers' runs")
    }
    if let missing = runs.first(where: { !present.contains($0) }) {
      throw Failure(
        .usage, nil, "there is no teacher for run \(missing)", remedy: "give --runs within the teachers' runs")
    }
  }

  /// The sizes of the subsets of the runs to come.
  private static func subsetSizes(
    _ member: RunsSet.Member, of teachers: RunsSet, runs: Range<Int>
  ) throws -> Set<Int> {
    Set(
      try member.runs.filter { runs.contains($0.run) }.map { entry in
        try teachers.file(of: entry)
          .flags("/train/in_mask", index: entry.index, count: teachers.trainExample.count).reduce(0) { $0 + Int($1) }
      })
  }
}
