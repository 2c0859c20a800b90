import CKernels
import Kernels

/// An activation, element by element.
struct CPUActivation: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let kind: Int32
  private let channels: Int32
  private let pixels: Int32
  private let kernels: KernelTable

  init(_ context: CPUContext, _ operation: Operation, _ activation: Activation) {
    input = operation.inputs[0]
    output = operation.output
    kind = activation.kernel
    channels = Int32(context.plan.values[input].channels)
    pixels = Int32(context.plan.values[input].area)
    kernels = context.kernels
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input), .value(output)]) { step, example in
        kernels.c.activate(kind, channels, pixels, step.value(input, example), step.value(output, example))
      }
    ])
  }

  var reads: [ValueID] { [input, output] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    let target = targets[0]
    guard target != .skip else { return Passes() }
    return Passes(phases: [
      .example([.value(input), .value(output), .gradient(output), .gradient(input)]) { step, example in
        kernels.c.activate_gradient(
          kind, channels, pixels, step.value(input, example), step.value(output, example),
          step.gradient(output, example), target.accumulate, step.gradient(input, example))
      }
    ])
  }
}

extension Activation {
  /// Its number in the kernels.
  var kernel: Int32 {
    switch self {
    case .relu: Int32(ROTE_RELU.rawValue)
    case .sin: Int32(ROTE_SIN.rawValue)
    case .sigmoid: Int32(ROTE_SIGMOID.rawValue)
    case .linear: Int32(ROTE_LINEAR.rawValue)
    case .hardswish: Int32(ROTE_HARDSWISH.rawValue)
    case .hardsigmoid: Int32(ROTE_HARDSIGMOID.rawValue)
    }
  }
}

/// The sum of two values.
struct CPUAdd: CPUOperation {
  private let inputs: [ValueID]
  private let output: ValueID
  private let count: Int
  private let kernels: KernelTable

  init(_ context: CPUContext, _ operation: Operation) {
    inputs = operation.inputs
    output = operation.output
    count = context.size(context.plan.values[output])
    kernels = context.kernels
  }

  func forward() -> Passes {
    let (a, b) = (inputs[0], inputs[1])
    return Passes(phases: [
      .example([.value(a), .value(b), .value(output)]) { step, example in
        kernels.c.add(
          Int64(count), step.value(a, example), step.value(b, example), step.value(output, example))
      }
    ])
  }

  var reads: [ValueID] { [] }
  var passesGradientTo: [GradientPart] { inputs.map { GradientPart(to: $0) } }

  func backward(_ targets: [GradientTarget]) -> Passes {
    Passes(
      phases: zip(inputs, targets).compactMap { input, target in
        pass(target, from: output, to: input, count, kernels)
      })
  }
}

/// The gradient by an output, or a part of it, handed on to the gradient by an input.
///
/// - Parameter offset: floats before the part.
func pass(
  _ target: GradientTarget, from output: ValueID, offset: Int = 0, to input: ValueID, _ count: Int,
  _ kernels: KernelTable
) -> Phase? {
  guard target == .store || target == .add else { return nil }
  return .example([.gradient(output), .gradient(input)]) { step, example in
    let dy = step.gradient(output, example) + offset
    let dx = step.gradient(input, example)
    if target == .add {
      kernels.c.add(Int64(count), dx, dy, dx)
    } else {
      dx.update(from: dy, count: count)
    }
  }
}

/// Every stride-th row and column, among zero channels.
struct CPUSubsample: CPUOperation {
  private let input: ValueID
  private let output: ValueID
  private let geometry: rote_shortcut
  private let kernels: KernelTable

  init(_ context: CPUContext, _ operation: Operation, stride: Int, channelsBefore: Int) {
    input = operation.inputs[0]
    output = operation.output
    let shape = context.plan.values[input]
    geometry = rote_shortcut(
      channels: Int32(shape.channels), height: Int32(shape.height), width: Int32(shape.width),
      stride: Int32(stride), channels_before: Int32(channelsBefore),
      output_blocks: Int32(context.blockCount(context.plan.values[output])))
    kernels = context.kernels
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input), .value(output)]) { step, example in
        kernels.c.shortcut(geometry, step.value(input, example), step.value(output, example))
      }
    ])
  }

  var reads: [ValueID] { [] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    let target = targets[0]
    guard target != .skip else { return Passes() }
    return Passes(phases: [
      .example([.gradient(output), .gradient(input)]) { step, example in
        kernels.c.shortcut_gradient(
          geometry, step.gradient(output, example), target.accumulate, step.gradient(input, example))
      }
    ])
  }
}
