import CKernels
import Kernels

/// Cross-correlation: by Winograd's algorithm where the shape allows it, else by direct kernels.
struct CPUConvolution: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let weight: TensorID
  private let bias: TensorID?
  private let window: Window
  private let winograd: Winograd?
  /// The gradient by large weights, where images are small.
  private let gathered: GatheredGradient?
  private let folded: FoldedNorm?
  private let lanes: Int
  private let kernels: KernelTable
  private let parameters: Parameters
  private let scratch: Scratch
  /// Winograd's transform of the weights, for one direction at a time.
  private let filters: Memory
  private let ledger: MemoryLedger
  /// Where the way back finds the input.
  private let kept: Slot
  /// Whether the gradients of weights and bias are summed.
  private let sumsUp: Bool
  /// Norms and products of examples' own gradients, but those that `exampleGradients` has.
  private let norms: [Phase]
  /// How each example's own gradient is made whole, once for its norm and the sum, and where the norm goes; nil where it
  /// is not, or the norm comes cheaper from products of pixels.
  private let own: (way: OwnWay, norms: ExampleNorms)?
  private let normRoom: Scratch
  /// Where the weights of each data phase begin in the transposed weights.
  private let phaseWeights: [Int]
  private let transposedCount: Int

  private enum OwnWay: Sendable { case winograd(Winograd), direct }

  /// - Parameter folded: a batch-norm, and what follows it, that are computed along.
  init(_ context: CPUContext, _ operation: Operation, _ convolution: Convolution, _ folded: FoldedNorm? = nil) {
    input = operation.inputs[0]
    output = folded?.finish.output ?? operation.output
    (weight, bias) = (convolution.weight, convolution.bias)
    self.folded = folded
    window = Window(context.plan, operation, context.lanes)
    if case .winograd(let way) = ConvolutionWay(context.plan, operation, context.lanes, isExact: context.isExact) {
      winograd = way
    } else {
      winograd = nil
    }
    let isSmall = ConvolutionWay.isSmall(context.plan.values[operation.output])
    gathered =
      context.gradients.contains(.parameters) && isSmall && !context.parameters.isSummed(weight)
      ? GatheredGradient(context, operation, weight: weight) : nil
    lanes = context.lanes
    kernels = context.kernels
    parameters = context.parameters
    scratch = context.scratch
    ledger = context.ledger
    filters = ledger.memory(\.scratch, winograd?.filterSize ?? 0)
    kept = context.kept(input)
    sumsUp = context.gradients.contains(.parameters)
    var way: OwnWay?
    if let winograd, winograd.sumsAreSmall {
      way = .winograd(winograd)
    } else if sumsUp {
      way = .direct
    }
    let pixels = CPUContext.pixelNorm(context.plan, operation, lanes, kernels, isExact: context.isExact)
    own =
      parameters.isSummed(weight) && pixels == nil ? context.norms.flatMap { norms in way.map { ($0, norms) } } : nil
    normRoom = context.normRoom
    norms = context.normPhases(operation, weight: weight, bias: bias, withNorms: own == nil)
    let matrix = window.inputBlocks * window.outputBlocks * window.blockArea
    var end = 0
    phaseWeights = window.dataPhases.map { phase in
      defer { end += phase.order.count * matrix }
      return end
    }
    transposedCount = end
  }

  var reads: [ValueID] { sumsUp || !norms.isEmpty || own != nil ? [input] : [] }

  /// The input as the taps need it: in the scratch with its border, or where it is.
  private func bordered(
    _ step: Step, _ slot: Slot, _ example: Int, _ scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    let x = step.address(slot, example)
    guard let border = window.inputBorder else { return UnsafePointer(x) }
    kernels.c.border(border, x, scratch)
    return UnsafePointer(scratch)
  }

  func forward() -> Passes {
    var touches: [Slot] = [.value(input), .value(output)]
    if let residual = folded?.finish.residual { touches.append(.value(residual)) }
    var before: [@Sendable (Step) -> Void] = []
    if let folded { before.append { _ in folded.fold() } }
    let weights: @Sendable () -> UnsafePointer<Float> = {
      folded.map { UnsafePointer($0.weights.floats) } ?? UnsafePointer(parameters.values(weight))
    }
    let biases: @Sendable () -> UnsafePointer<Float>? = {
      folded.map { UnsafePointer($0.bias.floats) } ?? bias.map { UnsafePointer(parameters.values($0)) }
    }
    guard let winograd else {
      return Passes(
        before: before,
        phases: [
          .example(touches) { step, example in
            let x = bordered(step, .value(input), example, scratch(step.worker))
            let y = step.value(output, example)
            kernels.c.taps(window.taps, window.offsets, nil, x, weights(), biases(), 0, y)
            folded?.apply(step, example, y)
          }
        ])
    }
    before.append { _ in winograd.filter(kernels, weights(), to: filters) }
    return Passes(
      before: before,
      phases: [
        .examples(touches, group: winograd.forwardGroup) { step, examples in
          let first = examples.lowerBound
          winograd.forward(
            kernels, examples.count, .init(step, .value(input), from: first), filters,
            folded?.kernelFinish(step, first)
              ?? rote_finish(bias: biases(), residual: nil, residual_stride: 0, accumulate: 0, relu: 0),
            to: .init(step, .value(output), from: first), scratch(step.worker), step.ahead)
          for example in examples { folded?.applyAfterKernel(step, example, step.value(output, example)) }
        }
      ])
  }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: norms)
    if let own {
      passes.phases.append(exampleGradients(own.way, own.norms))
    } else if sumsUp {
      passes.phases += gathered?.phases ?? [weightGradient()]
    }
    if sumsUp, let bias { passes.phases.append(biasGradient(bias)) }
    let target = targets[0]
    guard target != .skip else { return passes }
    let transposed = ledger.memory(\.scratch, transposedCount)
    passes.before.append { _ in transpose(to: transposed) }
    if let winograd {
      passes.before.append { _ in winograd.dataFilter(kernels, transposed.floats, to: filters) }
      passes.phases.append(
        .examples([.gradient(output), .gradient(input)], group: winograd.dataGroup) { step, examples in
          winograd.data(
            kernels, examples.count, .init(step, .gradient(output), from: examples.lowerBound), filters,
            accumulate: target.accumulate, to: .init(step, .gradient(input), from: examples.lowerBound),
            scratch(step.worker), step.ahead)
        })
    } else {
      passes.phases.append(data(transposed, target))
    }
    return passes
  }

  /// Each example's own gradient, for its norm and for the sum.
  private func exampleGradients(_ way: OwnWay, _ norms: ExampleNorms) -> Phase {
    .example([kept, .gradient(output)]) { step, example in
      let room = normRoom(step.worker)
      switch way {
      case .winograd(let winograd):
        let place = scratch(step.worker)
        let sums = place + winograd.scratchSize(gradient: true)
        winograd.gradient(
          kernels, 1, .init(step, kept, from: example), .init(step, .gradient(output), from: example),
          accumulate: false, to: sums, place, step.ahead)
        winograd.filterGradient(kernels, sums, to: room)
      case .direct:
        let x = bordered(step, kept, example, scratch(step.worker))
        kernels.c.taps_gradient(window.taps, window.offsets, x, step.gradient(output, example), 0, room, nil)
      }
      let size = parameters.size(weight)
      norms.set(example, weight, of: room, count: size)
      if sumsUp {
        let partial = parameters.partial(weight, shard: example / Shard.size)
        if example % Shard.size == 0 {
          partial.update(from: room, count: size)
        } else {
          kernels.c.add(Int64(size), partial, room, partial)
        }
      }
      if let bias {
        kernels.c.channel_sums(
          Int32(window.outputBlocks), window.taps.rows * window.taps.columns, step.gradient(output, example), 0, room)
        norms.set(example, bias, of: room, count: window.outputBlocks * lanes)
      }
    }
  }

  private func weightGradient() -> Phase {
    guard parameters.isSummed(weight) else { return largeWeights() }
    let touches: [Slot] = [kept, .gradient(output)]
    guard let winograd else {
      return .example(touches) { step, example in
        let x = bordered(step, kept, example, scratch(step.worker))
        kernels.c.taps_gradient(
          window.taps, window.offsets, x, step.gradient(output, example), example % Shard.size == 0 ? 0 : 1,
          parameters.partial(weight, shard: example / Shard.size), nil)
      }
    }
    let shardSums = Slot.sums(weight, floats: winograd.filterSize)
    return .examples(touches + [shardSums], group: winograd.gradientGroup) { step, examples in
      let first = examples.lowerBound
      let sums = step.address(shardSums, first)
      winograd.gradient(
        kernels, examples.count, .init(step, kept, from: first), .init(step, .gradient(output), from: first),
        accumulate: first % Shard.size != 0, to: sums, scratch(step.worker), step.ahead)
      let end = examples.upperBound
      if end == step.count || end.isMultiple(of: Shard.size) {
        winograd.filterGradient(kernels, sums, to: parameters.partial(weight, shard: first / Shard.size))
      }
    }
  }

  /// By output block over all examples in order, with the bordered inputs of one shard at a time.
  private func largeWeights() -> Phase {
    let inputs = Scratch(floats: window.inputBorder == nil ? 0 : window.scratchSize, places: Shard.size, ledger)
    return .batch([kept, .gradient(output)]) { step in
      var taps = window.taps
      taps.output_blocks = 1
      let block = taps
      let blockSize = window.inputBlocks * window.tapCount * window.blockArea
      for shard in 0..<step.shards {
        let examples = Shard.examples(shard, of: step.count)
        let first = examples.lowerBound
        step.pool.run(window.inputBorder == nil ? 0 : examples.count) { index in
          _ = bordered(step, kept, first + index, inputs(index))
        }
        step.pool.run(window.outputBlocks) { o in
          for example in examples {
            let x = window.inputBorder == nil ? step.address(kept, example) : inputs(example - first)
            let dy = step.gradient(output, example) + o * Int(block.y_block)
            let isLast = example + 1 == step.count
            parameters.takingAlong(isLast ? step.sgd : nil, weight, at: o * blockSize) { update in
              kernels.c.taps_gradient(
                block, window.offsets, x, dy, example == 0 ? 0 : 1, parameters.gradient(weight) + o * blockSize,
                update)
            }
          }
        }
      }
    }
  }

  private func biasGradient(_ bias: TensorID) -> Phase {
    .example([.gradient(output)]) { step, example in
      kernels.c.channel_sums(
        Int32(window.outputBlocks), window.taps.rows * window.taps.columns, step.gradient(output, example),
        example % Shard.size == 0 ? 0 : 1, parameters.partial(bias, shard: example / Shard.size))
    }
  }

  private func transpose(to transposed: Memory) {
    if winograd != nil {
      kernels.c.transpose(
        Int32(window.outputBlocks), Int32(window.inputBlocks), 9, [8, 7, 6, 5, 4, 3, 2, 1, 0], 9,
        parameters.values(weight), transposed.floats)
      return
    }
    for (phase, start) in zip(window.dataPhases, phaseWeights) {
      kernels.c.transpose(
        Int32(window.outputBlocks), Int32(window.inputBlocks), Int32(window.tapCount), phase.order,
        Int32(phase.order.count), parameters.values(weight), transposed.floats + start)
    }
  }

  private func data(_ transposed: Memory, _ target: GradientTarget) -> Phase {
    .example([.gradient(output), .gradient(input)]) { step, example in
      var dy = step.gradient(output, example)
      if let border = window.outputBorder {
        let place = scratch(step.worker)
        kernels.c.border(border, dy, place)
        dy = place
      }
      let dx = step.gradient(input, example)
      for (phase, start) in zip(window.dataPhases, phaseWeights) {
        kernels.c.taps(
          phase.taps, phase.offsets, nil, dy, transposed.floats + start, nil, target.accumulate, dx + phase.start)
      }
    }
  }
}

