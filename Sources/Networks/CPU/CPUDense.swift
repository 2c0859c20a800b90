import CKernels
import Kernels

/// y = W x + b over a flattened value: a convolution whose pixels are the examples of a shard.
///
/// Values are gathered into (shard, block, example, lane), so that neighbouring examples are neighbouring
/// pixels. Small weights are worked on shard by shard; large ones, which no cache holds, by groups of blocks
/// over the whole batch.
struct CPUDense: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let weight: TensorID
  private let bias: TensorID?
  private let lanes: Int
  private let lastLanes: Int
  private let kernels: KernelTable
  private let parameters: Parameters
  private let isSmall: Bool
  /// Blocks of one example: a flattened value's pixels are blocks, too.
  private let inputBlocks: Int
  private let outputBlocks: Int
  private let outputLastLanes: Int
  private let gatheredInput: Memory
  private let capacity: Int

  init(_ context: CPUContext, _ operation: Operation, weight: TensorID, bias: TensorID?) {
    input = operation.inputs[0]
    output = operation.output
    self.weight = weight
    self.bias = bias
    lanes = context.lanes
    kernels = context.kernels
    parameters = context.parameters
    capacity = context.capacity
    isSmall = parameters.isSummed(weight)
    let shape = context.plan.values[input]
    let features = context.plan.values[output].channels
    inputBlocks = context.blockCount(shape) * shape.area
    outputBlocks = blocks(features, lanes)
    lastLanes = shape.area == 1 ? shape.channels - (inputBlocks - 1) * lanes : lanes
    outputLastLanes = features - (outputBlocks - 1) * lanes
    gatheredInput = Memory(count: Shard.count(capacity) * Shard.size * inputBlocks * lanes)
  }

  /// Copies one example's blocks to their places among its shard's.
  private func gather(
    _ x: UnsafeMutablePointer<Float>, _ blockCount: Int, to gathered: Memory, example: Int
  ) {
    let shard = gathered.floats + example / Shard.size * Shard.size * blockCount * lanes
    for block in 0..<blockCount {
      (shard + (block * Shard.size + example % Shard.size) * lanes).update(
        from: x + block * lanes, count: lanes)
    }
  }

  private func grid(
    from: Int, to: Int, lastLanes: Int, columns: Int, exampleStride: Int
  ) -> rote_taps {
    rote_taps(
      rows: 1, columns: Int32(columns), input_blocks: Int32(from), output_blocks: Int32(to), taps: 1,
      last_lanes: Int32(lastLanes), x_row: Int64(Shard.size * from * lanes),
      x_block: Int64(Shard.size * lanes),
      y_row: Int64(Shard.size * exampleStride), y_column: Int64(exampleStride), y_block: Int64(lanes))
  }

  /// The product of a gathered value and weights, written to `slot`: all blocks by shard, or groups of blocks
  /// by batch.
  private func product(
    _ gathered: Memory, from: Int, to: Int, lastLanes: Int,
    weights: @escaping @Sendable () -> UnsafePointer<Float>,
    bias: TensorID?, slot: Slot, accumulate: Int32
  ) -> Phase {
    let run: @Sendable (Step, Int, Range<Int>) -> Void = { step, shard, group in
      let examples = Shard.examples(shard, of: step.count)
      let stride = step.stride(slot)
      var grid = grid(
        from: from, to: to, lastLanes: lastLanes, columns: examples.count, exampleStride: stride)
      grid.output_blocks = Int32(group.count)
      let first = group.lowerBound
      kernels.c.taps(
        grid, [0], gathered.floats + shard * Int(grid.x_row), weights() + first * from * lanes * lanes,
        bias.map { UnsafePointer(parameters.values($0) + first * lanes) }, accumulate,
        step.address(slot, examples.lowerBound) + first * lanes)
    }
    if isSmall { return .shard([slot]) { step, shard in run(step, shard, 0..<to) } }
    // Two blocks of 3,072 inputs are 400 KB of weights, which the second-level cache holds.
    return .batch([slot]) { step in
      step.pool.run((to + 1) / 2) { pair in
        for shard in 0..<step.shards { run(step, shard, pair * 2..<min(pair * 2 + 2, to)) }
      }
    }
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input)]) { step, example in
        gather(step.value(input, example), inputBlocks, to: gatheredInput, example: example)
      },
      product(
        gatheredInput, from: inputBlocks, to: outputBlocks, lastLanes: lastLanes,
        weights: { UnsafePointer(parameters.values(weight)) }, bias: bias, slot: .value(output), accumulate: 0
      ),
    ])
  }

  var reads: [ValueID] { [] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: [isSmall ? smallWeights() : largeWeights()])
    if let bias { passes.phases.append(biasGradient(bias)) }
    let target = targets[0]
    if target != .skip {
      let transposed = Memory(count: inputBlocks * outputBlocks * lanes * lanes)
      let gathered = Memory(count: Shard.count(capacity) * Shard.size * outputBlocks * lanes)
      passes.before = [
        { _ in
          kernels.c.transpose(
            Int32(outputBlocks), Int32(inputBlocks), 1, [0], 1, parameters.values(weight), transposed.floats)
        }
      ]
      passes.phases += [
        .example([.gradient(output)]) { step, example in
          gather(step.gradient(output, example), outputBlocks, to: gathered, example: example)
        },
        product(
          gathered, from: outputBlocks, to: inputBlocks, lastLanes: outputLastLanes,
          weights: { UnsafePointer(transposed.floats) }, bias: nil, slot: .gradient(input),
          accumulate: target.accumulate),
      ]
    }
    return passes
  }

  private func weightGrid(_ step: Step, columns: Int) -> rote_taps {
    grid(
      from: inputBlocks, to: outputBlocks, lastLanes: lastLanes, columns: columns,
      exampleStride: step.stride(.gradient(output)))
  }

  private func smallWeights() -> Phase {
    .shard([.gradient(output)]) { step, shard in
      let examples = Shard.examples(shard, of: step.count)
      let grid = weightGrid(step, columns: examples.count)
      kernels.c.taps_gradient(
        grid, [0], gatheredInput.floats + shard * Int(grid.x_row), step.gradient(output, examples.lowerBound),
        0,
        parameters.partial(weight, shard: shard))
    }
  }

  /// Whole shards are the rows of a grid; the rest of the batch is added after them.
  private func largeWeights() -> Phase {
    .batch([.gradient(output)]) { step in
      let group = 4
      let whole = step.count / Shard.size
      let rest = step.count % Shard.size
      step.pool.run((outputBlocks + group - 1) / group) { index in
        let first = index * group
        var grid = weightGrid(step, columns: Shard.size)
        grid.rows = Int32(whole)
        grid.output_blocks = Int32(min(group, outputBlocks - first))
        let target = parameters.gradient(weight) + first * inputBlocks * lanes * lanes
        if whole > 0 {
          kernels.c.taps_gradient(
            grid, [0], gatheredInput.floats, step.gradient(output, 0) + first * lanes, 0, target)
        }
        if rest > 0 {
          grid.rows = 1
          grid.columns = Int32(rest)
          kernels.c.taps_gradient(
            grid, [0], gatheredInput.floats + whole * Int(grid.x_row),
            step.gradient(output, whole * Shard.size) + first * lanes, whole > 0 ? 1 : 0, target)
        }
      }
    }
  }

  private func biasGradient(_ bias: TensorID) -> Phase {
    .shard([.gradient(output)]) { step, shard in
      let sum = parameters.partial(bias, shard: shard)
      let examples = Shard.examples(shard, of: step.count)
      sum.update(from: step.gradient(output, examples.lowerBound), count: outputBlocks * lanes)
      for example in examples.dropFirst() {
        kernels.c.add(Int64(outputBlocks * lanes), sum, step.gradient(output, example), sum)
      }
    }
  }
}
