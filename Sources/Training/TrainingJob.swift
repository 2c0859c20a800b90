import Artefacts
import Kernels
import Networks
import Synchronization
import ToolKit

/// All runs that one command asks for: scheduled over the cores, kept as they finish, put together at the end.
public struct TrainingJob: Sendable {
  let cell: Cell
  let data: TrainingData
  let schema: RunSchema
  let runs: [Int]
  let cores: Int
  let instructionSet: InstructionSet
  let isQuiet: Bool
  /// The tool that speaks, in its messages.
  let tool: String

  public init(
    tool: String, cell: Cell, dataset: ImageDataset, data: TrainingData, runs: Range<Int>, keep: Set<Keep>, cores: Int,
    instructionSet: InstructionSet, quiet: Bool
  ) {
    self.tool = tool
    self.cell = cell
    self.data = data
    self.runs = Array(runs)
    self.cores = cores
    self.instructionSet = instructionSet
    isQuiet = quiet
    schema = cell.schema(dataset, keep: keep)
  }

  /// What one run needs beside the cell.
  public struct RunInput: Sendable {
    /// 1 where a training example is in the run's subset.
    public let mask: [UInt8]
    public let teacher: Trainer.Teacher?

    public init(mask: [UInt8], teacher: Trainer.Teacher? = nil) {
      self.mask = mask
      self.teacher = teacher
    }
  }

  /// Files under way. libhdf5 is for one thread at a time, so whoever touches a file holds the lock around this.
  private struct Files {
    let parts: RunParts
    let input: (Int) throws -> RunInput
  }

  /// Trains what is missing and makes the output appear.
  ///
  /// - Parameters:
  ///   - replacesOthers: whether unfinished work of other configurations beside the output goes.
  ///   - teachers: the digest of each run's teacher, where runs are distilled.
  ///   - input: a run's mask and teacher; called under the lock on files.
  public func perform(
    output: sending Output, replacesOthers: Bool, teachers: [Int: [UInt8]] = [:],
    input: sending @escaping (Int) throws -> RunInput
  ) throws {
    let parts = try RunParts(
      output: output, schema: schema, dependencies: [instructionSet.rawValue])
    let done = Set(parts.finished(of: runs, teachers: teachers))
    let missing = runs.filter { !done.contains($0) }
    if !done.isEmpty && !isQuiet {
      printError("\(tool): \(done.count) of \(runs.count) runs are there from before; \(missing.count) to go\n")
    }
    let progress = Progress(
      cell.plan.architecture, total: Double(missing.count * cell.recipe.epochs) * averageSubset, unit: "images",
      quiet: isQuiet)
    let files = Mutex(Files(parts: parts, input: input))
    let failure = Mutex<(any Error)?>(nil)
    let finishedRuns = Atomic(done.count)
    let schedule = Schedule(runs: missing.count, cores: cores)
    let trainer = Trainer(
      cell: cell, data: data, instructionSet: instructionSet, keep: schema.keep)
    let count = runs.count
    ThreadPool(threads: schedule.workers).run(missing.count) { i in
      guard failure.withLock({ $0 == nil }) else { return }
      do {
        let input = try files.withLock { try $0.input(missing[i]) }
        let rows = trainer.rows(
          run: missing[i], mask: input.mask, teacher: input.teacher,
          pool: ThreadPool(threads: schedule.threads)
        ) { images in
          let finished = finishedRuns.load(ordering: .relaxed)
          progress.advance(by: Double(images), detail: "\(finished) of \(count) runs done")
        }
        try files.withLock { try $0.parts.add(rows) }
        finishedRuns.add(1, ordering: .relaxed)
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    progress.finish()
    if let error = failure.withLock({ $0 }) { throw error }
    try files.withLock { try $0.parts.assemble(runs, replacesOthers: replacesOthers) }
  }

  private var averageSubset: Double {
    Double(data.train.count - (cell.exclusion?.count ?? 0)) * (cell.subset["ratio"]?.double ?? 1)
  }
}

/// How runs share the cores: side by side first; what cores are left over become threads within each run.
struct Schedule {
  /// Runs at a time.
  let workers: Int
  /// Of each run.
  let threads: Int

  init(runs: Int, cores: Int) {
    workers = max(1, min(cores, runs))
    threads = max(1, cores / workers)
  }
}
