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

  /// - Parameters:
  ///   - x: the example's input.
  ///   - dy: the gradient by the output.
  func callAsFunction(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, room: UnsafeMutablePointer<Float>
  ) -> Double {
    var x = x
    if let border = window.inputBorder {
      kernels.c.border(border, x, room)
      x = UnsafePointer(room)
    }
    let gradient = room + borderSize
    var sum = 0.0
    for first in stride(from: 0, to: window.outputBlocks, by: part) {
      var taps = window.taps
      taps.output_blocks = Int32(min(part, window.outputBlocks - first))
      kernels.c.taps_gradient(taps, window.offsets, x, dy + first * Int(taps.y_block), 0, gradient, nil)
      sum += kernels.c.sum_of_squares(Int64(taps.output_blocks) * Int64(window.outputBlockSize), gradient)
    }
    return sum
  }
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

  /// Floats of a thread's room for a gradient of one example, whatever the tensor.
  static func normRoom(_ plan: Plan, _ lanes: Int, _ kernels: KernelTable, _ gradients: CPUExecutor.Gradients) -> Int {
    guard gradients.contains(.norms) || (!gradients.isEmpty && !gradients.contains(.parameters)) else { return 0 }
    return plan.operations.reduce(0) { most, operation in
      let channels = blocks(plan.values[operation.output].channels, lanes) * lanes
      switch operation.kind {
      // Weight and bias of a batch-norm, whose way back makes them in any case; a bias.
      case .batchNorm: return max(most, 2 * channels)
      case .convolution, .dense:
        guard gradients.contains(.norms) else { return most }
        if let way = normWay(plan, operation, lanes, kernels) {
          if case .window(let norm) = way { return max(most, norm.roomSize, channels) }
          return max(most, channels)
        }
        return max(most, CPUGroupedConvolution.normRoom(plan, operation, lanes))
      default: return most
      }
    }
  }

  /// The phase that takes the norms by weight and bias of a convolution in no groups, or of a dense layer; none where no
  /// norms are wanted.
  func normPhases(_ operation: Operation, weight: TensorID, bias: TensorID?) -> [Phase] {
    guard let norms, let way = CPUContext.normWay(plan, operation, lanes, kernels) else { return [] }
    let (input, output) = (kept(operation.inputs[0]), operation.output)
    let (inputSize, outputSize) = (size(plan.values[operation.inputs[0]]), size(plan.values[output]))
    let (outputBlocks, pixels) = (Int32(blockCount(plan.values[output])), Int32(plan.values[output].area))
    return [
      .example([input, .gradient(output)]) { [kernels, normRoom, lanes] step, example in
        let (x, dy) = (step.address(input, example), step.gradient(output, example))
        let room = normRoom(step.worker)
        switch way {
        case .outerProduct:
          let norm = kernels.c.sum_of_squares(Int64(outputSize), dy)
          norms.set(example, weight, kernels.c.sum_of_squares(Int64(inputSize), x) * norm)
        case .window(let norm): norms.set(example, weight, norm(x, dy, room: room))
        }
        if let bias {
          kernels.c.channel_sums(outputBlocks, pixels, dy, 0, room)
          norms.set(example, bias, of: room, count: Int(outputBlocks) * lanes)
        }
      }
    ]
  }
}
