import CKernels
import Kernels

/// The squared norms of each example's gradients by each tensor, and a thread's room to make such a gradient in.
///
/// - Source: for dense layers Goodfellow 2015, "Efficient per-example gradient computations" (arXiv 1510.01799).
struct ExampleNorms: Sendable {
  /// (example, tensor), of doubles.
  private let sums: Memory
  private let tensors: Int
  private let kernels: KernelTable

  init(capacity: Int, tensors: Int, _ kernels: KernelTable, _ ledger: MemoryLedger) {
    sums = ledger.memory(\.values, capacity * tensors * MemoryLayout<Double>.stride / MemoryLayout<Float>.stride)
    (self.tensors, self.kernels) = (tensors, kernels)
  }

  private var doubles: UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(sums.floats).assumingMemoryBound(to: Double.self)
  }

  func set(_ example: Int, _ tensor: TensorID, _ value: Double) { doubles[example * tensors + tensor] = value }

  /// Sets a norm to that of a gradient; its padding is zero.
  func set(_ example: Int, _ tensor: TensorID, of gradient: UnsafePointer<Float>, count: Int) {
    set(example, tensor, kernels.c.sum_of_squares(Int64(count), gradient))
  }

  /// (example, tensor); 0 of tensors that the logits do not depend on.
  func values(count: Int) -> [Double] { Array(UnsafeBufferPointer(start: doubles, count: count * tensors)) }
}

/// The squared norm of an example's gradient by a convolution's weights, of which some output blocks are made at a time:
/// as many as the second-level cache holds.
struct WindowNorm: Sendable {
  /// Floats of a gradient's part, and the least number of blocks, which share what is loaded.
  private static let partLimit = 1 << 16
  private static let leastBlocks = 2

  private let window: Window
  private let kernels: KernelTable
  private let part: Int

  init(_ window: Window, _ kernels: KernelTable) {
    (self.window, self.kernels) = (window, kernels)
    part = min(window.outputBlocks, max(WindowNorm.leastBlocks, WindowNorm.partLimit / window.outputBlockSize))
  }

  /// Floats of the room: the input with its border, then a part of the gradient.
  var roomSize: Int { borderSize + part * window.outputBlockSize }
  private var borderSize: Int { window.inputBorder == nil ? 0 : window.scratchSize }

  /// How many parts a gradient is made in.
  var parts: Int { (window.outputBlocks + part - 1) / part }
  /// Floats of the largest part.
  var partSize: Int { part * window.outputBlockSize }

  /// Floats of a part.
  func size(_ index: Int) -> Int { min(part, window.outputBlocks - index * part) * window.outputBlockSize }

  /// Makes a part of an example's gradient.
  ///
  /// - Parameters:
  ///   - x: the example's input, with its border.
  ///   - dy: the gradient by the output.
  func make(
    _ index: Int, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, to gradient: UnsafeMutablePointer<Float>
  ) {
    var taps = window.taps
    let first = index * part
    taps.output_blocks = Int32(min(part, window.outputBlocks - first))
    kernels.c.taps_gradient(taps, window.offsets, x, dy + first * Int(taps.y_block), 0, gradient, nil)
  }

  /// The input with its border, which is made in the room where there is one.
  func bordered(_ x: UnsafePointer<Float>, room: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    guard let border = window.inputBorder else { return x }
    kernels.c.border(border, x, room)
    return UnsafePointer(room)
  }

  func callAsFunction(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, room: UnsafeMutablePointer<Float>
  ) -> Double {
    let x = bordered(x, room: room)
    let gradient = room + borderSize
    var sum = 0.0
    for index in 0..<parts {
      make(index, x, dy, to: gradient)
      sum += kernels.c.sum_of_squares(Int64(size(index)), gradient)
    }
    return sum
  }
}

/// The squared norm of an example's gradient by a convolution's weights from products of pixels, where that is less work
/// than the gradient: of small images with many channels.
struct PixelNorm: Sendable {
  private let geometry: rote_pixels
  private let kernels: KernelTable
  /// Floats of the room.
  let roomSize: Int