/// A batch-norm of running statistics as a part of the convolution before it: y = W' x + b' with
/// W' = W weight / s and b' = bias - mean weight / s, s the standard deviation; then what follows it.
struct FoldedNorm: Sendable {
  let finish: FusedOperation.Finish
  let weights: Memory
  /// (output block, lane)
  let bias: Memory
  private let factor: Memory
  private let convolution: TensorID
  private let norm: BatchNorm
  private let channels: Int
  private let blockCount: Int
  private let size: Int
  private let pixels: Int
  private let kernels: KernelTable
  private let parameters: Parameters
  private let lanes: Int

  init(_ context: CPUContext, _ norm: BatchNorm, _ operation: Operation, _ finish: FusedOperation.Finish) {
    guard case .convolution(let kind) = operation.kind else { preconditionFailure("a convolution") }
    self.finish = finish
    self.norm = norm
    convolution = kind.weight
    let shape = context.plan.values[operation.output]
    channels = shape.channels
    blockCount = context.blockCount(shape)
    size = context.size(shape)
    pixels = shape.area
    kernels = context.kernels
    parameters = context.parameters
    lanes = context.lanes
    weights = context.ledger.memory(\.scratch, parameters.size(kind.weight))
    bias = context.ledger.memory(\.scratch, blockCount * lanes)
    factor = context.ledger.memory(\.scratch, blockCount * lanes)
  }

