import Artefacts
import Kernels
import Measures
import Networks
import ToolKit

/// What runs will cost, before they are trained: read from the plan, the recipe and the schema of their file.
public struct Forecast {
  /// Bytes.
  public struct Memory: Sendable {
    /// Of the student in training.
    public let student: MemoryNeed
    /// Of what evaluates it after an epoch, beyond what the student lends.
    public let evaluator: MemoryNeed
    public let teacher: MemoryNeed?
    /// What a run has found out until it is in its file, and weights on their way from one network to another.
    public let results: Int
    /// All images, with labels and positions; runs share them.
    public let data: Int

    public var run: Int { student.total + evaluator.total + (teacher?.total ?? 0) + results }
  }

  public let cell: Cell
  public let runs: Int
  /// Runs at a time, and threads of each.
  public let workers: Int
  public let threads: Int
  /// Training examples of a run.
  public let subset: Int
  public let memory: Memory
  /// Bytes, before subsets and correctness are compressed.
  public let output: Int
  /// What each kind of rows takes or would take.
  let kinds: OutputKinds
  /// Training examples of the data set, and test examples.
  let examples: (train: Int, test: Int)
  let recording: Recording
  /// Floating-point operations of convolutions and dense layers, over all epochs and runs: a training step counts as
  /// three forward passes, and one of its teacher, whose logits may be stored after one pass over the subset.
  public let trainingFLOPs: Double
  /// The same of evaluation passes.
  public let evaluationFLOPs: Double

  public init(
    _ cell: Cell, dataset: ImageDataset, subset: Int, teacher: Plan? = nil, runs: Int, recording: Recording, cores: Int,
    instructionSet: InstructionSet
  ) {
    let schedule = Schedule(runs: runs, cores: cores)
    let schema = cell.schema(dataset, recording)
    let networks = RunNetworks(cell, subset: subset, threads: schedule.threads, teacher: teacher)
    func need(_ network: RunNetworks.Network, lent: Int = 0) -> MemoryNeed {
      network.memoryNeed(threads: schedule.threads, instructionSet, lent: lent)
    }
    let student = need(networks.student)
    let (train, test) = (dataset.train.count, dataset.test?.count ?? 0)
    let rows = schema.variables.reduce(0) { $0 + $1.rowBytes }
    let float = MemoryLayout<Float>.stride
    let logits = (train + test) * dataset.classes.count * float
    // Of one epoch, before they are rows.
    let points = recording.keep.contains(.dynamics) ? train * (5 * float + 1) : 0
    // What a teacher says of all training examples, where it says it once.
    let isStored = cell.teachers?.logits == .stored
    let stored = isStored ? train * dataset.classes.count * float : 0
    let states = (cell.plan.stateCount + (teacher?.stateCount ?? 0)) * float
    let example = dataset.imageCount + MemoryLayout<Int32>.stride + MemoryLayout<Int64>.stride
    memory = Memory(
      student: student, evaluator: need(networks.evaluator, lent: student.lendable),
      teacher: networks.teacher.map { need($0) },
      results: rows + logits + points + states + stored,
      data: (train + test) * example)

    let perExample = MemoryLayout<Int32>.stride + MemoryLayout<Int64>.stride
    output = runs * rows + (train + test) * perExample
    kinds = OutputKinds(cell, dataset: dataset, recording)
    examples = (train, test)
    self.recording = recording
    let recipe = cell.recipe
    let tests = (recipe.epochs + recipe.testEvery - 1) / recipe.testEvery
    let passes = recording.has(.evaluation) ? recipe.epochs : 1
    let forward = Double(cell.plan.forwardFLOPs)
    let images = Double(recipe.epochs) * Double(subset) * Double(runs)
    let taught = isStored ? Double(subset) * Double(runs) : images
    trainingFLOPs = images * 3 * forward + taught * Double(teacher?.forwardFLOPs ?? 0)
    // Looks at the accuracy after each epoch, unless dynamics tell it.
    let looks = recipe.stopAtAccuracy == nil || recording.has(.evaluation) ? 0 : recipe.epochs * subset
    evaluationFLOPs = forward * Double(runs) * Double(tests * test + passes * train + looks)
    (self.cell, self.runs, self.subset) = (cell, runs, subset)
    (workers, threads) = (schedule.workers, schedule.threads)
  }

  /// Whether a run may end before all epochs, so that work and time are bounds.
  private var mayStopEarly: Bool { cell.recipe.stopAtAccuracy != nil }

  /// The most bytes that a process will have in memory which has `resident` now, without images and runs.
  public func peak(resident: Int) -> Int { resident + memory.data + workers * memory.run }

  /// Seconds that the job will take.
  ///
  /// Runs that are done at once are taken to last equally long, so that the last ones are as slow as the others even
  /// where they have the cores to themselves.
  public func seconds(_ timed: Rehearsal) -> Double {
    let recipe = cell.recipe
    let epochs = Double(recipe.epochs)
    let tests = examples.test > 0 ? (recipe.epochs + recipe.testEvery - 1) / recipe.testEvery : 0
    let isRecorded = recording.has(.evaluation)
    // The last epoch's passes are those of the finished run.
    let passes = isRecorded ? recipe.epochs : 1
    let looks = mayStopEarly && !isRecorded ? recipe.epochs : 0
    let evaluations = isRecorded || mayStopEarly ? recipe.epochs : tests
    let step = timed.step * Double(subset) / Double(min(recipe.batchSize, subset))
    var run = timed.setUp + epochs * step
    run += timed.teacher * Double(subset)
    run += Double(evaluations) * timed.evaluator
    let evaluated = Double(tests * examples.test + passes * examples.train + looks * subset)
    run += timed.evaluation * evaluated
    if isRecorded { run += timed.point * epochs * Double(examples.train) }
    let rounds = Double((runs + workers - 1) / workers)
    return timed.loading + rounds * run + Double(output) * timed.byte
  }