  /// nil where height or width change, or the gradient is less work.
  ///
  /// A product of pixels is held against a weight. Made directly, a weight takes a multiplication a pixel; in Winograd's
  /// way, measured, as long as some 128, most of it memory's.
  init?(_ plan: Plan, _ operation: Operation, _ lanes: Int, _ kernels: KernelTable, isWinograd: Bool) {
    guard case .convolution(let convolution) = operation.kind, convolution.stride == 1, convolution.groups == 1 else {
      return nil
    }
    let (input, output) = (plan.values[operation.inputs[0]], plan.values[operation.output])
    let (kernel, area) = (convolution.kernel, output.area)
    guard kernel == 2 * convolution.padding + 1, (input.height, input.width) == (output.height, output.width) else {
      return nil
    }
    let (inputBlocks, outputBlocks) = (blocks(input.channels, lanes), blocks(output.channels, lanes))
    let weights = kernel * kernel * inputBlocks * outputBlocks * lanes * lanes
    let gradient = isWinograd ? weights / (kernel * kernel) * 128 : weights * area
    guard area * area * ((inputBlocks + outputBlocks) * lanes / 2 + kernel * kernel) < gradient else { return nil }
    geometry = rote_pixels(
      input_blocks: Int32(inputBlocks), output_blocks: Int32(outputBlocks), height: Int32(input.height),
      width: Int32(input.width), kernel: Int32(kernel), padding: Int32(convolution.padding))
    self.kernels = kernels
    roomSize = Int(rote_pixel_scratch(geometry, Int32(lanes)))
  }

  func callAsFunction(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, room: UnsafeMutablePointer<Float>
  ) -> Double { kernels.c.pixel_norm(geometry, x, dy, room) }
}

extension Window {
  /// Floats of the weights of one output block.
  var outputBlockSize: Int { inputBlocks * tapCount * blockArea }
}

extension CPUContext {
  /// How a convolution in no groups, or a dense layer, comes by its norms.
  private enum NormWay {
    /// The gradient is an outer product, whose norm is the product of the norms.
    case outerProduct
    case window(WindowNorm)
  }

  private static func normWay(
    _ plan: Plan, _ operation: Operation, _ lanes: Int, _ kernels: KernelTable
  ) -> NormWay? {
    switch operation.kind {
    case .dense: return .outerProduct
    case .convolution(let convolution) where convolution.groups == 1:
      let areas = [operation.inputs[0], operation.output].map { plan.values[$0].area }
      if areas == [1, 1], convolution.kernel == 1 { return .outerProduct }
      return .window(WindowNorm(Window(plan, operation, lanes), kernels))
    default: return nil
    }
  }

  /// How a convolution comes by its norms from products of pixels; nil where it does not.
  static func pixelNorm(_ plan: Plan, _ operation: Operation, _ lanes: Int, _ kernels: KernelTable, isExact: Bool)
    -> PixelNorm?
  {
    var isWinograd = false
    if case .winograd = ConvolutionWay(plan, operation, lanes, isExact: isExact) { isWinograd = true }
    return PixelNorm(plan, operation, lanes, kernels, isWinograd: isWinograd)
  }

  /// Floats of a thread's room for a gradient of one example, whatever the tensor.
  static func normRoom(
    _ plan: Plan, _ lanes: Int, _ kernels: KernelTable, _ gradients: CPUExecutor.Gradients, _ parameters: Parameters,
    isExact: Bool
  ) -> Int {
    guard gradients.areOfExamples || (!gradients.isEmpty && !gradients.contains(.parameters)) else { return 0 }
    return plan.operations.reduce(0) { most, operation in
      let channels = blocks(plan.values[operation.output].channels, lanes) * lanes
      switch operation.kind {
      // Weight and bias of a batch-norm, whose way back makes them in any case; a bias.
      case .batchNorm: return max(most, 2 * channels)
      case .convolution, .dense:
        guard gradients.areOfExamples else { return most }
        if let way = normWay(plan, operation, lanes, kernels) {
          if case .window(let norm) = way {
            var size = norm.roomSize
            // The whole gradient by a small weight.
            if case .convolution(let convolution) = operation.kind, gradients.contains(.norms) {
              if parameters.isSummed(convolution.weight) { size = max(size, parameters.size(convolution.weight)) }
              let pixels = pixelNorm(plan, operation, lanes, kernels, isExact: isExact)
              size = max(size, pixels?.roomSize ?? 0)
            }
            return max(most, size, channels)
          }
          return max(most, channels)
        }
        return max(most, CPUGroupedConvolution.normRoom(plan, operation, lanes))
      default: return most
      }
    }
  }

