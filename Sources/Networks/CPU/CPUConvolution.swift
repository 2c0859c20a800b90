import CKernels
import Kernels

/// Cross-correlation by direct kernels over an example at a time.
struct CPUConvolution: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let weight: TensorID
  private let window: Window
  private let kernels: KernelTable
  private let parameters: Parameters
  private let scratch: Scratch
  /// Where the weights of each data phase begin in the transposed weights.
  private let phaseWeights: [Int]
  private let transposedCount: Int

  init(_ context: CPUContext, _ operation: Operation, weight: TensorID, window: Window) {
    input = operation.inputs[0]
    output = operation.output
    self.weight = weight
    self.window = window
    kernels = context.kernels
    parameters = context.parameters
    scratch = context.scratch
    let matrix = window.inputBlocks * window.outputBlocks * window.blockArea
    var end = 0
    phaseWeights = window.dataPhases.map { phase in
      defer { end += phase.order.count * matrix }
      return end
    }
    transposedCount = end
  }

  /// The input as the taps need it: in the scratch with its border, or where it is.
  private func bordered(_ step: Step, _ example: Int, place: Int) -> UnsafeMutablePointer<Float> {
    let x = step.value(input, example)
    guard let border = window.inputBorder else { return x }
    kernels.c.border(border, x, scratch(place))
    return scratch(place)
  }

  func forward(_ mode: CPUExecutor.Mode) -> Passes {
    Passes(phases: [
      .example([.value(input), .value(output)]) { step, example in
        let x = bordered(step, example, place: example / Shard.size)
        kernels.c.taps(
          window.taps, window.offsets, x, parameters.values(weight), nil, 0, step.value(output, example))
      }
    ])
  }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: [parameters.isSummed(weight) ? smallWeights() : largeWeights()])
    let target = targets[0]
    if target != .skip {
      let transposed = Memory(count: transposedCount)
      passes.before = [{ _ in transpose(to: transposed) }]
      passes.phases.append(data(transposed, target))
    }
    return passes
  }

  private func smallWeights() -> Phase {
    .example([.gradient(output)]) { step, example in
      let shard = example / Shard.size
      let x = bordered(step, example, place: shard)
      let isFirst = example % Shard.size == 0
      kernels.c.taps_gradient(
        window.taps, window.offsets, x, step.gradient(output, example), isFirst ? 0 : 1,
        parameters.partial(weight, shard: shard))
    }
  }

  /// By output block over all examples in order, with the bordered inputs of one shard at a time.
  private func largeWeights() -> Phase {
    .batch([.gradient(output)]) { step in
      var taps = window.taps
      taps.output_blocks = 1
      let block = taps
      let blockSize = window.inputBlocks * window.tapCount * window.blockArea
      for shard in 0..<step.shards {
        let examples = Shard.examples(shard, of: step.count)
        step.pool.run(window.inputBorder == nil ? 0 : examples.count) { index in
          _ = bordered(step, examples.lowerBound + index, place: index)
        }
        step.pool.run(window.outputBlocks) { o in
          for example in examples {
            let x =
              window.inputBorder == nil
              ? step.value(input, example) : scratch(example - examples.lowerBound)
            kernels.c.taps_gradient(
              block, window.offsets, x, step.gradient(output, example) + o * Int(block.y_block),
              example == 0 ? 0 : 1, parameters.gradient(weight) + o * blockSize)
          }
        }
      }
    }
  }

  private func transpose(to transposed: Memory) {
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
        let place = scratch(example / Shard.size)
        kernels.c.border(border, dy, place)
        dy = place
      }
      let dx = step.gradient(input, example)
      for (phase, start) in zip(window.dataPhases, phaseWeights) {
        kernels.c.taps(
          phase.taps, phase.offsets, dy, transposed.floats + start, nil, target.accumulate, dx + phase.start)
      }
    }
  }
}
