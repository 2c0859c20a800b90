import Kernels

/// Runs a plan on the processor: channels in blocks of V lanes, C kernels, all memory taken at the start.
///
/// Results are the same to the bit for any number of threads. An executor serves one caller at a time.
public final class CPUExecutor {
  public enum Mode: Sendable {
    /// Values that `backward` needs are kept, too; what it gives is chosen by `Gradients`.
    case training
    /// Nothing is kept for it; batch-norm uses its running statistics.
    case evaluation
  }

  public let plan: Plan
  public let capacity: Int
  public let mode: Mode
  /// What `backward` leaves behind; nothing in evaluation.
  public let gradientKinds: Gradients
  /// Lanes of one pixel of the input, of which the first `channels` count; for a flat input all of one
  /// example's.
  public let pixelStride: Int

  /// Values that `value` gives at any time after `forward`, and those that it gives until `backward`.
  private let kept: Set<ValueID>
  private let keptUntilBackward: Set<ValueID>
  let pool: ThreadPool
  private let lanes: Int
  let parameters: Parameters
  private let norms: ExampleNorms?
  private let products: ExampleProducts?
  private let storage: Storage
  private let forwardPass: Direction
  private let backwardPass: Direction
  private let aheads: [Ahead]
  private var usedBatchStatistics = false
  private var hasGoneBack = false

  /// An executor for batches of up to `capacity` examples; its state is all zero until `load`.
  ///
  /// - Parameters:
  ///   - gradients: what a way back leaves behind, in training.
  ///   - exactConvolution: whether 3x3 convolutions take the direct kernels, too, whose error is that of a plain sum,
  ///     and not Winograd's, which are faster and lose about one digit more.
  ///   - keeping: values to have beside the input and the logits; all representations where it is nil.
  ///   - lender: an executor in whose memory this one works, as far as it goes. The next pass of the one ends what is
  ///     there of the other: the lender keeps its state and input, this one nothing, and `load` does not revive it.
  public convenience init(
    plan: Plan, capacity: Int, mode: Mode, gradients: Gradients = .parameters, pool: ThreadPool,
    instructionSet: InstructionSet, exactConvolution: Bool = false, keeping: [ValueID]? = nil,
    in lender: CPUExecutor? = nil
  ) {
    self.init(
      Layout(
        plan, capacity, mode, gradients, threads: pool.threads, instructionSet, isExact: exactConvolution, keeping,
        MemoryLedger(isReal: true, lent: lender?.storage.lend())),
      pool)
    lender?.hasGoneBack = true
  }

  private init(_ layout: Layout, _ pool: ThreadPool) {
    (plan, capacity, mode, pixelStride) = (layout.plan, layout.capacity, layout.mode, layout.pixelStride)
    (kept, keptUntilBackward) = (layout.kept, layout.keptUntilBackward)
    (lanes, parameters, storage) = (layout.lanes, layout.parameters, layout.storage)
    (gradientKinds, norms, products) = (layout.gradients, layout.norms, layout.products)
    (forwardPass, backwardPass) = (layout.forward, layout.backward)
    self.pool = pool
    aheads = (0..<pool.threads).map { _ in Ahead() }
  }

