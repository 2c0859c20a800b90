import Artefacts
import Synchronization
import ToolKit

/// What is known of a job under way, by all its workers: for the progress line and the log, and whether to stop.
final class JobWatch: Sendable {
  private struct State {
    var finished: Int
    /// Epochs done of the runs under way, and of those that have ended all.
    var epochs: [Int: Int] = [:]
    var epochsOfFinished = 0
    var failure: (any Error)?
  }

  private let progress: Progress
  private let log: EventLog?
  private let runs: Int
  private let epochs: Int
  private let architecture: String
  private let state: Mutex<State>
  private let hasFailed = Atomic(false)

  /// - Parameter done: runs that are there from before.
  init(_ job: TrainingJob, done: Int) {
    (runs, epochs, architecture) = (job.runs.count, job.cell.recipe.epochs, job.cell.plan.architecture)
    log = job.running.log
    let examples = job.data.train.count - (job.cell.exclusion?.count ?? 0)
    let subset = Double(examples) * (job.cell.subset["ratio"]?.double ?? 1)
    progress = Progress(
      architecture, total: Double((runs - done) * epochs) * subset, unit: "images", quiet: job.isQuiet)
    state = Mutex(State(finished: done, epochsOfFinished: done * epochs))
  }

  var finished: Int { state.withLock { $0.finished } }

  /// Whether runs are to save themselves and end.
  var isStopping: Bool { StopRequest.isMade || hasFailed.load(ordering: .relaxed) }

  /// What the log says of the whole job.
  var members: [String: JSON] {
    [
      "architecture": .string(architecture), "runs": .number(Double(runs)), "epochs": .number(Double(epochs)),
      "runs_done": .number(Double(finished)),
    ]
  }

  // MARK: Errors

  /// The first error counts; the other runs save themselves and end.
  func fail(_ error: any Error) {
    state.withLock { $0.failure = $0.failure ?? error }
    hasFailed.store(true, ordering: .relaxed)
  }

  func throwFailure() throws {
    if let error = state.withLock({ $0.failure }) { throw error }
  }

  private func write(_ event: String, of run: Int, _ members: [String: JSON] = [:]) {
    do {
      try log?.write(event, members.merging(["run": .number(Double(run))]) { $1 })
    } catch {
      fail(error)
    }
  }

  // MARK: Events

  func note(_ event: RunEvent, of run: Int) {
    switch event {
    case .resumed(let epoch, let images):
      state.withLock { $0.epochs[run] = epoch - 1 }
      progress.skip(Double(images))
      write("resumed", of: run, ["epoch": .number(Double(epoch)), "images": .number(Double(images))])
    case .batch(_, let images, let loss, let accuracy):
      let detail = state.withLock { state in
        let epochsDone = state.epochsOfFinished + state.epochs.values.reduce(0, +)
        return "\(state.finished) of \(runs) runs and \(epochsDone) of \(runs * epochs) epochs done"
      }
      progress.advance(by: Double(images), detail: "\(detail), loss \(digits(loss)), accuracy \(digits(accuracy))")
    case .epoch(let summary):
      state.withLock { $0.epochs[run] = summary.epoch }
      write(
        "epoch", of: run,
        [
          "epoch": .number(Double(summary.epoch)), "loss": .measured(summary.loss),
          "accuracy": .measured(summary.accuracy), "test_loss": .measured(summary.testLoss),
          "test_accuracy": .measured(summary.testAccuracy), "seconds": .measured(summary.seconds),
          "images_per_second": .measured(Double(summary.images) / summary.seconds),
        ])
    case .saved(let epoch, let step):
      write("saved", of: run, ["epoch": .number(Double(epoch)), "step": .number(Double(step))])
    case .reached(let epoch, let accuracy, let left):
      progress.drop(Double(left))
      write("reached", of: run, ["epoch": .number(Double(epoch)), "accuracy": .measured(accuracy)])
    case .diverged(let epoch, let left):
      progress.drop(Double(left))
      write("diverged", of: run, ["epoch": .number(Double(epoch))])
    }
  }

  /// A run is done, and kept.
  func noteEnd(of run: Int) {
    state.withLock { state in
      state.finished += 1
      state.epochs[run] = nil
      state.epochsOfFinished += epochs
    }
    write("done", of: run)
  }

  func end() { progress.finish() }
}

/// A number of at least 0 with three digits after the point.
private func digits(_ value: Double) -> String {
  guard value.isFinite, value < 1e6 else { return "\(value)" }
  let thousandths = String(Int((value * 1000).rounded()))
  let padded = String(repeating: "0", count: max(0, 4 - thousandths.count)) + thousandths
  return "\(padded.dropLast(3)).\(padded.suffix(3))"
}
