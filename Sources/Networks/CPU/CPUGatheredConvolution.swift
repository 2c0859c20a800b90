import CKernels
import Kernels

/// A dense layer, or a convolution of small images, over the examples of a shard side by side.
///
/// Small weights are worked on shard by shard; large ones, which no cache holds, by groups of blocks over the whole
/// batch, so that they are read once a step.
struct CPUGatheredConvolution: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let weight: TensorID
  private let bias: TensorID?
  private let folded: FoldedNorm?
  private let geometry: Gathered
  private let gradient: GatheredGradient
  private let kernels: KernelTable
  private let parameters: Parameters
  private let scratch: Scratch
  private let isSmall: Bool
  private let inputs: Memory
  private let ledger: MemoryLedger
  private let lanes: Int
  /// Where the way back finds the input.
  private let kept: Slot

  init(
    _ context: CPUContext, _ operation: Operation, weight: TensorID, bias: TensorID?, _ folded: FoldedNorm? = nil
  ) {
    input = operation.inputs[0]
    output = folded?.finish.output ?? operation.output
    (self.weight, self.bias, self.folded) = (weight, bias, folded)
    geometry = context.gathered(operation)
    gradient = GatheredGradient(context, operation, weight: weight)
    kernels = context.kernels
    parameters = context.parameters
    scratch = context.scratch
    inputs = context.gatheredInputs
    ledger = context.ledger
    lanes = context.lanes
    isSmall = parameters.isSummed(weight)
    kept = context.kept(input)
  }

  var reads: [ValueID] { [input] }

  /// The products of a gathered shard and blocks of weights, one pixel of the result after another.
  private func products(
    _ step: Step, shard: Int, _ sums: [Gathered.Sum], from x: UnsafePointer<Float>, pixels: Int, blocks: Int,
    lastLanes: Int, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, to slot: Slot, _ group: Range<Int>,
    accumulate: Int32
  ) {
    let examples = Shard.examples(shard, of: step.count)
    let step1 = Shard.size * lanes
    var grid = rote_taps(
      rows: 1, columns: Int32(examples.count), input_blocks: Int32(blocks), output_blocks: Int32(group.count), taps: 1,
      weight_taps: Int32(geometry.taps), last_lanes: Int32(lastLanes), x_row: 0, x_block: Int64(pixels * step1),
      y_row: 0, y_column: Int64(step.stride(slot)), y_block: Int64(sums.count * lanes))
    let first = group.lowerBound
    let w = weights + first * blocks * geometry.taps * lanes * lanes
    let y = step.address(slot, examples.lowerBound) + first * sums.count * lanes
    for (pixel, sum) in sums.enumerated() {
      grid.taps = sum.count
      kernels.c.taps(
        grid, sum.offsets, sum.taps, x, w, bias.map { $0 + first * lanes }, accumulate, y + pixel * lanes)
    }
  }

  private func weights() -> UnsafePointer<Float> {
    folded.map { UnsafePointer($0.weights.floats) } ?? UnsafePointer(parameters.values(weight))
  }

  private func biases() -> UnsafePointer<Float>? {
    folded.map { UnsafePointer($0.bias.floats) } ?? bias.map { UnsafePointer(parameters.values($0)) }
  }

  func forward() -> Passes {
    let run: @Sendable (Step, Int, UnsafePointer<Float>, Range<Int>) -> Void = { step, shard, x, group in
      products(
        step, shard: shard, geometry.forward, from: x, pixels: geometry.inputPixels, blocks: geometry.inputBlocks,
        lastLanes: geometry.inputLastLanes, weights(), bias: biases(), to: .value(output), group, accumulate: 0)
    }
    var passes = Passes()
    if let folded { passes.before.append { _ in folded.fold() } }
    if isSmall {
      passes.phases.append(
        .shard([.value(input), .value(output)]) { step, shard in
          let x = scratch(step.worker)
          geometry.gather(.input, kernels, step, .value(input), shard: shard, to: x)
          run(step, shard, x, 0..<geometry.outputBlocks)
        })
    } else {
      passes.phases += [
        .shard([.value(input)]) { step, shard in
          geometry.gather(
            .input, kernels, step, .value(input), shard: shard, to: inputs.floats + shard * geometry.inputSize)
        },
        pairsOfBlocks(geometry.outputBlocks, touching: .value(output)) { step, shard, group in
          run(step, shard, inputs.floats + shard * geometry.inputSize, group)
        },
      ]
    }
    if let folded, folded.hasMore {
      passes.phases.append(
        .example([.value(output)] + (folded.finish.residual.map { [.value($0)] } ?? [])) { step, example in
          folded.apply(step, example, step.value(output, example))
        })
    }
    return passes
  }

  /// Two blocks of 3,072 inputs are 400 KB of weights, which the second-level cache holds, for all shards in turn.
  private func pairsOfBlocks(
    _ count: Int, touching slot: Slot, _ body: @escaping @Sendable (Step, Int, Range<Int>) -> Void
  ) -> Phase {
    .batch([slot]) { step in
      step.pool.run((count + 1) / 2) { pair in
        for shard in 0..<step.shards { body(step, shard, pair * 2..<min(pair * 2 + 2, count)) }
      }
    }
  }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: gradient.phases)
    if let bias { passes.phases.append(biasGradient(bias)) }
    let target = targets[0]
    guard target != .skip else { return passes }
    let transposed = ledger.memory(\.scratch, geometry.outputBlocks * geometry.weightBlock)
    let order = (0..<Int32(geometry.taps)).map { $0 }
    passes.before = [
      { _ in
        kernels.c.transpose(
          Int32(geometry.outputBlocks), Int32(geometry.inputBlocks), Int32(geometry.taps),
          order, Int32(geometry.taps), parameters.values(weight), transposed.floats)
      }
    ]
    let run: @Sendable (Step, Int, UnsafePointer<Float>, Range<Int>) -> Void = { step, shard, dy, group in
      products(
        step, shard: shard, geometry.data, from: dy, pixels: geometry.outputPixels, blocks: geometry.outputBlocks,
        lastLanes: geometry.outputLastLanes, transposed.floats, bias: nil, to: .gradient(input), group,
        accumulate: target.accumulate)
    }
    if isSmall {
      passes.phases.append(
        .shard([.gradient(output), .gradient(input)]) { step, shard in
          let dy = scratch(step.worker)
          geometry.gather(.output, kernels, step, .gradient(output), shard: shard, to: dy)
          run(step, shard, dy, 0..<geometry.inputBlocks)
        })
    } else {
      passes.phases.append(
        pairsOfBlocks(geometry.inputBlocks, touching: .gradient(input)) { step, shard, group in
          run(step, shard, gradient.gathered(shard), group)
        })
    }
    return passes
  }

  private func biasGradient(_ bias: TensorID) -> Phase {
    let (blockCount, pixels) = (Int32(geometry.outputBlocks), Int32(geometry.outputPixels))
    return .shard([.gradient(output)]) { step, shard in
      let sum = parameters.partial(bias, shard: shard)
      let examples = Shard.examples(shard, of: step.count)
      for example in examples {
        kernels.c.channel_sums(
          blockCount, pixels, step.gradient(output, example), example == examples.lowerBound ? 0 : 1, sum)
      }
    }
  }
}

