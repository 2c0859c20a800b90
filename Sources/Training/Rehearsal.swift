import Artefacts
import Kernels
import Networks
import Synchronization
import ToolKit

/// What the parts of a run take, in seconds: timed on the real data, with as many runs at once, of as many threads, as
/// the job would have. Nothing is written.
public struct Rehearsal: Sendable {
  /// Of reading the data set.
  public var loading = 0.0
  /// Of making a run's networks.
  var setUp = 0.0
  /// Of a step with a whole batch.
  var step = 0.0
  /// Of making the evaluator, once an evaluation.
  var evaluator = 0.0
  /// Of evaluating one example.
  var evaluation = 0.0
  /// Of one example's dynamics from its logits.
  var point = 0.0
  /// Of one example by a teacher whose logits are stored.
  var teacher = 0.0
  /// Of one byte of output: of digesting it as often as it is, and of writing it twice at a disk's usual speed.
  var byte = 0.0

  /// How long steps are timed, and evaluation, at least.
  private static let span = (steps: 2.0, evaluation: 1.0)

  /// - Parameter inputs: of as many runs as there will be at once.
  public init(_ trainer: Trainer, inputs: [Trainer.Input], threads: Int, loading: Double) {
    let timed = Mutex<[Rehearsal]>([])
    ThreadPool(threads: inputs.count).run(inputs.count) { i in
      let begin = Machine.seconds
      var session = Session(
        trainer, run: i, inputs[i], pool: ThreadPool(threads: threads), keeper: Keeper(), report: { _ in })
      session.begin()
      let setUp = Machine.seconds - begin
      var result = session.rehearse(Rehearsal.span)
      result.setUp = setUp
      timed.withLock { $0.append(result) }
    }
    let all = timed.withLock { $0 }
    func mean(_ part: (Rehearsal) -> Double) -> Double { all.reduce(0) { $0 + part($1) } / Double(all.count) }
    self.loading = loading
    (setUp, step, teacher) = (mean(\.setUp), mean(\.step), mean(\.teacher))
    (evaluator, evaluation, point) = (mean(\.evaluator), mean(\.evaluation), mean(\.point))
    byte = Rehearsal.secondsOfByte()
  }

  fileprivate init() {}

  private static func secondsOfByte() -> Double {
    let block = [UInt8](repeating: 1, count: 1 << 22)
    let start = Machine.seconds
    let digest = Digest()
    digest.update(block)
    _ = digest.finish()
    // A part's rows are digested when they are written, when they are read back, and when they are in the target.
    return 3 * (Machine.seconds - start) / Double(block.count) + 2 / 300e6
  }
}

extension Session {
  /// Times steps of the first epoch, after one to warm up, and batches of an evaluation.
  mutating func rehearse(_ span: (steps: Double, evaluation: Double)) -> Rehearsal {
    var result = Rehearsal()
    result.teacher = timeTeacher()
    result.step = median(timeSteps(span.steps))
    var times: [Double] = []
    let begin = Machine.seconds
    let state = currentState
    while times.count < 3 || (Machine.seconds - begin < span.evaluation && times.count < 20) {
      let start = Machine.seconds
      let evaluator = newEvaluator()
      result.evaluator = Machine.seconds - start
      let (count, logits) = evaluator.rehearse(state: state, batches: 8)
      times.append((Machine.seconds - start - result.evaluator) / Double(count))
      result.point = secondsOfPoint(logits)
    }
    result.evaluation = median(Array(times.dropFirst()))
    return result
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}

extension Evaluator {
  /// Evaluates some batches of the training split: how many examples, and their logits.
  func rehearse(state: [Float], batches: Int) -> (count: Int, logits: [Float]) {
    executor.load(state: state)
    let count = min(input.data.train.count, batches * capacity)
    var (logits, batch): ([Float], [Float]) = ([], [])
    let examples = (0..<Int32(count)).map { $0 }
    for start in stride(from: 0, to: count, by: capacity) {
      let part = examples[start..<min(start + capacity, count)]
      input.write(part, of: input.data.train, to: executor)
      executor.forward(count: part.count, training: false)
      executor.readLogits(count: part.count, into: &batch)
      logits += batch
    }
    return (count, logits)
  }
}
