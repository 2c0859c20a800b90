import Artefacts
import Kernels
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
  /// Floating-point operations of convolutions and dense layers, over all epochs and runs: a training step counts as
  /// three forward passes, and one of its teacher.
  public let trainingFLOPs: Double
  /// The same of evaluation passes.
  public let evaluationFLOPs: Double

  public init(
    _ cell: Cell, dataset: ImageDataset, subset: Int, teacher: Plan? = nil, runs: Int, keep: Set<Keep>, cores: Int,
    instructionSet: InstructionSet
  ) {
    let schedule = Schedule(runs: runs, cores: cores)
    let schema = cell.schema(dataset, keep: keep)
    let networks = RunNetworks(cell, subset: subset, threads: schedule.threads, teacher: teacher)
    func need(_ network: RunNetworks.Network, lent: Int = 0) -> MemoryNeed {
      network.memoryNeed(threads: schedule.threads, instructionSet, lent: lent)
    }
    let student = need(networks.student)
    let (train, test) = (dataset.train.count, dataset.test?.count ?? 0)
    let rows = schema.variables.reduce(0) { $0 + $1.rowBytes }
    let float = MemoryLayout<Float>.stride
    let logits = (train + test) * dataset.classes.count * float
    // Before they are rows, and one quantity twice on its way there.
    let points =
      keep.contains(.dynamics) ? cell.recipe.epochs * train * (MemoryLayout<DynamicsPoint>.stride + 2 * float) : 0
    let states = (cell.plan.stateCount + (teacher?.stateCount ?? 0)) * float
    let example = dataset.imageCount + MemoryLayout<Int32>.stride + MemoryLayout<Int64>.stride
    memory = Memory(
      student: student, evaluator: need(networks.evaluator, lent: student.lendable),
      teacher: networks.teacher.map { need($0) },
      results: rows + logits + points + states,
      data: (train + test) * example)

    let perExample = MemoryLayout<Int32>.stride + MemoryLayout<Int64>.stride
    output = runs * rows + (train + test) * perExample
    let recipe = cell.recipe
    let tests = (recipe.epochs + recipe.testEvery - 1) / recipe.testEvery
    let passes = keep.contains(.dynamics) ? recipe.epochs : 1
    let forward = Double(cell.plan.forwardFLOPs)
    let images = Double(recipe.epochs) * Double(subset) * Double(runs)
    trainingFLOPs = images * (3 * forward + Double(teacher?.forwardFLOPs ?? 0))
    evaluationFLOPs = forward * Double(runs) * (Double(tests) * Double(test) + Double(passes) * Double(train))
    (self.cell, self.runs, self.subset) = (cell, runs, subset)
    (workers, threads) = (schedule.workers, schedule.threads)
  }

  /// The most bytes that a process will have in memory which has `resident` now, without images and runs.
  public func peak(resident: Int) -> Int { resident + memory.data + workers * memory.run }

  /// One line a quantity: name, value, unit, apart by two spaces or more.
  public func report(resident: Int) -> String {
    let recipe = cell.recipe
    var lines: [(name: String, value: String, unit: String)] = [
      ("runs", "\(runs)", "runs"),
      ("epochs", "\(recipe.epochs)", "epochs a run"),
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
    add("training", flops: trainingFLOPs, "FLOP")
    add("evaluation", flops: evaluationFLOPs, "FLOP")
    add("output", bytes: output)
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
    let (names, values) = (lines.map(\.name.count).max() ?? 0, lines.map(\.value.count).max() ?? 0)
    func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
    return lines.map { name, value, unit in
      "\(name)\(spaces(names - name.count + 2))\(spaces(values - value.count))\(value)  \(unit)\n"
    }.joined()
  }
}

/// A number of at least 0 with one digit after the point.
private func decimal(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
