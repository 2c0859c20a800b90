import CKernels
import Kernels

/// How the channels of a convolution's groups lie in blocks of V lanes.
///
/// Groups come in bundles: the fewest whose input and output channels both fill whole blocks, so that each bundle is
/// a convolution of its own over ranges of blocks. Where bundles have several groups, weights between them are zero.
struct Grouping: Hashable, Sendable {
  let inputs: Int
  let outputs: Int
  let groups: Int

  /// One channel in, one channel out.
  var isDepthwise: Bool { inputs == groups && outputs == groups }

  /// Channels that make up one convolution: whole blocks, but perhaps for the last ones.
  struct Bundle: Hashable, Sendable {
    let inputs: Range<Int>
    let outputs: Range<Int>
    /// The first block of its weights.
    let weights: Int
  }

  /// The groups of all bundles but perhaps the last.
  private func bundleSize(_ lanes: Int) -> Int {
    (1...lanes).first { size in
      (size * inputs / groups).isMultiple(of: lanes) && (size * outputs / groups).isMultiple(of: lanes)
    } ?? lanes
  }

  func bundles(_ lanes: Int) -> [Bundle] {
    let size = bundleSize(lanes)
    var end = 0
    return stride(from: 0, to: groups, by: size).map { first in
      let last = min(first + size, groups)
      let bundle = Bundle(
        inputs: first * inputs / groups..<last * inputs / groups,
        outputs: first * outputs / groups..<last * outputs / groups, weights: end)
      end += isDepthwise ? 1 : blocks(bundle.inputs.count, lanes) * blocks(bundle.outputs.count, lanes)
      return bundle
    }
  }

  /// Floats of a block of weights: (tap, lane) of a depthwise convolution, (tap, input lane, output lane) of others.
  func blockSize(taps: Int, _ lanes: Int) -> Int { taps * lanes * (isDepthwise ? 1 : lanes) }

  /// Floats of all weights, (bundle, output block, input block, tap, lanes).
  func weightCount(taps: Int, _ lanes: Int) -> Int {
    bundles(lanes).reduce(0) { sum, bundle in
      sum + blocks(bundle.inputs.count, lanes) * (isDepthwise ? 1 : blocks(bundle.outputs.count, lanes))
    } * blockSize(taps: taps, lanes)
  }

  /// Calls `body` with each weight's place in blocks and in PyTorch's (output, input of the group, tap).
  func forEachWeight(taps: Int, _ lanes: Int, _ body: (_ packed: Int, _ flat: Int) -> Void) {
    let depth = inputs / groups
    let blockSize = blockSize(taps: taps, lanes)
    for bundle in bundles(lanes) {
      let inputBlocks = blocks(bundle.inputs.count, lanes)
      for output in bundle.outputs {
        let first = output / (outputs / groups) * depth
        for input in first..<first + depth {
          let (o, i) = (output - bundle.outputs.lowerBound, input - bundle.inputs.lowerBound)
          let block = bundle.weights + (isDepthwise ? 0 : o / lanes * inputBlocks + i / lanes)
          for tap in 0..<taps {
            let packed =
              isDepthwise ? tap * lanes + o : (tap * lanes + i % lanes) * lanes + o % lanes
            body(block * blockSize + packed, (output * depth + input - first) * taps + tap)
          }
        }
      }
    }
  }
}

