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
  /// (shard, block, example, lane)
  private let gatheredInput: Memory
  private let gatheredGradient: Memory
  private let ledger: MemoryLedger

  init(_ context: CPUContext, _ operation: Operation, weight: TensorID, bias: TensorID?) {
    input = operation.inputs[0]
    output = operation.output
    self.weight = weight
    self.bias = bias
    lanes = context.lanes
    kernels = context.kernels
    parameters = context.parameters
    isSmall = parameters.isSummed(weight)
    let shape = context.plan.values[input]
    let features = context.plan.values[output].channels
    inputBlocks = context.blockCount(shape) * shape.area
    outputBlocks = blocks(features, lanes)
    lastLanes = shape.area == 1 ? shape.channels - (inputBlocks - 1) * lanes : lanes
    outputLastLanes = features - (outputBlocks - 1) * lanes
    let room = Shard.count(context.capacity) * Shard.size * lanes
    ledger = context.ledger
    gatheredInput = ledger.memory(\.scratch, room * inputBlocks)
    gatheredGradient = ledger.memory(\.scratch, context.mode == .training ? room * outputBlocks : 0)
  }

  /// Copies a shard's examples to where they are neighbours.
  private func gather(_ slot: Slot, _ blockCount: Int, to gathered: Memory) -> Phase {
    .shard([slot]) { step, shard in
      let examples = Shard.examples(shard, of: step.count)
      kernels.c.gather(
        Int32(blockCount), Int32(examples.count), step.address(slot, examples.lowerBound),
        Int64(step.stride(slot)), Int64(Shard.size * lanes),
        gathered.floats + shard * Shard.size * blockCount * lanes)
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
      gather(.value(input), inputBlocks, to: gatheredInput),
      product(
        gatheredInput, from: inputBlocks, to: outputBlocks, lastLanes: lastLanes,
        weights: { UnsafePointer(parameters.values(weight)) }, bias: bias, slot: .value(output), accumulate: 0
      ),
    ])
  }

  var reads: [ValueID] { [] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: [
      gather(.gradient(output), outputBlocks, to: gatheredGradient), isSmall ? smallWeights() : largeWeights(),
    ])
    if let bias { passes.phases.append(biasGradient(bias)) }
    let target = targets[0]
    if target != .skip {
      let transposed = ledger.memory(\.scratch, inputBlocks * outputBlocks * lanes * lanes)
      passes.before = [
        { _ in
          kernels.c.transpose(
            Int32(outputBlocks), Int32(inputBlocks), 1, [0], 1, parameters.values(weight), transposed.floats)
        }
      ]
      passes.phases.append(
        product(
          gatheredGradient, from: outputBlocks, to: inputBlocks, lastLanes: outputLastLanes,
          weights: { UnsafePointer(transposed.floats) }, bias: nil, slot: .gradient(input),
          accumulate: target.accumulate))
    }
    return passes
  }

  /// Rows are shards and columns their examples, both gathered.
  private func weightGrid(rows: Int, columns: Int, outputBlocks count: Int) -> rote_taps {
    rote_taps(
      rows: Int32(rows), columns: Int32(columns), input_blocks: Int32(inputBlocks), output_blocks: Int32(count),
      taps: 1, last_lanes: Int32(lastLanes), x_row: Int64(Shard.size * inputBlocks * lanes),
      x_block: Int64(Shard.size * lanes), y_row: Int64(Shard.size * outputBlocks * lanes), y_column: Int64(lanes),
      y_block: Int64(Shard.size * lanes))
  }

  private func smallWeights() -> Phase {
    .shard([]) { step, shard in
      let grid = weightGrid(
        rows: 1, columns: Shard.examples(shard, of: step.count).count, outputBlocks: outputBlocks)
      kernels.c.taps_gradient(
        grid, [0], gatheredInput.floats + shard * Int(grid.x_row), gatheredGradient.floats + shard * Int(grid.y_row),
        0, parameters.partial(weight, shard: shard), nil)
    }
  }

  /// Whole shards are the rows of a grid; the rest of the batch is added after them.
  private func largeWeights() -> Phase {
    .batch([]) { step in
      let group = 4
      let whole = step.count / Shard.size
      let rest = step.count % Shard.size
      let blockSize = inputBlocks * lanes * lanes
      step.pool.run((outputBlocks + group - 1) / group) { index in
        let first = index * group
        let count = min(group, outputBlocks - first)
        let target = parameters.gradient(weight) + first * blockSize
        let dy = gatheredGradient.floats + first * Shard.size * lanes
        if whole > 0 {
          let grid = weightGrid(rows: whole, columns: Shard.size, outputBlocks: count)
          parameters.takingAlong(rest == 0 ? step.sgd : nil, weight, at: first * blockSize) { update in
            kernels.c.taps_gradient(grid, [0], gatheredInput.floats, dy, 0, target, update)
          }
        }
        if rest > 0 {
          let grid = weightGrid(rows: 1, columns: rest, outputBlocks: count)
          parameters.takingAlong(step.sgd, weight, at: first * blockSize) { update in
            kernels.c.taps_gradient(
              grid, [0], gatheredInput.floats + whole * Int(grid.x_row), dy + whole * Int(grid.y_row),
              whole > 0 ? 1 : 0, target, update)
          }
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
