import CKernels
import Kernels

/// The greatest or the mean of each window.
struct CPUPool: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let geometry: rote_pooling
  private let isMaximum: Bool
  private let kernels: KernelTable
  /// For each element of the output which of its window's it was, a byte each, for the way back.
  private let winners: Scratch?
  /// Where nothing is kept for a way back: a thread's room for them.
  private let passing: Scratch?

  init(_ context: CPUContext, _ operation: Operation, _ window: Pooling, isMaximum: Bool) {
    input = operation.inputs[0]
    output = operation.output
    self.isMaximum = isMaximum
    let shape = context.plan.values[input]
    geometry = rote_pooling(
      blocks: Int32(context.blockCount(shape)), height: Int32(shape.height), width: Int32(shape.width),
      kernel: Int32(window.kernel), stride: Int32(window.stride), padding: Int32(window.padding))
    kernels = context.kernels
    let bytes = context.size(context.plan.values[output])
    let floats = (bytes + MemoryLayout<Float>.stride - 1) / MemoryLayout<Float>.stride
    let isKept = context.mode == .training
    winners =
      isMaximum && isKept ? Scratch(floats: floats, places: context.capacity, context.ledger) : nil
    passing =
      isMaximum && !isKept ? Scratch(floats: floats, places: context.threads, context.ledger) : nil
  }

  private func winners(_ step: Step, _ example: Int) -> UnsafeMutablePointer<UInt8>? {
    (winners?(example) ?? passing?(step.worker)).map {
      UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt8.self)
    }
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input), .value(output)]) { step, example in
        let (x, y) = (step.value(input, example), step.value(output, example))
        if let winners = winners(step, example) {
          kernels.c.max_pool(geometry, x, y, winners)
        } else {
          kernels.c.average_pool(geometry, x, y)
        }
      }
    ])
  }

  var reads: [ValueID] { [] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    let target = targets[0]
    guard target != .skip else { return Passes() }
    return Passes(phases: [
      .example([.gradient(output), .gradient(input)]) { step, example in
        let (dy, dx) = (step.gradient(output, example), step.gradient(input, example))
        if let winners = winners(step, example) {
          kernels.c.max_pool_gradient(geometry, dy, winners, target.accumulate, dx)
        } else {
          kernels.c.average_pool_gradient(geometry, dy, target.accumulate, dx)
        }
      }
    ])
  }
}

/// The mean over height and width.
struct CPUAveragePool: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let blockCount: Int32
  private let pixels: Int32
  private let kernels: KernelTable

  init(_ context: CPUContext, _ operation: Operation) {
    input = operation.inputs[0]
    output = operation.output
    blockCount = Int32(context.blockCount(context.plan.values[input]))
    pixels = Int32(context.plan.values[input].area)
    kernels = context.kernels
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input), .value(output)]) { step, example in
        kernels.c.average(blockCount, pixels, step.value(input, example), step.value(output, example))
      }
    ])
  }

  var reads: [ValueID] { [] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    let target = targets[0]
    guard target != .skip else { return Passes() }
    return Passes(phases: [
      .example([.gradient(output), .gradient(input)]) { step, example in
        kernels.c.average_gradient(
          blockCount, pixels, step.gradient(output, example), target.accumulate, step.gradient(input, example)
        )
      }
    ])
  }
}
