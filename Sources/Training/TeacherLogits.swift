import Kernels
import Networks
import ToolKit

/// Where the logits of a teacher come from.
public enum TeacherPass: String, Sendable, CaseIterable {
  /// Of each batch as the student sees it, augmented.
  case batch
  /// Of the images as they are, from one pass before the training.
  case stored
}

/// What a run's teacher says of the examples that the student is trained on, in evaluation mode.
struct TeacherLogits {
  let teacher: Trainer.Teacher
  private let evaluator: Evaluator
  private let data: TrainingData
  /// (example, class) over the whole training split, where logits are stored; NaN outside of the subset, so that a
  /// student that asked for another's would diverge and not pass.
  private var stored: [Float]?
  private var part: [Float] = []

  init(_ teacher: Trainer.Teacher, _ network: RunNetworks.Network, data: TrainingData, executor: CPUExecutor) {
    (self.teacher, self.data) = (teacher, data)
    evaluator = Evaluator(
      input: InputWriter(data: data, standardisation: teacher.standardisation), executor: executor,
      capacity: network.capacity)
    executor.load(state: teacher.state)
  }

  /// Looks at the images of a subset once, and stores what the teacher says of them.
  mutating func store(_ subset: [Int32], pause: () throws -> Void) rethrows {
    guard stored == nil else { return }
    let classes = data.classes
    let logits = try evaluator.logits(data.train, subset, state: teacher.state, pause: pause)
    var all = [Float](repeating: .nan, count: data.train.count * classes)
    for (i, example) in subset.enumerated() {
      let place = Int(example) * classes
      all.replaceSubrange(place..<place + classes, with: logits[i * classes..<(i + 1) * classes])
    }
    stored = all
  }

  /// Seconds that one example takes, over some batches; what is stored becomes zeros, which cost the student as much.
  mutating func rehearse() -> Double {
    stored = [Float](repeating: 0, count: data.train.count * data.classes)
    let start = Machine.seconds
    let (count, _) = evaluator.rehearse(state: teacher.state, batches: 8)
    return (Machine.seconds - start) / Double(count)
  }

  /// Sets `logits` to those of a batch, (example, class): the stored ones, or of the images as they are cut.
  mutating func read(
    _ batch: ArraySlice<Int32>, cut: @Sendable (Int) -> InputWriter.Cut, into logits: inout [Float]
  ) {
    logits.removeAll(keepingCapacity: true)
    if let stored {
      for example in batch {
        let place = Int(example) * data.classes
        logits += stored[place..<place + data.classes]
      }
      return
    }
    // In pieces that stay in the caches: without batch statistics, what an image's logits are does not depend on them.
    for start in stride(from: batch.startIndex, to: batch.endIndex, by: evaluator.capacity) {
      let piece = batch[start..<min(start + evaluator.capacity, batch.endIndex)]
      evaluator.input.write(piece, of: data.train, to: evaluator.executor, cut: cut)
      evaluator.executor.forward(count: piece.count, training: false)
      evaluator.executor.readLogits(count: piece.count, into: &part)
      logits += part
    }
  }
}
