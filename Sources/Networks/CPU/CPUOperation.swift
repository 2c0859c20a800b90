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

  var accumulate: Int32 { self == .add ? 1 : 0 }
}

/// An operation of a plan, ready to say how its passes run on this machine.
protocol CPUOperation: Sendable {
  func forward(_ mode: CPUExecutor.Mode) -> Passes
  /// - Parameter targets: one an input.
  func backward(_ targets: [GradientTarget]) -> Passes
}

/// What operations are made from.
struct CPUContext: Sendable {
  let plan: Plan
  let capacity: Int
  let lanes: Int
  let kernels: KernelTable
  let parameters: Parameters
  let scratch: Scratch

  init(plan: Plan, capacity: Int, instructionSet: InstructionSet, parameters: Parameters) {
    self.plan = plan
    self.capacity = capacity
    self.parameters = parameters
    lanes = instructionSet.lanes
    kernels = instructionSet.kernels
    // One scratch serves all convolutions, so that it stays in the cache from one to the next.
    scratch = Scratch(
      floats: CPUContext.scratchSize(plan, instructionSet.lanes),
      places: max(Shard.count(capacity), Shard.size))
  }

  private static func scratchSize(_ plan: Plan, _ lanes: Int) -> Int {
    plan.operations.reduce(0) { size, operation in
      guard case .convolution(_, let kernel, let stride, let padding, let groups) = operation.kind else {
        return size
      }
      if groups > 1 { return max(size, CPUGroupedConvolution.scratchSize(plan, operation, lanes)) }
      let window = Window(
        input: plan.values[operation.inputs[0]], output: plan.values[operation.output], kernel: kernel,
        stride: stride, padding: padding, lanes: lanes)
      return max(size, window.scratchSize)
    }
  }

  func blockCount(_ shape: Shape) -> Int { blocks(shape.channels, lanes) }

  /// Floats of one example.
  func size(_ shape: Shape) -> Int { blockCount(shape) * shape.area * lanes }

  func operation(_ operation: Operation) -> any CPUOperation {
    switch operation.kind {
    case .convolution(_, _, _, _, let groups) where groups > 1: CPUGroupedConvolution(self, operation)
    case .convolution(let weight, let kernel, let stride, let padding, _):
      CPUConvolution(
        self, operation, weight: weight,
        window: Window(
          input: plan.values[operation.inputs[0]], output: plan.values[operation.output], kernel: kernel,
          stride: stride, padding: padding, lanes: lanes))
    case .dense(let weight, let bias): CPUDense(self, operation, weight: weight, bias: bias)
    case .batchNorm(let norm): CPUBatchNorm(self, operation, norm)
    case .activation(let activation): CPUActivation(self, operation, activation)
    case .add: CPUAdd(self, operation)
    case .subsample(let stride, let before, _):
      CPUSubsample(self, operation, stride: stride, channelsBefore: before)
    case .globalAveragePool: CPUAveragePool(self, operation)
    }
  }
}

/// Memory that tasks work in: a place for each shard, and at least one for each example of a shard.
struct Scratch: Sendable {
  private let memory: Memory
  private let stride: Int

  init(floats: Int, places: Int) {
    stride = (floats + 15) / 16 * 16
    memory = Memory(count: stride * places)
  }

  func callAsFunction(_ place: Int) -> UnsafeMutablePointer<Float> { memory.floats + place * stride }
}
