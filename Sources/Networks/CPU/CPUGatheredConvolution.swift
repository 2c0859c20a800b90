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
  /// Whether the gradients of weights and bias are summed.
  private let sumsUp: Bool
  private let norms: [Phase]

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
    sumsUp = context.gradients.contains(.parameters)
    norms = context.normPhases(operation, weight: weight, bias: bias)
  }

  var reads: [ValueID] { sumsUp || !norms.isEmpty ? [input] : [] }

  /// One side's blocks, of which a product goes over some, and the other's.
  private struct Factor {
    let blocks: Int
    let pixels: Int
    let lastLanes: Int
    let sums: [Gathered.Sum]
  }

  private var forwardFactor: Factor {
    Factor(
      blocks: geometry.inputBlocks, pixels: geometry.inputPixels, lastLanes: geometry.inputLastLanes,
      sums: geometry.forward)
  }

  private var dataFactor: Factor {
    Factor(
      blocks: geometry.outputBlocks, pixels: geometry.outputPixels, lastLanes: geometry.outputLastLanes,
      sums: geometry.data)
  }

  /// The products of some blocks of a gathered shard and weights, for a group of the result's blocks, one of its pixels
  /// after another. The first blocks start the sums, others go on with them.
  private func products(
    _ step: Step, shard: Int, _ factor: Factor, _ part: Range<Int>, from x: UnsafePointer<Float>,
    _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, to slot: Slot, _ group: Range<Int>, accumulate: Int32
  ) {
    let (sums, pixels) = (factor.sums, factor.pixels)
    let examples = Shard.examples(shard, of: step.count)
    let row = Shard.size * lanes
    let weightBlock = factor.blocks * geometry.taps * lanes * lanes
    var grid = rote_taps(
      rows: 1, columns: Int32(examples.count), input_blocks: Int32(part.count), output_blocks: Int32(group.count),
      taps: 1,
      weight_taps: Int32(geometry.taps), w_block: Int64(weightBlock),
      last_lanes: Int32(part.upperBound == factor.blocks ? factor.lastLanes : lanes), x_row: 0,
      x_block: Int64(pixels * row), y_row: 0, y_column: Int64(step.stride(slot)), y_block: Int64(sums.count * lanes))
    let first = group.lowerBound
    let w = weights + first * weightBlock + part.lowerBound * geometry.taps * lanes * lanes
    let y = step.address(slot, examples.lowerBound) + first * sums.count * lanes
    let isStart = part.lowerBound == 0
    for (pixel, sum) in sums.enumerated() {
      grid.taps = sum.count
      kernels.c.taps(
        grid, sum.offsets, sum.taps, x + part.lowerBound * pixels * row, w,
        isStart ? bias.map { $0 + first * lanes } : nil, isStart ? accumulate : 1, y + pixel * lanes)
    }
  }

  /// The same for large weights and all shards: blocks of the one side by as many as the first-level cache holds beside
  /// their weights, for several of the other's, two at a time, so that what is read of a shard serves them all.
  private func largeProducts(
    _ factor: Factor, results: Int, from x: @escaping @Sendable (Int) -> UnsafePointer<Float>,
    _ weights: @escaping @Sendable () -> UnsafePointer<Float>,
    bias: @escaping @Sendable () -> UnsafePointer<Float>?, to slot: Slot, accumulate: Int32
  ) -> Phase {
    let group = 8
    // 8 KB of a shard, and on AVX2 as much of two blocks' weights.
    let part = max(1, 2048 / (Shard.size * lanes * factor.pixels))
    return .batch([slot]) { step in
      step.pool.run((results + group - 1) / group) { task in
        for first in stride(from: 0, to: factor.blocks, by: part) {
          for shard in 0..<step.shards {
            for pair in stride(from: task * group, to: min((task + 1) * group, results), by: 2) {
              products(
                step, shard: shard, factor, first..<min(first + part, factor.blocks), from: x(shard), weights(),
                bias: bias(), to: slot, pair..<min(pair + 2, results), accumulate: accumulate)
            }
          }
        }
      }
    }
  }

  private func weights() -> UnsafePointer<Float> {
    folded.map { UnsafePointer($0.weights.floats) } ?? UnsafePointer(parameters.values(weight))
  }

  private func biases() -> UnsafePointer<Float>? {
    folded.map { UnsafePointer($0.bias.floats) } ?? bias.map { UnsafePointer(parameters.values($0)) }
  }

  func forward() -> Passes {
    var passes = Passes()
    if let folded { passes.before.append { _ in folded.fold() } }
    if isSmall {
      passes.phases.append(
        .shard([.value(input), .value(output)]) { step, shard in
          let x = scratch(step.worker)
          geometry.gather(.input, kernels, step, .value(input), shard: shard, to: x)
          products(
            step, shard: shard, forwardFactor, 0..<geometry.inputBlocks, from: x, weights(), bias: biases(),
            to: .value(output), 0..<geometry.outputBlocks, accumulate: 0)
        })
    } else {
      passes.phases += [
        .shard([.value(input)]) { step, shard in
          geometry.gather(
            .input, kernels, step, .value(input), shard: shard, to: inputs.floats + shard * geometry.inputStep)
        },
        largeProducts(
          forwardFactor, results: geometry.outputBlocks,
          from: { UnsafePointer(inputs.floats + $0 * geometry.inputStep) }, weights, bias: biases, to: .value(output),
          accumulate: 0),
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

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: norms)
    if sumsUp {
      passes.phases += gradient.phases
      if let bias { passes.phases.append(biasGradient(bias)) }
    }
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
    if isSmall {
      passes.phases.append(
        .shard([.gradient(output), .gradient(input)]) { step, shard in
          let dy = scratch(step.worker)
          geometry.gather(.output, kernels, step, .gradient(output), shard: shard, to: dy)
          products(
            step, shard: shard, dataFactor, 0..<geometry.outputBlocks, from: dy, transposed.floats, bias: nil,
            to: .gradient(input), 0..<geometry.inputBlocks, accumulate: target.accumulate)
        })
    } else {
      if !sumsUp { passes.phases.append(gradient.gatherOutput()) }
      passes.phases.append(
        largeProducts(
          dataFactor, results: geometry.inputBlocks, from: { gradient.gathered($0) },
          { UnsafePointer(transposed.floats) }, bias: { nil }, to: .gradient(input), accumulate: target.accumulate))
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
      (0..<shards).flatMap { shard in pairs.map { $0.x + Int64(shard * geometry.inputStep) } }
    }
    yRows = geometry.pairs.map { pairs in
      (0..<shards).flatMap { shard in pairs.map { $0.y + Int64(shard * geometry.outputStep) } }
    }
  }

  /// Puts the output's gradient side by side, where nobody sums gradients by large weights, which does it too.
  func gatherOutput() -> Phase {
    .shard([.gradient(output)]) { step, shard in
      geometry.gather(
        .output, kernels, step, .gradient(output), shard: shard, to: gradients.floats + shard * geometry.outputStep)
    }
  }

  /// A shard of the output's gradient, once the phases for large weights, or `gatherOutput`, have run.
  func gathered(_ shard: Int) -> UnsafePointer<Float> {
    UnsafePointer(gradients.floats + shard * geometry.outputStep)
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
        geometry.gather(.input, kernels, step, kept, shard: shard, to: inputs.floats + shard * geometry.inputStep)
        geometry.gather(
          .output, kernels, step, .gradient(output), shard: shard, to: gradients.floats + shard * geometry.outputStep)
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
