import Kernels

/// What an operation does in one direction.
struct Passes: Sendable {
  /// Work on parameters alone, before any phase.
  var before: [@Sendable (Step) -> Void] = []
  var phases: [Phase] = []
}

/// What becomes of the gradient by an operation's input.
enum GradientTarget: Sendable {
  /// Nobody asks for it.
  case skip
  /// It is the first that reaches the value.
  case store
  /// It is added to those of other operations.
  case add
  /// It is the gradient by the output and lies where that lies: there is nothing to do.
  case shared

  var accumulate: Int32 { self == .add ? 1 : 0 }
}

/// An operation, ready to say how its passes run on this machine.
protocol CPUOperation: Sendable {
  func forward() -> Passes
  /// - Parameter targets: one an input.
  func backward(_ targets: [GradientTarget]) -> Passes
  /// The values that the way back reads.
  var reads: [ValueID] { get }
  /// Inputs by which the gradient is that by the output, or a part of it, once `backward` has dealt with it.
  var passesGradientTo: [GradientPart] { get }
  /// Makes the output again on the way back, where it is not kept.
  func recompute() -> Phase?
}

/// The part of an output's gradient that is the gradient by an input.
struct GradientPart: Sendable {
  let input: ValueID
  /// Floats of an example before it.
  let offset: Int

  init(to input: ValueID, offset: Int = 0) { (self.input, self.offset) = (input, offset) }
}

extension CPUOperation {
  var passesGradientTo: [GradientPart] { [] }
  func recompute() -> Phase? { nil }
}

/// What operations are made from.
struct CPUContext: Sendable {
  let plan: Plan
  let mode: CPUExecutor.Mode
  let gradients: CPUExecutor.Gradients
  let capacity: Int
  let threads: Int
  let lanes: Int
  let kernels: KernelTable
  let parameters: Parameters
  /// Whether 3x3 convolutions may take Winograd's way.
  let isExact: Bool
  let recomputed: Set<ValueID>
  /// Values that lie within others.
  let placed: [Slot: Place]
  /// A thread's memory to work in: one for all operations, so that it stays in the cache from one to the next. It holds
  /// nothing from one call of a phase's body to another.
  let scratch: Scratch
  /// Where norms of an example's gradients go, if they are wanted, and a thread's room for one of these gradients.
  let norms: ExampleNorms?
  let normRoom: Scratch
  /// Where inner products of the gradients of pairs go, if they are wanted.
  let products: ExampleProducts?
  /// A batch's values and gradients side by side, for one layer with large weights at a time.
  let gatheredInputs: Memory
  let gatheredGradients: Memory
  /// Where operations ask for memory of their own.
  let ledger: MemoryLedger

  init(
    plan: Plan, fusion: Fusion, mode: CPUExecutor.Mode, gradients: CPUExecutor.Gradients, capacity: Int, threads: Int,
    isExact: Bool, instructionSet: InstructionSet, parameters: Parameters, placed: [Slot: Place], ledger: MemoryLedger
  ) {
    self.plan = plan
    self.mode = mode
    self.gradients = gradients
    self.capacity = capacity
    self.threads = threads
    self.parameters = parameters
    self.isExact = isExact
    self.placed = placed
    self.ledger = ledger
    recomputed = fusion.recomputed
    lanes = instructionSet.lanes
    kernels = instructionSet.kernels
    var need = ConvolutionNeed()
    for operation in plan.operations {
      need.formUnion(
        ConvolutionWay(plan, operation, lanes, isExact: isExact)?.need(
          plan, operation, lanes, goesBack: mode == .training, sums: gradients.contains(.parameters),
          norms: gradients.contains(.norms), isSummed: parameters.isSummed))
    }
    scratch = Scratch(floats: need.scratch, places: threads, ledger)
    norms =
      gradients.contains(.norms)
      ? ExampleNorms(capacity: capacity, tensors: plan.tensors.count, kernels, ledger) : nil
    products =
      gradients.contains(.products)
      ? ExampleProducts(
        capacity: capacity, tensors: plan.tensors.count, rowSize: CPUContext.productRow(plan, lanes, kernels), kernels,
        ledger) : nil
    normRoom = Scratch(
      floats: CPUContext.normRoom(plan, lanes, kernels, gradients, parameters, isExact: isExact), places: threads,
      ledger)
    let shards = Shard.count(capacity)
    gatheredInputs = ledger.memory(\.scratch, shards * need.gatheredInputs)
    gatheredGradients = ledger.memory(\.scratch, mode == .training ? shards * need.gatheredGradients : 0)
  }

  func blockCount(_ shape: Shape) -> Int { blocks(shape.channels, lanes) }

  /// Floats of one example.
  func size(_ shape: Shape) -> Int { blockCount(shape) * shape.area * lanes }

  /// Where the way back finds a value.
  func kept(_ value: ValueID) -> Slot { recomputed.contains(value) ? .recomputed(value) : .value(value) }

  func operation(_ operation: FusedOperation) -> any CPUOperation {
    switch operation {
    case .single(let operation): self.operation(operation)
    case .normalise(let norm, let input, let finish): CPUBatchNorm(self, norm, input: input, finish)
    case .convolution(let operation, let norm, let finish):
      self.operation(operation, FoldedNorm(self, norm, operation, finish))
    }
  }

  func gathered(_ operation: Operation) -> Gathered {
    ConvolutionWay.gathered(plan, operation, lanes)
  }

  private func operation(_ operation: Operation, _ folded: FoldedNorm? = nil) -> any CPUOperation {
    switch operation.kind {
    case .convolution(let convolution):
      switch ConvolutionWay(plan, operation, lanes, isExact: isExact) {
      case .grouped: CPUGroupedConvolution(self, operation, convolution)
      case .gathered:
        CPUGatheredConvolution(self, operation, weight: convolution.weight, bias: convolution.bias, folded)
      case .direct, .winograd, nil: CPUConvolution(self, operation, convolution, folded)
      }
    case .dense(let weight, let bias): CPUGatheredConvolution(self, operation, weight: weight, bias: bias)
    case .batchNorm(let norm): CPUBatchNorm(self, norm, input: operation.inputs[0], .init(output: operation.output))
    case .activation(let activation): CPUActivation(self, operation, activation)
    case .add: CPUAdd(self, operation)
    case .multiply: CPUMultiply(self, operation)
    case .concatenate: CPUConcatenate(self, operation)
    case .subsample(let stride, let before, _):
      CPUSubsample(self, operation, stride: stride, channelsBefore: before)
    case .maxPool(let window): CPUPool(self, operation, window, isMaximum: true)
    case .averagePool(let window): CPUPool(self, operation, window, isMaximum: false)
    case .globalAveragePool: CPUAveragePool(self, operation)
    }
  }
}

/// Memory that tasks work in, in places that do not overlap.
struct Scratch: Sendable {
  private let memory: Memory
  private let stride: Int

  init(floats: Int, places: Int, _ ledger: MemoryLedger) {
    stride = (floats + 15) / 16 * 16
    memory = ledger.memory(\.scratch, stride * places)
  }

  func callAsFunction(_ place: Int) -> UnsafeMutablePointer<Float> { memory.floats + place * stride }
}
