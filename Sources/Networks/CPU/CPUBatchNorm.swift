import CKernels
import Kernels

/// Batch-norm, with the addition and the activation that follow it: moments per shard merged in order over the batch, then
/// each example on its own.
struct CPUBatchNorm: CPUOperation {
  private let input: ValueID
  private let finish: FusedOperation.Finish
  private let gradients: CPUExecutor.Gradients
  private let norm: BatchNorm
  private let kernels: KernelTable
  private let parameters: Parameters
  private let channels: Int
  private let blockCount: Int
  private let lanes: Int
  private let pixels: Int
  private let size: Int
  /// The statistics in use: mean and 1 / sqrt(variance + epsilon).
  private let mean: Memory
  private let inverse: Memory
  /// Of each shard.
  private let means: Scratch
  private let m2s: Scratch
  /// Stands for sums over the batch where statistics are constants.
  private let zeros: Memory
  /// Where examples have gradients of their own, statistics are constants, and no example waits for the others.
  private let mayUseBatchStatistics: Bool
  private let norms: ExampleNorms?
  private let products: ExampleProducts?
  private let room: Scratch

  init(_ context: CPUContext, _ norm: BatchNorm, input: ValueID, _ finish: FusedOperation.Finish) {
    self.input = input
    self.finish = finish
    gradients = context.gradients
    (norms, products) = (context.norms, context.products)
    room = context.normRoom
    self.norm = norm
    kernels = context.kernels
    parameters = context.parameters
    lanes = context.lanes
    let shape = context.plan.values[input]
    channels = shape.channels
    blockCount = context.blockCount(shape)
    pixels = shape.area
    size = context.size(shape)
    let padded = blockCount * lanes
    mean = context.ledger.memory(\.scratch, padded)
    inverse = context.ledger.memory(\.scratch, padded)
    let shards = gradients.contains(.parameters) ? Shard.count(context.capacity) : 0
    means = Scratch(floats: padded, places: shards, context.ledger)
    m2s = Scratch(floats: padded, places: shards, context.ledger)
    mayUseBatchStatistics = gradients.contains(.parameters) && !gradients.areOfExamples
    zeros = context.ledger.memory(\.scratch, gradients.isEmpty || mayUseBatchStatistics ? 0 : padded)
  }

  private var output: ValueID { finish.output }
  /// With a residual, only the result says where the ReLU cut it; else its argument is made again from the input.
  private var needsOutput: Bool { finish.activation == .relu && finish.residual != nil }
  var reads: [ValueID] { needsOutput ? [input, output] : [input] }
  var passesGradientTo: [GradientPart] { finish.residual.map { [GradientPart(to: $0)] } ?? [] }

  private func normalise(_ step: Step, _ example: Int, to slot: Slot) {
    kernels.c.normalise(
      Int32(blockCount), Int32(pixels), step.value(input, example), mean.floats, inverse.floats,
      parameters.values(norm.weight), parameters.values(norm.bias),
      finish.residual.map { UnsafePointer(step.value($0, example)) }, finish.activation.kernel,
      step.address(slot, example))
  }

  func recompute() -> Phase? {
    .example([.value(input), .recomputed(output)]) { step, example in
      normalise(step, example, to: .recomputed(output))
    }
  }

  func forward() -> Passes {
    let touches = [input, output] + (finish.residual.map { [$0] } ?? [])
    let normalise = Phase.example(touches.map { .value($0) }) { step, example in
      self.normalise(step, example, to: .value(output))
    }
    guard gradients.contains(.parameters) else {
      return Passes(before: [{ _ in useRunningStatistics() }], phases: [normalise])
    }
    let moments = Phase.example([.value(input)]) { step, example in
      guard step.training else { return }
      let shard = example / Shard.size
      kernels.c.moments(
        Int32(blockCount), Int32(pixels), Int32(example % Shard.size * pixels), step.value(input, example),
        means(shard), m2s(shard))
    }
    let merge = Phase.batch([]) { step in
      if step.training { useBatchStatistics(step) } else { useRunningStatistics() }
    }
    return Passes(phases: [moments, merge, normalise])
  }

  private func setInverse(_ channel: Int, variance: Float) {
    inverse.floats[channel] = 1 / (variance + Float(norm.epsilon)).squareRoot()
  }

  private func useRunningStatistics() {
    let variance = parameters.values(norm.runningVariance)
    mean.floats.update(from: parameters.values(norm.runningMean), count: blockCount * lanes)
    for channel in 0..<channels { setInverse(channel, variance: variance[channel]) }
  }