  /// Floats of the largest part of an example's gradient that there is at a time, whatever the tensor.
  static func productRow(_ plan: Plan, _ lanes: Int, _ kernels: KernelTable) -> Int {
    plan.operations.reduce(0) { most, operation in
      let channels = blocks(plan.values[operation.output].channels, lanes) * lanes
      switch operation.kind {
      case .batchNorm: return max(most, 2 * channels)
      case .convolution(let convolution):
        switch normWay(plan, operation, lanes, kernels) {
        case .window(let norm): return max(most, norm.partSize, channels)
        case .outerProduct: return most
        case nil:
          let grouping = Grouping(
            inputs: plan.values[operation.inputs[0]].channels, outputs: plan.values[operation.output].channels,
            groups: convolution.groups)
          return max(most, grouping.weightCount(taps: convolution.kernel * convolution.kernel, lanes))
        }
      default: return most
      }
    }
  }

  /// The phases that take norms or products of the gradients by weight and bias of a convolution in no groups, or of a
  /// dense layer; none where neither is wanted.
  ///
  /// - Parameter withNorms: whether norms are taken here, where they are wanted.
  func normPhases(_ operation: Operation, weight: TensorID, bias: TensorID?, withNorms: Bool = true) -> [Phase] {
    guard gradients.areOfExamples, let way = CPUContext.normWay(plan, operation, lanes, kernels) else { return [] }
    return (norms.flatMap { withNorms ? $0 : nil }.map { [norm($0, way, operation, weight: weight, bias: bias)] } ?? [])
      + (products.map { product($0, way, operation, weight: weight, bias: bias) } ?? [])
  }

  private func norm(
    _ norms: ExampleNorms, _ way: NormWay, _ operation: Operation, weight: TensorID, bias: TensorID?
  ) -> Phase {
    let (input, output) = (kept(operation.inputs[0]), operation.output)
    let (inputSize, outputSize) = (size(plan.values[operation.inputs[0]]), size(plan.values[output]))
    let (outputBlocks, pixels) = (Int32(blockCount(plan.values[output])), Int32(plan.values[output].area))
    let pixelNorm = CPUContext.pixelNorm(plan, operation, lanes, kernels, isExact: isExact)
    return .example([input, .gradient(output)]) { [kernels, normRoom, lanes] step, example in
      let (x, dy) = (step.address(input, example), step.gradient(output, example))
      let room = normRoom(step.worker)
      switch way {
      case .outerProduct:
        let norm = kernels.c.sum_of_squares(Int64(outputSize), dy)
        norms.set(example, weight, kernels.c.sum_of_squares(Int64(inputSize), x) * norm)
      case .window(let norm):
        norms.set(example, weight, pixelNorm.map { $0(x, dy, room: room) } ?? norm(x, dy, room: room))
      }
      if let bias {
        kernels.c.channel_sums(outputBlocks, pixels, dy, 0, room)
        norms.set(example, bias, of: room, count: Int(outputBlocks) * lanes)
      }
    }
  }

  private func product(
    _ products: ExampleProducts, _ way: NormWay, _ operation: Operation, weight: TensorID, bias: TensorID?
  ) -> [Phase] {
    let (input, output) = (kept(operation.inputs[0]), operation.output)
    let (inputSize, outputSize) = (size(plan.values[operation.inputs[0]]), size(plan.values[output]))
    let (outputBlocks, pixels) = (Int32(blockCount(plan.values[output])), Int32(plan.values[output].area))
    guard case .window(let norm) = way else {
      return [products.outer(input, inputSize, output, outputSize, weight: weight, bias: bias)]
    }
    var phases = (0..<norm.parts).flatMap { [normRoom] part -> [Phase] in
      [
        .example([input, .gradient(output)]) { step, example in
          let x = norm.bordered(step.address(input, example), room: normRoom(step.worker))
          norm.make(part, x, step.gradient(output, example), to: products.row(example))
        },
        products.add(weight, length: norm.size(part), isFirst: part == 0),
      ]
    }
    if let bias {
      phases += [
        .example([.gradient(output)]) { [kernels] step, example in
          kernels.c.channel_sums(outputBlocks, pixels, step.gradient(output, example), 0, products.row(example))
        },
        products.add(bias, length: Int(outputBlocks) * lanes, isFirst: true),
      ]
    }
    return phases
  }
}
