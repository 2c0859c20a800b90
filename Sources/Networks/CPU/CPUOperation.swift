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
  /// Inputs by which the gradient is that by the output, once `backward` has dealt with it.
  var passesGradientTo: [ValueID] { get }
  /// Makes the output again on the way back, where it is not kept.
  func recompute() -> Phase?
}

extension CPUOperation {
  var passesGradientTo: [ValueID] { [] }
  func recompute() -> Phase? { nil }
}

/// What operations are made from.
struct CPUContext: Sendable {
  let plan: Plan
  let mode: CPUExecutor.Mode
  let capacity: Int
  let lanes: Int
  let kernels: KernelTable
  let parameters: Parameters
  /// Whether 3x3 convolutions may take Winograd's way.
  let isExact: Bool
  let recomputed: Set<ValueID>
  /// A thread's memory to work in: one for all operations, so that it stays in the cache from one to the next.
  let scratch: Scratch
  /// A thread's sums over a shard.
  let accumulator: Scratch
  /// Where operations ask for memory of their own.
  let ledger: MemoryLedger

  init(
    plan: Plan, fusion: Fusion, mode: CPUExecutor.Mode, capacity: Int, threads: Int, isExact: Bool,
    instructionSet: InstructionSet, parameters: Parameters, ledger: MemoryLedger
  ) {
    self.plan = plan
    self.mode = mode
    self.capacity = capacity
    self.parameters = parameters
    self.isExact = isExact
    self.ledger = ledger
    recomputed = fusion.recomputed
    lanes = instructionSet.lanes
    kernels = instructionSet.kernels
    var (scratchSize, sums) = (0, 0)
    for operation in plan.operations {
      guard case .convolution(let weight, let kernel, let stride, let padding, let groups) = operation.kind else {
        continue
      }
      if groups > 1 {
        scratchSize = max(scratchSize, CPUGroupedConvolution.scratchSize(plan, operation, lanes))
        continue
      }
      let (input, output) = (plan.values[operation.inputs[0]], plan.values[operation.output])
      let window = Window(
        input: input, output: output, kernel: kernel, stride: stride, padding: padding, lanes: lanes)
      scratchSize = max(scratchSize, window.scratchSize)
      guard let winograd = Winograd(input, output, kernel, stride, padding, lanes), !isExact else { continue }
      let gradient = mode == .training && parameters.isSummed(weight)
      scratchSize = max(scratchSize, winograd.scratchSize(gradient: gradient))
      if gradient { sums = max(sums, winograd.filterSize) }
    }
    scratch = Scratch(floats: scratchSize, places: threads, ledger)
    accumulator = Scratch(floats: sums, places: threads, ledger)
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
      CPUConvolution(self, operation, FoldedNorm(self, norm, operation, finish))
    }
  }

  private func operation(_ operation: Operation) -> any CPUOperation {
    switch operation.kind {
    case .convolution(_, _, _, _, let groups) where groups > 1: CPUGroupedConvolution(self, operation)
    case .convolution: CPUConvolution(self, operation)
    case .dense(let weight, let bias): CPUDense(self, operation, weight: weight, bias: bias)
    case .batchNorm(let norm): CPUBatchNorm(self, norm, input: operation.inputs[0], .init(output: operation.output))
    case .activation(let activation): CPUActivation(self, operation, activation)
    case .add: CPUAdd(self, operation)
    case .subsample(let stride, let before, _):
      CPUSubsample(self, operation, stride: stride, channelsBefore: before)
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
