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
    let output: Output
    let input: (Int) throws -> RunInput
  }

  /// Trains what is missing and makes the output appear.
  ///
  /// One command at a time works on an output; others wait. Where the output holds exactly these runs, nothing is done.
  ///
  /// - Parameters:
  ///   - place: where they go. Finished runs are replaced, and unfinished work of other configurations beside them goes, with
  ///     `--force` alone.
  ///   - teachers: the digest of each run's teacher, where runs are distilled.
  ///   - input: a run's mask and teacher; called under the lock on files.
  /// - Throws: a `Failure` of status 75 where the process was asked to stop: all that was done is saved.
  public func perform(
    place first: OutputPlace, teachers: [Int: [UInt8]] = [:], input: sending @escaping (Int) throws -> RunInput
  ) throws {
    Machine.giveBackLargeArrays()
    let name = first.argument
    let isDone = try !first.replacesAll && holdsRuns(first, teachers)
    if isDone, let path = first.path, try !RunParts.areLeft(beside: path) { return try noteDone(name) }
    let parts = try waitForParts(first)
    // What has come while this command waited counts as if it had been there before; --force is for what it began with.
    let place = try first.lookedAtAgain()
    if place.seen != first.seen || !first.replacesAll, try holdsRuns(place, teachers) {
      try parts.clear(runs)
      return try noteDone(name)
    }
    let output = try place.open()
    let done = Set(try parts.finished(of: runs, teachers: teachers))
    let missing = runs.filter { !done.contains($0) }
    if !done.isEmpty && !isQuiet {
      printError(
        "\(Program.name(tool)): \(done.count) of \(runs.count) runs are there from before; \(missing.count) to go\n")
    }
    let watch = JobWatch(self, done: done.count)
    try running.log?.write("start", watch.members)
    let files = Mutex(Files(parts: parts, output: output, input: input))
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
    try files.withLock { try $0.parts.assemble(runs, into: $0.output, replacesOthers: place.replacesAll) }
  }

  /// Takes the parts beside the output, when no other command has them.
  private func waitForParts(_ place: OutputPlace) throws -> RunParts {
    var hasSaid = false
    let parts = try RunParts(target: place.path, schema: schema, dependencies: [instructionSet.rawValue]) {
      if StopRequest.isMade {
        throw Failure(
          .resumable, place.argument, "stopped while another command worked on it",
          remedy: "the same command waits for it again")
      }
      if !hasSaid {
        say(place.argument, "another command is at work on it (it has \(place.argument).partial); waiting for its end")
      }
      hasSaid = true
    }
    if !parts.isLocked {
      say(place.argument, "the file system keeps no locks; let no two commands work on this output at a time")
    }
    return parts
  }

  /// Whether the output holds exactly these runs.
  ///
  /// - Throws: a `Failure` of status 64 where it holds something else that is not to be replaced.
  private func holdsRuns(_ place: OutputPlace, _ teachers: [Int: [UInt8]]) throws -> Bool {
    guard place.isTaken, let path = place.path else { return false }
    guard let difference = try schema.difference(of: path, from: runs, teachers: teachers) else { return true }
    guard place.replacesAll else {
      throw Failure(
        .usage, place.argument, "exists, and \(difference)", remedy: "name another file, or give --force")
    }
    return false
  }

  private func noteDone(_ name: String) throws {
    let watch = JobWatch(self, done: runs.count)
    for event in ["start", "finished"] { try running.log?.write(event, watch.members) }
    say(name, "holds \(runs.count == 1 ? "this run" : "these \(runs.count) runs"); there is nothing to train")
  }

  /// Says a line that `-q` does not leave out.
  private func say(_ name: String, _ text: String) {
    printError(printable("\(Program.name(tool)): \(name): \(text)") + "\n")
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