  /// Times the parts of the job and writes the report to standard output.
  ///
  /// - Parameter input: of a run.
  public func write(
    _ dataset: ImageDataset, runs: Range<Int>, instructionSet: InstructionSet, input: (Int) throws -> Trainer.Input
  ) throws {
    let resident = Machine.residentBytes
    let start = Machine.seconds
    let data = try TrainingData(dataset)
    let loading = Machine.seconds - start
    let trainer = Trainer(cell: cell, data: data, instructionSet: instructionSet, recording: recording)
    let timed = Rehearsal(
      trainer, inputs: try runs.prefix(workers).map(input), threads: threads, loading: loading)
    try StandardOutput.write(Array(report(resident: resident, timed).utf8))
  }

  /// One line a quantity: name, value, unit, apart by two spaces or more.
  public func report(resident: Int, _ timed: Rehearsal) -> String {
    let recipe = cell.recipe
    let atMost = mayStopEarly ? ", at most" : ""
    var lines: [(name: String, value: String, unit: String)] = [
      ("runs", "\(runs)", "runs"),
      ("epochs", "\(recipe.epochs)", "epochs a run\(atMost)"),
      ("subset", "\(subset)", "images a run"),
      ("parameters", "\(cell.plan.parameterCount)", "parameters"),
    ]
    func add(_ name: String, flops: Double, _ unit: String) {
      let prefixes = ["", "k", "M", "G", "T", "P", "E"]
      var (value, prefix) = (flops, 0)
      while value >= 1000, prefix + 1 < prefixes.count { (value, prefix) = (value / 1000, prefix + 1) }
      lines.append((name, decimal(value), prefixes[prefix] + unit))
    }
    func add(_ name: String, bytes: Int, _ unit: String = "MB") {
      lines.append((name, decimal(Double(bytes) / 1e6), unit))
    }
    add("forward pass", flops: Double(cell.plan.forwardFLOPs), "FLOP an image")
    add("training", flops: trainingFLOPs, "FLOP\(atMost)")
    add("evaluation", flops: evaluationFLOPs, "FLOP\(atMost)")
    let whole = time("time", seconds(timed))
    lines.append((whole.name, whole.value, whole.unit + atMost))
    if recording.has(.evaluation) {
      let pass = timed.evaluator + Double(examples.train) * (timed.evaluation + timed.point)
      let whole = time("of that for dynamics", pass * Double(cell.recipe.epochs))
      lines.append((whole.name, whole.value, "\(whole.unit) a run"))
    }
    add("output", bytes: output)
    for kind in kinds.list { add(kind.name, bytes: kind.bytes * runs, "MB\(kind.note)") }
    lines += standardErrors
    lines += [("runs at once", "\(workers)", "runs"), ("threads", "\(threads)", "threads a run")]
    add("weights", bytes: memory.student.parameters, "MB a run")
    add("activations", bytes: memory.student.values, "MB a run")
    add("scratch", bytes: memory.student.scratch, "MB a run")
    add("evaluator", bytes: memory.evaluator.total, "MB a run")
    if let teacher = memory.teacher { add("teacher", bytes: teacher.total, "MB a run") }
    add("results", bytes: memory.results, "MB a run")
    add("data set", bytes: memory.data)
    add("program", bytes: resident)
    add("peak memory", bytes: peak(resident: resident))
    return aligned(lines)
  }
}

extension Forecast {
  /// Of an example's memorisation score from these runs.
  fileprivate var standardErrors: [(name: String, value: String, unit: String)] {
    let ratio = Double(subset) / Double(examples.train)
    guard ratio < 1 else {
      return [("standard error", "none", "no run leaves an example out: these runs give no memorisation score")]
    }
    return ScorePlan.Spread.allCases.map { spread in
      let error = ScorePlan(ratio: ratio, spread: spread).standardError(runs: runs)
      return ("standard error, \(spread)", fixed(error, places: 3), "of a memorisation score")
    }
  }

  /// A time in the unit that suits it.
  fileprivate func time(_ name: String, _ seconds: Double) -> (name: String, value: String, unit: String) {
    switch seconds {
    case ..<100: (name, decimal(seconds), "s")
    case ..<6000: (name, decimal(seconds / 60), "min")
    default: (name, decimal(seconds / 3600), "h")
    }
  }
}

/// The bytes of a run's output by what they are of, kept or not.
struct OutputKinds {
  let list: [(name: String, bytes: Int, note: String)]

  init(_ cell: Cell, dataset: ImageDataset, _ recording: Recording) {
    func schema(_ keep: Set<Keep>, _ snapshots: [Int32] = []) -> Int {
      cell.schema(dataset, Recording(keep: keep, snapshots: snapshots)).variables.reduce(0) { $0 + $1.rowBytes }
    }
    func note(_ keep: Keep) -> String { recording.keep.contains(keep) ? "" : ", not kept" }
    let bare = schema([])
    let count = recording.keep.contains(.checkpoint) ? recording.snapshots.count : 1
    list = [
      ("  subsets and history", bare, ""),
      ("  logit", schema([.logit]) - bare, note(.logit)),
      (
        "  checkpoint", count * (schema([.checkpoint], [1]) - bare),
        count > 1 ? " of \(count) snapshots" : note(.checkpoint)
      ),
      ("  dynamics", schema([.dynamics]) - bare, note(.dynamics)),
    ]
  }
}

/// A number of at least 0 with one digit after the point.
func decimal(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