/// Cross-correlation in groups of channels by direct kernels, over an example at a time.
///
/// Depthwise convolutions have kernels of their own. Groups that fill whole blocks go one by one through those of
/// ordinary convolutions. Others go through them by bundles, zeros between groups included: that is slow.
struct CPUGroupedConvolution: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let weight: TensorID
  private let grouping: Grouping
  private let lanes: Int
  private let kernels: KernelTable
  private let parameters: Parameters
  private let scratch: Scratch
  private let ledger: MemoryLedger
  /// Where the way back finds the input.
  private let kept: Slot
  private let sumsUp: Bool
  private let norms: ExampleNorms?
  private let products: ExampleProducts?
  private let normRoom: Scratch
  private let bundles: Int
  /// Of all bundles but the last.
  private let window: Window
  private let lastWindow: Window
  /// Floats from one bundle to the next.
  private let inputStep: Int
  private let outputStep: Int
  private let weightStep: Int
  /// Where the weights of each data phase begin in a bundle's transposed weights.
  private let phaseWeights: [Int]
  private let transposedStep: Int

  init(_ context: CPUContext, _ operation: Operation, _ convolution: Convolution) {
    let (x, y) = (context.plan.values[operation.inputs[0]], context.plan.values[operation.output])
    input = operation.inputs[0]
    output = operation.output
    weight = convolution.weight
    precondition(convolution.bias == nil, "no network has a bias in a convolution of groups")
    grouping = Grouping(inputs: x.channels, outputs: y.channels, groups: convolution.groups)
    lanes = context.lanes
    kernels = context.kernels
    parameters = context.parameters
    scratch = context.scratch
    ledger = context.ledger
    kept = context.kept(input)
    sumsUp = context.gradients.contains(.parameters)
    (norms, products, normRoom) = (context.norms, context.products, context.normRoom)
    bundles = grouping.bundles(lanes).count
    window = CPUGroupedConvolution.window(context.plan, operation, lanes, bundle: 0)
    lastWindow = CPUGroupedConvolution.window(context.plan, operation, lanes, bundle: bundles - 1)
    inputStep = window.inputBlocks * x.area * lanes
    outputStep = window.outputBlocks * y.area * lanes
    let matrix = grouping.isDepthwise ? lanes : window.inputBlocks * window.outputBlocks * window.blockArea
    weightStep = window.tapCount * matrix
    var end = 0
    phaseWeights = window.dataPhases.map { phase in
      defer { end += phase.order.count * matrix }
      return end
    }
    transposedStep = end
  }

  private static func window(_ plan: Plan, _ operation: Operation, _ lanes: Int, bundle: Int) -> Window {
    guard case .convolution(let convolution) = operation.kind else {
      preconditionFailure("\(operation.name) is no convolution")
    }
    var (x, y) = (plan.values[operation.inputs[0]], plan.values[operation.output])
    let bundle = Grouping(inputs: x.channels, outputs: y.channels, groups: convolution.groups).bundles(lanes)[bundle]
    (x.channels, y.channels) = (bundle.inputs.count, bundle.outputs.count)
    return Window(convolution, input: x, output: y, lanes: lanes)
  }

  /// Floats that one example needs, a bundle at a time; the first bundle is the largest.
  static func scratchSize(_ plan: Plan, _ operation: Operation, _ lanes: Int) -> Int {
    window(plan, operation, lanes, bundle: 0).scratchSize
  }

  /// Floats of the weights of an output block.
  static func normRoom(_ plan: Plan, _ operation: Operation, _ lanes: Int) -> Int {
    window(plan, operation, lanes, bundle: 0).outputBlockSize
  }

  private func window(_ bundle: Int) -> Window { bundle + 1 < bundles ? window : lastWindow }

  /// A bundle's input as the taps need it: in the scratch with its border, or where it is.
  private func bordered(
    _ step: Step, _ slot: Slot, _ example: Int, _ bundle: Int, place: Int
  ) -> UnsafeMutablePointer<Float> {
    let x = step.address(slot, example) + bundle * inputStep
    guard let border = window(bundle).inputBorder else { return x }
    kernels.c.border(border, x, scratch(place))
    return scratch(place)
  }

  /// The sum over taps by the kernel for these groups.
  private func sum(
    _ taps: rote_taps, _ offsets: [Int32], _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
    accumulate: Int32, to y: UnsafeMutablePointer<Float>
  ) {
    if grouping.isDepthwise {
      kernels.c.depthwise(taps, offsets, x, w, accumulate, y)
    } else {
      kernels.c.taps(taps, offsets, nil, x, w, nil, accumulate, y)
    }
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input), .value(output)]) { step, example in
        let y = step.value(output, example)
        for bundle in 0..<bundles {
          let x = bordered(step, .value(input), example, bundle, place: step.worker)
          let w = parameters.values(weight) + bundle * weightStep
          sum(window(bundle).taps, window.offsets, x, w, accumulate: 0, to: y + bundle * outputStep)
        }
      }
    ])
  }

  var reads: [ValueID] { sumsUp || norms != nil || products != nil ? [input] : [] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var passes = Passes(phases: (norms.map { [weightNorm($0)] } ?? []) + (products.map { weightProducts($0) } ?? []))
    if sumsUp { passes.phases.append(parameters.isSummed(weight) ? smallWeights() : largeWeights()) }
    let target = targets[0]
    if target != .skip {
      let transposed = ledger.memory(\.scratch, bundles * transposedStep)
      passes.before = [{ _ in transpose(to: transposed) }]
      passes.phases.append(data(transposed, target))
    }
    return passes
  }

  /// Where the gradient of a bundle's weights begins, from an output block on.
  private func place(_ bundle: Int, _ outputBlock: Int) -> Int {
    bundle * weightStep + outputBlock * window(bundle).outputBlockSize
  }

  /// Adds an example to the gradient of the weights of some of a bundle's output blocks, which begins at `dw`.
  private func addWeightGradient(
    _ step: Step, _ example: Int, _ bundle: Int, outputBlocks: Range<Int>, place: Int, isFirst: Bool,
    isLast: Bool, to dw: UnsafeMutablePointer<Float>
  ) {
    let window = window(bundle)
    let x = bordered(step, kept, example, bundle, place: place)
    let dy = step.gradient(output, example) + bundle * outputStep
    var taps = window.taps
    taps.output_blocks = Int32(outputBlocks.count)
    let from = dy + outputBlocks.lowerBound * Int(taps.y_block)
    if grouping.isDepthwise {
      kernels.c.depthwise_gradient(taps, window.offsets, x, from, isFirst ? 0 : 1, dw)
    } else {
      kernels.c.taps_gradient(taps, window.offsets, x, from, isFirst ? 0 : 1, dw, nil)
    }
    if isLast && !grouping.isDepthwise { clearBetweenGroups(dw, outputBlocks, inputBlocks: window.inputBlocks) }
  }

  /// Clears the gradients of weights between groups, which are not there.
  private func clearBetweenGroups(
    _ dw: UnsafeMutablePointer<Float>, _ outputBlocks: Range<Int>, inputBlocks: Int
  ) {
    let (inputs, outputs) = (grouping.inputs / grouping.groups, grouping.outputs / grouping.groups)
    if inputs.isMultiple(of: lanes) && outputs.isMultiple(of: lanes) { return }
    for (index, block) in outputBlocks.enumerated() {
      for input in 0..<inputBlocks * lanes {
        for lane in 0..<lanes where (block * lanes + lane) / outputs != input / inputs {
          for tap in 0..<window.tapCount {
            let row = ((index * inputBlocks + input / lanes) * window.tapCount + tap) * lanes + input % lanes
            dw[row * lanes + lane] = 0
          }
        }
      }
    }
  }

  /// The squared norm of each example's gradient, an output block at a time.
  private func weightNorm(_ norms: ExampleNorms) -> Phase {
    .example([kept, .gradient(output)]) { step, example in
      let room = normRoom(step.worker)
      var sum = 0.0
      for bundle in 0..<bundles {
        for block in 0..<window(bundle).outputBlocks {
          addWeightGradient(
            step, example, bundle, outputBlocks: block..<block + 1, place: step.worker, isFirst: true, isLast: true,
            to: room)
          let size = grouping.isDepthwise ? window.tapCount * lanes : window(bundle).outputBlockSize
          sum += kernels.c.sum_of_squares(Int64(size), room)
        }
      }
      norms.set(example, weight, sum)
    }
  }

  /// Whole gradients side by side: they are small where channels have groups.
  private func weightProducts(_ products: ExampleProducts) -> [Phase] {
    [
      .example([kept, .gradient(output)]) { step, example in
        for bundle in 0..<bundles {
          addWeightGradient(
            step, example, bundle, outputBlocks: 0..<window(bundle).outputBlocks, place: step.worker, isFirst: true,
            isLast: true, to: products.row(example) + place(bundle, 0))
        }
      },
      products.add(weight, length: parameters.size(weight), isFirst: true),
    ]
  }

  private func smallWeights() -> Phase {
    .example([kept, .gradient(output)]) { step, example in
      let shard = example / Shard.size
      for bundle in 0..<bundles {
        addWeightGradient(
          step, example, bundle, outputBlocks: 0..<window(bundle).outputBlocks, place: step.worker,
          isFirst: example % Shard.size == 0,
          isLast: example + 1 == Shard.examples(shard, of: step.count).upperBound,
          to: parameters.partial(weight, shard: shard) + place(bundle, 0))
      }
    }
  }

  /// By bundle and output block, over all examples in order.
  private func largeWeights() -> Phase {
    let units = (0..<bundles).flatMap { bundle in
      (0..<window(bundle).outputBlocks).map { (bundle: bundle, block: $0) }
    }
    return .batch([kept, .gradient(output)]) { step in
      step.pool.run(units.count) { task, worker in
        let (bundle, block) = units[task]
        for example in 0..<step.count {
          addWeightGradient(
            step, example, bundle, outputBlocks: block..<block + 1, place: worker, isFirst: example == 0,
            isLast: example + 1 == step.count, to: parameters.gradient(weight) + place(bundle, block))
        }
      }
      parameters.update(weight, step.sgd)
    }
  }

  private func transpose(to transposed: Memory) {
    for bundle in 0..<bundles {
      let window = window(bundle)
      let w = parameters.values(weight) + bundle * weightStep
      for (phase, start) in zip(window.dataPhases, phaseWeights) {
        let wt = transposed.floats + bundle * transposedStep + start
        if grouping.isDepthwise {
          for (index, tap) in phase.order.enumerated() {
            (wt + index * lanes).update(from: w + Int(tap) * lanes, count: lanes)
          }
        } else {
          kernels.c.transpose(
            Int32(window.outputBlocks), Int32(window.inputBlocks), Int32(window.tapCount), phase.order,
            Int32(phase.order.count), w, wt)
        }
      }
    }
  }

  private func data(_ transposed: Memory, _ target: GradientTarget) -> Phase {
    .example([.gradient(output), .gradient(input)]) { step, example in
      for bundle in 0..<bundles {
        var dy = step.gradient(output, example) + bundle * outputStep
        let window = window(bundle)
        if let border = window.outputBorder {
          let place = scratch(step.worker)
          kernels.c.border(border, dy, place)
          dy = place
        }
        let dx = step.gradient(input, example) + bundle * inputStep
        for (phase, start) in zip(window.dataPhases, phaseWeights) {
          let wt = transposed.floats + bundle * transposedStep + start
          sum(phase.taps, phase.offsets, dy, wt, accumulate: target.accumulate, to: dx + phase.start)
        }
      }
    }
  }
}