  /// Merges the shards' moments and moves the running statistics: the biased variance normalises, the
  /// unbiased runs.
  private func useBatchStatistics(_ step: Step) {
    let (sum, m2) = (means(0), m2s(0))
    for shard in 1..<max(step.shards, 1) {
      let examples = Shard.examples(shard, of: step.count)
      kernels.c.merge_moments(
        Int32(blockCount), Float(examples.lowerBound * pixels), sum, m2, Float(examples.count * pixels),
        means(shard), m2s(shard))
    }
    mean.floats.update(from: sum, count: blockCount * lanes)
    let n = Float(step.count * pixels)
    let share = Float(norm.momentum)
    let runningMean = parameters.values(norm.runningMean)
    let runningVariance = parameters.values(norm.runningVariance)
    for channel in 0..<channels {
      setInverse(channel, variance: m2[channel] / n)
      runningMean[channel] = (1 - share) * runningMean[channel] + share * sum[channel]
      runningVariance[channel] =
        (1 - share) * runningVariance[channel] + share * (m2[channel] / max(n - 1, 1))
    }
    parameters.values(norm.batches)[0] += 1
  }

  func backward(_ targets: [GradientTarget]) -> Passes {
    let (weight, bias) = (norm.weight, norm.bias)
    let seen: [Slot] = reads.map { .value($0) }
    let sumsUp = gradients.contains(.parameters)
    var phases: [Phase] = [
      .example(seen + [.gradient(output)]) { step, example in
        let shard = example / Shard.size
        let isFirst = example % Shard.size == 0
        if sumsUp, norms == nil, products == nil {
          sums(
            step, example, isFirst: isFirst, parameters.partial(weight, shard: shard),
            parameters.partial(bias, shard: shard))
          return
        }
        let own = products?.row(example) ?? room(step.worker)
        let ownBias = own + blockCount * lanes
        sums(step, example, isFirst: true, own, ownBias)
        norms?.set(example, weight, of: own, count: blockCount * lanes)
        norms?.set(example, bias, of: ownBias, count: blockCount * lanes)
        if sumsUp {
          add(own, to: parameters.partial(weight, shard: shard), isFirst: isFirst)
          add(ownBias, to: parameters.partial(bias, shard: shard), isFirst: isFirst)
        }
      }
    ]
    if let products {
      let count = blockCount * lanes
      phases.append(products.add(weight, length: count, isFirst: true))
      phases.append(products.add(bias, offset: count, length: count, isFirst: true))
    }
    if mayUseBatchStatistics {
      phases.append(
        .batch([]) { step in
          parameters.sum(weight, shards: step.shards)
          parameters.sum(bias, shards: step.shards)
        })
    }
    let target = targets[0]
    if target != .skip {
      phases.append(
        .example([.value(input), .gradient(output), .gradient(input)]) { step, example in
          kernels.c.normalise_gradient(
            Int32(blockCount), Int32(pixels), step.value(input, example), step.gradient(output, example),
            mean.floats, inverse.floats, parameters.values(weight),
            mayUseBatchStatistics ? parameters.gradient(weight) : zeros.floats,
            mayUseBatchStatistics ? parameters.gradient(bias) : zeros.floats,
            step.training ? 1 / Float(step.count * pixels) : 0, target.accumulate,
            step.gradient(input, example))
        })
    }
    if let residual = finish.residual, let phase = pass(targets[1], from: output, to: residual, size, kernels) {
      phases.append(phase)
    }
    return Passes(phases: phases)
  }

  /// The gradients by weight and bias of one example, stored or added; the gradient by the output goes through the
  /// activation on the way, so that this is done once.
  private func sums(
    _ step: Step, _ example: Int, isFirst: Bool, _ weightGradient: UnsafeMutablePointer<Float>,
    _ biasGradient: UnsafeMutablePointer<Float>
  ) {
    kernels.c.normalise_sums(
      Int32(blockCount), Int32(pixels), step.value(input, example), mean.floats, inverse.floats,
      parameters.values(norm.weight), parameters.values(norm.bias), finish.activation.kernel,
      needsOutput ? UnsafePointer(step.value(output, example)) : nil, step.gradient(output, example),
      isFirst ? 0 : 1, weightGradient, biasGradient)
  }

  private func add(_ own: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>, isFirst: Bool) {
    if isFirst {
      sum.update(from: own, count: blockCount * lanes)
    } else {
      kernels.c.add(Int64(blockCount * lanes), sum, own, sum)
    }
  }
}