/// The gradient by the weights of a convolution of small images: outer products over the examples side by side.
///
/// For large weights its phases leave the gathered gradient of the output behind.
struct GatheredGradient: Sendable {
  private let output: ValueID
  private let weight: TensorID
  private let geometry: Gathered
  private let kernels: KernelTable
  private let parameters: Parameters
  private let scratch: Scratch
  private let inputs: Memory
  private let gradients: Memory
  private let kept: Slot
  /// By tap: the pixels that meet in it, of all shards.
  private let xRows: [[Int64]]
  private let yRows: [[Int64]]

  init(_ context: CPUContext, _ operation: Operation, weight: TensorID) {
    output = operation.output
    self.weight = weight
    let geometry = context.gathered(operation)
    self.geometry = geometry
    kernels = context.kernels
    parameters = context.parameters
    scratch = context.scratch
    inputs = context.gatheredInputs
    gradients = context.gatheredGradients
    kept = context.kept(operation.inputs[0])
    let shards = parameters.isSummed(weight) ? 1 : Shard.count(context.capacity)
    xRows = geometry.pairs.map { pairs in
      (0..<shards).flatMap { shard in pairs.map { $0.x + Int64(shard * geometry.inputSize) } }
    }
    yRows = geometry.pairs.map { pairs in
      (0..<shards).flatMap { shard in pairs.map { $0.y + Int64(shard * geometry.outputSize) } }
    }
  }

  /// A shard of the output's gradient, once the phases for large weights have run.
  func gathered(_ shard: Int) -> UnsafePointer<Float> {
    UnsafePointer(gradients.floats + shard * geometry.outputSize)
  }

  var phases: [Phase] { parameters.isSummed(weight) ? [smallWeights()] : largeWeights() }

  private func rows(_ count: Int, outputBlocks: Int) -> rote_rows {
    let block = Shard.size * geometry.lanes
    return rote_rows(
      rows: Int32(count), columns: Int32(Shard.size), input_blocks: Int32(geometry.inputBlocks),
      output_blocks: Int32(outputBlocks), last_lanes: Int32(geometry.inputLastLanes),
      x_block: Int64(geometry.inputPixels * block), y_block: Int64(geometry.outputPixels * block),
      w_step: Int64(geometry.taps * geometry.lanes * geometry.lanes))
  }

  private func smallWeights() -> Phase {
    .shard([kept, .gradient(output)]) { step, shard in
      let x = scratch(step.worker)
      let dy = x + geometry.inputSize
      geometry.gather(.input, kernels, step, kept, shard: shard, to: x)
      geometry.gather(.output, kernels, step, .gradient(output), shard: shard, to: dy)
      let target = parameters.partial(weight, shard: shard)
      for tap in 0..<geometry.taps {
        kernels.c.rows_gradient(
          rows(geometry.pairs[tap].count, outputBlocks: geometry.outputBlocks), xRows[tap], yRows[tap], x, dy, 0,
          target + tap * geometry.lanes * geometry.lanes, nil)
      }
    }
  }

  /// Groups of output blocks share what they read of the input.
  private func largeWeights() -> [Phase] {
    let group = 4
    return [
      .shard([kept, .gradient(output)]) { step, shard in
        geometry.gather(.input, kernels, step, kept, shard: shard, to: inputs.floats + shard * geometry.inputSize)
        geometry.gather(
          .output, kernels, step, .gradient(output), shard: shard, to: gradients.floats + shard * geometry.outputSize)
      },
      .batch([]) { step in
        step.pool.run((geometry.outputBlocks + group - 1) / group) { index in
          let first = index * group
          let count = min(group, geometry.outputBlocks - first)
          let dy = gradients.floats + first * geometry.outputPixels * Shard.size * geometry.lanes
          for tap in 0..<geometry.taps {
            let at = first * geometry.weightBlock + tap * geometry.lanes * geometry.lanes
            parameters.takingAlong(step.sgd, weight, at: at) { update in
              kernels.c.rows_gradient(
                rows(step.shards * geometry.pairs[tap].count, outputBlocks: count), xRows[tap], yRows[tap],
                inputs.floats, dy, 0, parameters.gradient(weight) + at, update)
            }
          }
        }
      },
    ]
  }
}
