import Artefacts
import Kernels
import Networks
import Synchronization
import ToolKit

/// All runs that one command asks for: scheduled over the cores, kept as they finish, put together at the end.
public struct TrainingJob: Sendable {
  public typealias RunInput = Trainer.Input

  let cell: Cell
  let data: TrainingData
  let recording: Recording
  let schema: RunSchema
  let runs: [Int]
  let cores: Int
  let instructionSet: InstructionSet
  let isQuiet: Bool
  let running: Running
  /// The tool that speaks, in its messages.
  let tool: String

  public init(
    tool: String, cell: Cell, dataset: ImageDataset, data: TrainingData, runs: Range<Int>, recording: Recording,
    cores: Int, instructionSet: InstructionSet, running: Running = Running(), quiet: Bool
  ) {
    self.tool = tool
    self.cell = cell
    self.data = data
    self.recording = recording
    self.runs = Array(runs)
    self.cores = cores
    self.instructionSet = instructionSet
    self.running = running
    isQuiet = quiet
    schema = cell.schema(dataset, recording)
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
  /// - Throws: a `Failure` of status 75 where the process was asked to stop: all that was done is saved.
  public func perform(
    output: sending Output, replacesOthers: Bool, teachers: [Int: [UInt8]] = [:],
    input: sending @escaping (Int) throws -> RunInput
  ) throws {
    Machine.giveBackLargeArrays()
    let name = output.name
    let parts = try RunParts(
      output: output, schema: schema, dependencies: [instructionSet.rawValue])
    let done = Set(parts.finished(of: runs, teachers: teachers))
    let missing = runs.filter { !done.contains($0) }
    if !done.isEmpty && !isQuiet {
      printError(
        "\(Program.name(tool)): \(done.count) of \(runs.count) runs are there from before; \(missing.count) to go\n")
    }
    let watch = JobWatch(self, done: done.count)
    try running.log?.write("start", watch.members)
    let files = Mutex(Files(parts: parts, input: input))
    let schedule = Schedule(runs: missing.count, cores: cores)
    let trainer = Trainer(cell: cell, data: data, instructionSet: instructionSet, recording: recording)
    ThreadPool(threads: schedule.workers).run(missing.count) { i in
      let run = missing[i]
      guard !watch.isStopping else { return }
      do {
        let (input, journal) = try files.withLock { files in
          let input = try files.input(run)
          return (input, files.parts.journal(of: run, mask: input.mask, teacher: input.teacher?.digest))
        }
        let rows = try trainer.rows(
          run: run, input, pool: ThreadPool(threads: schedule.threads),
          keeper: Keeper(journal: journal, interval: running.saveEvery) { watch.isStopping }
        ) { watch.note($0, of: run) }
        try files.withLock { try $0.parts.add(rows) }
        watch.noteEnd(of: run)
      } catch is Stopped {
      } catch {
        watch.fail(error)
      }
    }
    watch.end()
    try watch.throwFailure()
    let finished = watch.finished
    guard finished == runs.count else {
      try running.log?.write("stopped", watch.members)
      throw Failure(
        .resumable, name, "stopped with \(finished) of \(runs.count) runs done, the others saved",
        remedy: "the same command goes on from there")
    }
    // Before the output appears: an error of the log after that would take finished work for failed.
    try running.log?.write("finished", watch.members)
    try files.withLock { try $0.parts.assemble(runs, replacesOthers: replacesOthers) }
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
