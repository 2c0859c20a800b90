import CKernels
import Kernels

/// Channels of several values one after another. Values that lie in the result already are not copied.
struct CPUConcatenate: CPUOperation {
  private let inputs: [ValueID]
  private let output: ValueID
  /// Floats of one example before each input, and of it.
  private let offsets: [Int]
  private let sizes: [Int]
  private let inPlace: Set<ValueID>
  private let kernels: KernelTable

  init(_ context: CPUContext, _ operation: Operation) {
    inputs = operation.inputs
    output = operation.output
    sizes = inputs.map { context.size(context.plan.values[$0]) }
    offsets = sizes.indices.map { [sizes] in sizes[..<$0].reduce(0, +) }
    inPlace = Set(inputs.filter { context.placed[.value($0)]?.slot == .value(operation.output) })
    kernels = context.kernels
  }

  /// Where values lie that are made for a concatenation: each in the result of the first that takes it.
  static func placed(_ plan: Plan, size: (Shape) -> Int) -> [Slot: Place] {
    var placed: [Slot: Place] = [:]
    for operation in plan.operations where operation.kind == .concatenate {
      var offset = 0
      for input in operation.inputs {
        // The input of the network lies where its writer expects it, and a value cannot lie in two parts of one result.
        let isFree = input != 0 && operation.inputs.filter { $0 == input }.count == 1
        if isFree, placed[.value(input)] == nil {
          placed[.value(input)] = Place(slot: .value(operation.output), offset: offset)
        }
        offset += size(plan.values[input])
      }
    }
    return placed
  }

  func forward() -> Passes {
    Passes(
      phases: zip(inputs, zip(offsets, sizes)).compactMap { input, part in
        guard !inPlace.contains(input) else { return nil }
        return .example([.value(input), .value(output)]) { [output] step, example in
          (step.value(output, example) + part.0).update(from: step.value(input, example), count: part.1)
        }
      })
  }

  var reads: [ValueID] { [] }
  var passesGradientTo: [GradientPart] {
    zip(inputs, offsets).map { GradientPart(to: $0, offset: $1) }
  }

  func backward(_ targets: [GradientTarget]) -> Passes {
    Passes(
      phases: inputs.indices.compactMap { i in
        pass(targets[i], from: output, offset: offsets[i], to: inputs[i], sizes[i], kernels)
      })
  }
}

/// Each channel times its gate.
struct CPUMultiply: CPUOperation {
  private let input: ValueID
  private let gate: ValueID
  private let output: ValueID
  private let blockCount: Int32
  private let pixels: Int32
  private let kernels: KernelTable

  init(_ context: CPUContext, _ operation: Operation) {
    (input, gate) = (operation.inputs[0], operation.inputs[1])
    output = operation.output
    let shape = context.plan.values[input]
    blockCount = Int32(context.blockCount(shape))
    pixels = Int32(shape.area)
    kernels = context.kernels
  }

  func forward() -> Passes {
    Passes(phases: [
      .example([.value(input), .value(gate), .value(output)]) { step, example in
        kernels.c.multiply(
          blockCount, pixels, step.value(input, example), step.value(gate, example), step.value(output, example))
      }
    ])
  }

  var reads: [ValueID] { [input, gate] }

  func backward(_ targets: [GradientTarget]) -> Passes {
    var phases: [Phase] = []
    if targets[1] != .skip {
      phases.append(
        .example([.value(input), .gradient(output), .gradient(gate)]) { step, example in
          kernels.c.gate_gradient(
            blockCount, pixels, step.value(input, example), step.gradient(output, example), targets[1].accumulate,
            step.gradient(gate, example))
        })
    }
    if targets[0] != .skip {
      phases.append(
        .example([.value(gate), .gradient(output), .gradient(input)]) { step, example in
          kernels.c.multiply_gradient(
            blockCount, pixels, step.value(gate, example), step.gradient(output, example), targets[0].accumulate,
            step.gradient(input, example))
        })
    }
    return Passes(phases: phases)
  }
}
