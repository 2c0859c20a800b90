import Kernels

/// Runs a plan on the processor: channels in blocks of V lanes, C kernels, all memory taken at the start.
///
/// Results are the same to the bit for any number of threads. An executor serves one caller at a time.
public final class CPUExecutor {
  public enum Mode: Sendable {
    /// All values are kept, for `backward`.
    case training
    /// Only the input, representations and logits are kept; batch-norm uses its running statistics.
    case evaluation
  }

  public let plan: Plan
  public let capacity: Int
  public let mode: Mode
  /// Lanes of one pixel of the input, of which the first `channels` count; for a flat input all of one
  /// example's.
  public let pixelStride: Int

  private let pool: ThreadPool
  private let context: CPUContext
  private let parameters: Parameters
  private let storage: Storage
  private let forwardBefore: [@Sendable (Step) -> Void]
  private let forwardProgram: Program
  private let backwardBefore: [@Sendable (Step) -> Void]
  private let backwardProgram: Program
  private let kept: Set<Slot>
  private var usedBatchStatistics = false

  /// An executor for batches of up to `capacity` examples; its state is all zero until `load`.
  public init(plan: Plan, capacity: Int, mode: Mode, pool: ThreadPool, instructionSet: InstructionSet) {
    let lanes = instructionSet.lanes
    precondition(capacity > 0, "a batch has at least one example")
    precondition(
      plan.input.area == 1 || plan.input.channels <= lanes,
      "the channels of an input image fit into one block")
    self.plan = plan
    self.capacity = capacity
    self.mode = mode
    self.pool = pool
    pixelStride = blocks(plan.input.channels, lanes) * lanes
    parameters = Parameters(
      plan: plan, capacity: capacity, training: mode == .training, instructionSet: instructionSet)
    let context = CPUContext(
      plan: plan, capacity: capacity, instructionSet: instructionSet, parameters: parameters)
    self.context = context

    let operations = plan.operations.map { context.operation($0) }
    let forward = operations.map { $0.forward(mode) }
    forwardBefore = forward.flatMap(\.before)
    forwardProgram = Program(forward.flatMap(\.phases))
    let backward = mode == .training ? CPUExecutor.backward(plan, operations) : []
    backwardBefore = backward.flatMap(\.before)
    backwardProgram = Program(backward.flatMap(\.phases))

    kept =
      switch mode {
      case .training: Set(plan.values.indices.map { .value($0) } + [.gradient(plan.logits)])
      case .evaluation: Set(([0, plan.logits] + plan.representations.map(\.value)).map { .value($0) })
      }
    storage = Storage(
      programs: [forwardProgram, backwardProgram], sizes: plan.values.map { context.size($0) },
      capacity: capacity, kept: kept)
  }

  /// The passes of all operations from the last to the first, each told which gradients others have begun.
  private static func backward(_ plan: Plan, _ operations: [any CPUOperation]) -> [Passes] {
    var begun: Set<ValueID> = [plan.logits]
    return zip(plan.operations, operations).reversed().compactMap { operation, runner in
      guard begun.contains(operation.output) else { return nil }
      let targets = operation.inputs.map { input -> GradientTarget in
        if input == 0 { return .skip }
        return begun.insert(input).inserted ? .store : .add
      }
      return runner.backward(targets)
    }
  }

  /// The prepared batch, `(example, y, x, lane)` with `pixelStride` lanes; whoever writes it leaves padded
  /// lanes zero.
  public var input: UnsafeMutablePointer<Float> { storage.address(.value(0), 0) }

  /// Fills the input on the pool's threads: `body` gets each example's number and where to write it.
  public func prepare(count: Int, _ body: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void) {
    precondition(count <= capacity, "more examples than the capacity")
    let storage = storage
    pool.run(Shard.count(count)) { shard in
      for example in Shard.examples(shard, of: count) { body(example, storage.address(.value(0), example)) }
    }
  }

  /// Takes the whole state, in PyTorch's layout and the order of `plan.tensors`, and forgets momenta.
  public func load(state: [Float]) { parameters.load(state) }

  /// The whole state, in PyTorch's layout and the order of `plan.tensors`.
  public func state() -> [Float] { parameters.state() }

  /// The gradients of the last `backward`, laid out as the state; zero for buffers.
  public func gradients() -> [Float] { parameters.gradientState() }

  private func step(_ count: Int) -> Step {
    precondition(count > 0 && count <= capacity, "a batch of \(count) for a capacity of \(capacity)")
    return Step(count: count, training: usedBatchStatistics, pool: pool, storage: storage)
  }

  /// Runs the network on the first `count` examples of `input`.
  ///
  /// - Parameter training: whether batch-norm uses the statistics of the batch, and its running ones follow them; in
  ///   evaluation mode it never does.
  public func forward(count: Int, training: Bool) {
    usedBatchStatistics = training && mode == .training
    let step = step(count)
    for body in forwardBefore { body(step) }
    forwardProgram.run(step)
  }

  /// The gradients of all parameters, from the loss's gradient by the logits of the last `forward`.
  ///
  /// - Parameter logitGradient: `(example, class)`.
  public func backward(logitGradient: [Float], count: Int) {
    precondition(mode == .training, "an executor for evaluation keeps nothing for a backward pass")
    let classes = plan.values[plan.logits].channels
    precondition(logitGradient.count == count * classes, "one gradient a logit")
    let step = step(count)
    for example in 0..<count {
      let target = step.gradient(plan.logits, example)
      for i in 0..<classes { target[i] = logitGradient[example * classes + i] }
    }
    for body in backwardBefore { body(step) }
    backwardProgram.run(step)
    parameters.sumAll(step)
  }

  /// One step of the optimiser with the last gradients.
  public func update(_ sgd: SGD) { parameters.update(sgd, pool) }

  /// The logits of the last `forward`, `(example, class)`.
  public func logits(count: Int) -> [Float] { value(plan.logits, count: count) }

  /// A value of the last `forward`, `(example, channel, y, x)`.
  ///
  /// In evaluation mode only the input, representations and logits are there.
  public func value(_ id: ValueID, count: Int) -> [Float] {
    precondition(kept.contains(.value(id)), "value \(id) is not kept in evaluation mode")
    precondition(count <= capacity, "more examples than the capacity")
    let shape = plan.values[id]
    let lanes = context.lanes
    var result: [Float] = []
    result.reserveCapacity(count * shape.count)
    for example in 0..<count {
      let x = storage.address(.value(id), example)
      for channel in 0..<shape.channels {
        let plane = x + channel / lanes * shape.area * lanes + channel % lanes
        for pixel in 0..<shape.area { result.append(plane[pixel * lanes]) }
      }
    }
    return result
  }

  /// Whether all lanes past the last channel are zero, in kept values, weights, gradients and momenta.
  ///
  /// Kernels rely on it and keep it so; tests hold them to it.
  public func paddingIsZero(count: Int) -> Bool {
    let lanes = context.lanes
    let values = plan.values.indices.allSatisfy { id in
      let shape = plan.values[id]
      let padded = shape.channels..<context.blockCount(shape) * lanes
      return !kept.contains(.value(id))
        || (0..<count).allSatisfy { example in
          let x = storage.address(.value(id), example)
          return padded.allSatisfy { channel in
            let plane = x + channel / lanes * shape.area * lanes + channel % lanes
            return (0..<shape.area).allSatisfy { plane[$0 * lanes] == 0 }
          }
        }
    }
    return values && parameters.paddingIsZero
  }
}