  func fold() {
    let (mean, variance) = (parameters.values(norm.runningMean), parameters.values(norm.runningVariance))
    let (scale, shift) = (parameters.values(norm.weight), parameters.values(norm.bias))
    for c in 0..<channels {
      factor.floats[c] = scale[c] / (variance[c] + Float(norm.epsilon)).squareRoot()
      bias.floats[c] = shift[c] - mean[c] * factor.floats[c]
    }
    kernels.c.scale(
      Int32(blockCount), Int32(weights.count / blockCount / lanes), parameters.values(convolution), factor.floats,
      weights.floats)
  }

  /// Whether anything follows the batch-norm.
  var hasMore: Bool { finish.residual != nil || finish.activation != .linear }

  /// What Winograd's kernel does on its way to memory.
  func kernelFinish(_ step: Step, _ example: Int) -> rote_finish {
    rote_finish(
      bias: UnsafePointer(bias.floats), residual: finish.residual.map { UnsafePointer(step.value($0, example)) },
      residual_stride: finish.residual.map { Int64(step.stride(.value($0))) } ?? 0, accumulate: 0,
      relu: finish.activation == .relu ? 1 : 0)
  }

  /// What that kernel leaves to do: it knows no activation but ReLU.
  func applyAfterKernel(_ step: Step, _ example: Int, _ y: UnsafeMutablePointer<Float>) {
    if finish.activation != .relu { activate(y) }
  }

  /// The same after a direct kernel, which adds the bias itself.
  func apply(_ step: Step, _ example: Int, _ y: UnsafeMutablePointer<Float>) {
    if let residual = finish.residual { kernels.c.add(Int64(size), y, step.value(residual, example), y) }
    activate(y)
  }

  private func activate(_ y: UnsafeMutablePointer<Float>) {
    guard finish.activation != .linear else { return }
    kernels.c.activate(finish.activation.kernel, Int32(channels), Int32(pixels), y, y)
  }
}
