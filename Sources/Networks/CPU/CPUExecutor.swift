import Kernels

/// Runs a plan on the processor: channels in blocks of V lanes, C kernels, all memory taken at the start.
///
/// Results are the same to the bit for any number of threads. An executor serves one caller at a time.
public final class CPUExecutor {
  public enum Mode: Sendable {
    /// Values that `backward` needs are kept, too.
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
  private let aheads: [Ahead]
  private var usedBatchStatistics = false

  /// An executor for batches of up to `capacity` examples; its state is all zero until `load`.
  ///
  /// - Parameter exactConvolution: whether 3x3 convolutions take the direct kernels, too, whose error is that of a
  ///   plain sum, and not Winograd's, which are faster and lose about two digits more.
  public init(
    plan: Plan, capacity: Int, mode: Mode, pool: ThreadPool, instructionSet: InstructionSet,
    exactConvolution: Bool = false
  ) {
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
    let fusion = Fusion(plan, mode)
    let context = CPUContext(
      plan: plan, fusion: fusion, mode: mode, capacity: capacity, threads: pool.threads, isExact: exactConvolution,
      instructionSet: instructionSet, parameters: parameters)
    self.context = context

    let operations = fusion.operations.map { context.operation($0) }
    let forward = operations.map { $0.forward() }
    forwardBefore = forward.flatMap(\.before)
    forwardProgram = Program(forward.flatMap(\.phases))
    let backward = mode == .training ? Backward(plan, fusion, operations) : Backward()
    backwardBefore = backward.passes.flatMap(\.before)
    backwardProgram = Program(backward.passes.flatMap(\.phases))

    var kept = Set(([0, plan.logits] + plan.representations.map(\.value)).map { Slot.value($0) })
    if mode == .training {
      kept.formUnion(operations.flatMap(\.reads).map { context.kept($0) }.filter { $0 == .value($0.id) })
      kept.insert(.gradient(plan.logits))
    }
    self.kept = kept
    aheads = (0..<pool.threads).map { _ in Ahead() }
    storage = Storage(
      programs: [forwardProgram, backwardProgram], sizes: plan.values.map { context.size($0) },
      capacity: capacity, threads: pool.threads, kept: kept, shared: backward.shared)
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

  private func step(_ count: Int, _ sgd: SGD? = nil) -> Step {
    precondition(count > 0 && count <= capacity, "a batch of \(count) for a capacity of \(capacity)")
    return Step(count: count, training: usedBatchStatistics, sgd: sgd, pool: pool, storage: storage, aheads: aheads)
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
  /// - Parameters:
  ///   - logitGradient: `(example, class)`.
  ///   - sgd: a step of the optimiser to take along, with the bits of `update` after `backward` and in less time. The gradients
  ///     of large layers are used up by it: `gradients` is for those who do without.
  public func backward(logitGradient: [Float], count: Int, updating sgd: SGD? = nil) {
    precondition(mode == .training, "an executor for evaluation keeps nothing for a backward pass")
    let classes = plan.values[plan.logits].channels
    precondition(logitGradient.count == count * classes, "one gradient a logit")
    let step = step(count, sgd)
    for example in 0..<count {
      let target = step.gradient(plan.logits, example)
      for i in 0..<classes { target[i] = logitGradient[example * classes + i] }
    }
    for body in backwardBefore { body(step) }
    backwardProgram.run(step)
    parameters.sumAll(step)
    if let sgd { parameters.update(sgd, onlySummed: true, pool) }
  }

  /// One step of the optimiser with the last gradients.
  public func update(_ sgd: SGD) { parameters.update(sgd, pool) }

  /// Whether a value of the last `forward` is there to be read.
  public func keeps(_ id: ValueID) -> Bool { kept.contains(.value(id)) }

  /// The logits of the last `forward`, `(example, class)`.
  public func logits(count: Int) -> [Float] { value(plan.logits, count: count) }

  /// A value of the last `forward`, `(example, channel, y, x)`.
  ///
  /// The input, representations and logits are there; of others, `keeps` says it.
  public func value(_ id: ValueID, count: Int) -> [Float] {
    precondition(keeps(id), "value \(id) is not kept")
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

/// The passes of all operations from the last to the first, each told which gradients others have begun.
private struct Backward {
  var passes: [Passes] = []
  /// Gradients that lie where others do.
  var shared: [Slot: Slot] = [:]

  init() {}

  init(_ plan: Plan, _ fusion: Fusion, _ operations: [any CPUOperation]) {
    var begun: Set<ValueID> = [plan.logits]
    var producers: [ValueID: any CPUOperation] = [:]
    for (fused, operation) in zip(fusion.operations, operations) { producers[fused.output] = operation }
    for (fused, operation) in zip(fusion.operations, operations).reversed() where begun.contains(fused.output) {
      var isShared = fused.output == plan.logits
      let targets = fused.inputs.map { input -> GradientTarget in
        if input == 0 { return .skip }
        guard begun.insert(input).inserted else { return .add }
        guard !isShared, operation.passesGradientTo.contains(input) else { return .store }
        isShared = true
        shared[.gradient(input)] = .gradient(fused.output)
        return .shared
      }
      for input in fused.inputs where fusion.recomputed.contains(input) {
        if let phase = producers[input]?.recompute() { passes.append(Passes(phases: [phase])) }
      }
      passes.append(operation.backward(targets))
    }
  }
}
