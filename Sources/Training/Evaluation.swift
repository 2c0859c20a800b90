import Kernels
import Networks

/// What a model says of a split: evaluation mode, no augmentation.
struct Evaluator {
  let input: InputWriter
  let executor: CPUExecutor
  let capacity: Int

  /// Logits of all examples, (example, class).
  ///
  /// - Parameter pause: called before each batch.
  func logits(_ split: TrainingData.Split, state: [Float], pause: () throws -> Void) rethrows -> [Float] {
    try logits(split, split.all, state: state, pause: pause)
  }

  /// Logits of some examples of a split, (example, class). What an example's are does not depend on the others.
  func logits(
    _ split: TrainingData.Split, _ examples: [Int32], state: [Float], pause: () throws -> Void
  ) rethrows -> [Float] {
    executor.load(state: state)
    var logits: [Float] = []
    logits.reserveCapacity(examples.count * input.data.classes)
    var batch: [Float] = []
    try forEachBatch(of: split, examples, pause: pause) { count in
      executor.readLogits(count: count, into: &batch)
      logits += batch
    }
    return logits
  }

  /// Runs the network over examples of a split, batch by batch; `body` reads what it wants from the executor.
  func forEachBatch(
    of split: TrainingData.Split, _ examples: [Int32], pause: () throws -> Void, _ body: (Int) -> Void
  ) rethrows {
    for start in stride(from: 0, to: examples.count, by: capacity) {
      let batch = examples[start..<min(start + capacity, examples.count)]
      try pause()
      input.write(batch, of: split, to: executor)
      executor.forward(count: batch.count, training: false)
      body(batch.count)
    }
  }
}

extension TrainingData.Split {
  /// The places of all examples.
  var all: [Int32] { (0..<Int32(count)).map { $0 } }
}

/// 1 where the largest logit is the label's.
func correctness(_ logits: [Float], labels: [Int32], classes: Int) -> [UInt8] {
  zip(argmax(logits, classes: classes), labels).map { $0 == $1 ? 1 : 0 }
}

/// One pass of a trained network over the training split, for measures that look inside.
public struct EvaluationPass {
  private let evaluator: Evaluator

  /// - Parameter keeping: values that will be read beside the logits.
  public init(_ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet, keeping: [ValueID] = []) {
    let batch = 128
    evaluator = Evaluator(
      input: InputWriter(data: data, standardisation: network.standardisation),
      executor: CPUExecutor(
        plan: network.plan, capacity: batch, mode: .evaluation, pool: ThreadPool(threads: 1),
        instructionSet: instructionSet, exactConvolution: network.exactConvolution, keeping: keeping),
      capacity: batch)
  }

  /// Runs all training examples through, batch by batch; `body` reads values from the executor.
  public func run(state: [Float], _ body: (CPUExecutor, Int) -> Void) {
    evaluator.executor.load(state: state)
    let split = evaluator.input.data.train
    evaluator.forEachBatch(of: split, split.all, pause: {}) { body(evaluator.executor, $0) }
  }
}