  /// The bytes that an executor with these arguments takes of its own; none are taken now.
  ///
  /// - Parameter lent: bytes of another's that it works in.
  public static func memoryNeed(
    plan: Plan, capacity: Int, mode: Mode, gradients: Gradients = .parameters, threads: Int,
    instructionSet: InstructionSet, exactConvolution: Bool = false, keeping: [ValueID]? = nil, lent: Int = 0
  ) -> MemoryNeed {
    let ledger = MemoryLedger(
      isReal: false, lent: Memory(count: lent / MemoryLayout<Float>.stride, isReal: false))
    _ = Layout(
      plan, capacity, mode, gradients, threads: threads, instructionSet, isExact: exactConvolution, keeping, ledger)
    return ledger.need
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

  /// Takes the whole state and the momenta, to go on with training as if it had never stopped.
  public func load(state: [Float], momenta: [Float]) { parameters.load(state, momenta: momenta) }

  /// The whole state, in PyTorch's layout and the order of `plan.tensors`.
  public func state() -> [Float] { parameters.state() }

  /// The optimiser's momenta, laid out as the state; zero for buffers.
  public func momenta() -> [Float] { parameters.momentumState() }

  /// The gradients of the last `backward`, laid out as the state; zero for buffers.
  public func gradients() -> [Float] {
    precondition(gradientKinds.contains(.parameters), "an executor that keeps gradients of parameters")
    return parameters.gradientState()
  }

  /// The gradients of the last `backward` by each example's input, `(example, channel, y, x)`.
  public func inputGradient(count: Int) -> [Float] {
    precondition(gradientKinds.contains(.input) && hasGoneBack, "a way back to the input")
    var result: [Float] = []
    append(.gradient(0), of: 0, count, to: &result)
    return result
  }

  /// The squared norms of each example's own gradients in the last `backward`, `(example, tensor)` in the order of
  /// `plan.tensors`; 0 for buffers.
  public func gradientNorms(count: Int) -> [Double] {
    guard let norms, hasGoneBack, count <= capacity else { preconditionFailure("a way back that takes norms") }
    return norms.values(count: count)
  }

  /// The inner products of the examples' own gradients by a tensor in the last `backward`, `(example, example)`; 0 for
  /// buffers.
  public func gradientProducts(of tensor: TensorID, count: Int) -> [Double] {
    guard let products, hasGoneBack, count <= capacity else { preconditionFailure("a way back that takes products") }
    return products.values(tensor, count: count)
  }

  private func step(_ count: Int, _ sgd: SGD? = nil) -> Step {
    precondition(count > 0 && count <= capacity, "a batch of \(count) for a capacity of \(capacity)")
    return Step(count: count, training: usedBatchStatistics, sgd: sgd, pool: pool, storage: storage, aheads: aheads)
  }

  /// Runs the network on the first `count` examples of `input`.
  ///
  /// - Parameter training: whether batch-norm uses the statistics of the batch, and its running ones follow them; in
  ///   evaluation mode it never does. In training it is for executors that sum the gradients of parameters and take no
  ///   norms: an example has no gradient of its own where statistics are the batch's.
  public func forward(count: Int, training: Bool) {
    usedBatchStatistics = training && mode == .training
    precondition(
      !usedBatchStatistics || (gradientKinds.contains(.parameters) && !gradientKinds.areOfExamples),
      "statistics of the batch go with sums over it")
    hasGoneBack = false
    forwardPass.run(step(count))
  }

  /// The gradients that the executor is for, from the loss's gradient by the logits of the last `forward`.
  ///
  /// - Parameters:
  ///   - logitGradient: `(example, class)`; for gradients of a batch's mean loss, each example's has that share in it.
  ///   - sgd: a step of the optimiser to take along, with the bits of `update` after `backward` for all
  ///     parameters that the logits depend on, and in less time. The
  ///     gradients of large layers are used up by it: `gradients` is for those who do without.
  public func backward(logitGradient: [Float], count: Int, updating sgd: SGD? = nil) {
    precondition(mode == .training, "an executor for evaluation keeps nothing for a backward pass")
    let classes = plan.values[plan.logits].channels
    precondition(logitGradient.count == count * classes, "one gradient a logit")
    precondition(sgd == nil || gradientKinds.contains(.parameters), "a step needs the gradients of parameters")
    let step = step(count, sgd)
    for example in 0..<count {
      let target = step.gradient(plan.logits, example)
      for i in 0..<classes { target[i] = logitGradient[example * classes + i] }
    }
    precondition(!hasGoneBack, "a way back follows a forward pass and uses up what that has kept")
    hasGoneBack = true
    backwardPass.run(step)
    guard gradientKinds.contains(.parameters) else { return }
    parameters.sumAll(step)
    if let sgd { parameters.update(sgd, onlySummed: true, pool) }
  }

  /// One step of the optimiser with the last gradients.
  public func update(_ sgd: SGD) {
    precondition(gradientKinds.contains(.parameters), "a step needs the gradients of parameters")
    parameters.update(sgd, pool)
  }

  /// Whether a value of the last `forward` is there to be read.
  public func keeps(_ id: ValueID) -> Bool {
    kept.contains(id) || (!hasGoneBack && keptUntilBackward.contains(id))
  }

  /// The logits of the last `forward`, `(example, class)`.
  public func logits(count: Int) -> [Float] { value(plan.logits, count: count) }

  /// Sets an array to the logits of the last `forward`, `(example, class)`, in the room that it has.
  public func readLogits(count: Int, into logits: inout [Float]) {
    logits.removeAll(keepingCapacity: true)
    append(.value(plan.logits), of: plan.logits, count, to: &logits)
  }

  /// A value of the last `forward`, `(example, channel, y, x)`.
  ///
  /// The input, logits and what the executor was told to keep are there; of others, `keeps` says it.
  public func value(_ id: ValueID, count: Int) -> [Float] {
    var result: [Float] = []
    precondition(keeps(id), "value \(id) is not kept")
    append(.value(id), of: id, count, to: &result)
    return result
  }

  /// Copies a value of the last `forward`, each example's `(channel, y, x)` to where `place` says, on the pool's threads.
  public func read(_ id: ValueID, count: Int, to place: @Sendable (Int) -> UnsafeMutablePointer<Float>) {
    precondition(keeps(id) && count <= capacity, "value \(id) is not kept, or not of so many examples")
    let (shape, storage, lanes) = (plan.values[id], storage, lanes)
    pool.run(count) { example in
      let (x, target) = (storage.address(.value(id), example), place(example))
      for channel in 0..<shape.channels {
        let plane = x + channel / lanes * shape.area * lanes + channel % lanes
        for pixel in 0..<shape.area { target[channel * shape.area + pixel] = plane[pixel * lanes] }
      }
    }
  }

  private func append(_ slot: Slot, of id: ValueID, _ count: Int, to result: inout [Float]) {
    precondition(count <= capacity, "more examples than the capacity")
    let shape = plan.values[id]
    result.reserveCapacity(result.count + count * shape.count)
    for example in 0..<count {
      let x = storage.address(slot, example)
      for channel in 0..<shape.channels {
        let plane = x + channel / lanes * shape.area * lanes + channel % lanes
        for pixel in 0..<shape.area { result.append(plane[pixel * lanes]) }
      }
    }
  }

  /// Whether all lanes past the last channel are zero, in kept values, the input's gradient, weights, gradients and
  /// momenta.
  ///
  /// Kernels rely on it and keep it so; tests hold them to it.
  public func paddingIsZero(count: Int) -> Bool {
    var slots = plan.values.indices.filter { keeps($0) }.map { (Slot.value($0), $0) }
    if gradientKinds.contains(.input), hasGoneBack { slots.append((.gradient(0), 0)) }
    let values = slots.allSatisfy { slot, id in
      let shape = plan.values[id]
      let padded = shape.channels..<blocks(shape.channels, lanes) * lanes
      return (0..<count).allSatisfy { example in
        let x = storage.address(slot, example)
        return padded.allSatisfy { channel in
          let plane = x + channel / lanes * shape.area * lanes + channel % lanes
          return (0..<shape.area).allSatisfy { plane[$0 * lanes] == 0 }
        }
      }
    }
    return values && parameters.paddingIsZero
  }
}
