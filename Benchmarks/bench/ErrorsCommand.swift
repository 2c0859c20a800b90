import ArgumentParser
import Figures
import Kernels
import Networks
import Randomness
import ToolKit

struct ErrorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "errors",
    abstract: "The errors of 3x3 convolutions, by Winograd's algorithm and by the direct kernels.")

  @Option(help: "Images a batch.")
  var batch = 8

  func run() throws {
    var table = Table(
      name: "errors", title: "Errors of 3x3 convolutions",
      caption: """
        The largest error of a pass over \(batch) images, in millionths of its largest result; float32 against plain \
        loops in float64, from the same random numbers.
        """,
      columns: [
        .init("convolution", .text), .init("pass", .text), .init("instruction_set", heading: "instruction set", .text),
        .init("winograd", heading: "Winograd", .number(digits: 2)), .init("direct", .number(digits: 2)),
      ])
    for (inputs, outputs, size) in [(16, 16, 32), (32, 32, 16), (64, 64, 8), (17, 33, 13)] {
      for instructionSet in InstructionSet.available {
        let problem = ConvolutionProblem(
          inputs: inputs, outputs: outputs, size: size, count: batch, instructionSet: instructionSet)
        let (winograd, direct) = (problem.errors(exactConvolution: false), problem.errors(exactConvolution: true))
        for (pass, errors) in zip(ConvolutionProblem.passes, zip(winograd, direct)) {
          table.append([
            .text("\(inputs) → \(outputs) @ \(size)"), .text(pass), .text("\(instructionSet)"),
            .number(1e6 * errors.0), .number(1e6 * errors.1),
          ])
        }
      }
    }
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }
}

/// A 3x3 convolution of random values that are exact in `Float`, as are the gradients by its outputs.
private struct ConvolutionProblem {
  private let plan: Plan
  private let instructionSet: InstructionSet
  private let state: [Float]
  private let images: [Float]
  private let logitGradient: [Float]
  private let count: Int
  /// The same from the convolution on.
  private let plainPlan: Plan

  static let passes = ["forward", "gradient by the input", "gradient by the weights"]

  init(inputs: Int, outputs: Int, size: Int, count: Int, instructionSet: InstructionSet) {
    func plan(_ channels: Int, isPlain: Bool) -> Plan {
      var net = PlanBuilder(
        architecture: "errors", input: Shape(channels: channels, height: size, width: size), classes: 1)
      let x = isPlain ? 0 : net.convolution("first", 0, channels: inputs, kernel: 1)
      net.represent("input", x)
      let y = net.convolution("second", x, channels: outputs, kernel: 3)
      net.represent("output", y)
      _ = net.dense("last", y, features: 1, bias: false)
      return net.plan()
    }
    self.plan = plan(instructionSet.lanes, isPlain: false)
    plainPlan = plan(inputs, isPlain: true)
    self.count = count
    self.instructionSet = instructionSet
    var stream = RandomStream(seed: 0, purpose: .test)
    // Sums of products of such numbers are exact, and so is the convolution's input.
    func eighths(_ count: Int) -> [Float] { (0..<count).map { _ in Float(stream.below(17) - 8) / 8 } }
    images = eighths(count * self.plan.input.count)
    let first = eighths(self.plan.tensors[0].count)
    state = first + (0..<self.plan.stateCount - first.count).map { _ in Float(stream.normal()) }
    logitGradient = (0..<count).map { $0.isMultiple(of: 2) ? 1 : -0.5 }
  }

  /// The largest error of each pass over the largest result.
  func errors(exactConvolution: Bool) -> [Double] {
    let executor = CPUExecutor(
      plan: plan, capacity: count, mode: .training, pool: ThreadPool(threads: 1), instructionSet: instructionSet,
      exactConvolution: exactConvolution)
    executor.load(state: state)
    let input = inputGradient(executor)

    write(images, count: count, to: executor)
    executor.forward(count: count, training: true)
    executor.backward(logitGradient: logitGradient, count: count)
    let (x, y) = (plan.representations[0].value, plan.representations[1].value)

    var plain = ReferenceExecutor(plan: plainPlan)
    plain.load(state: state.dropFirst(plan.tensors[0].count).map(Double.init))
    plain.forward(input: executor.value(x, count: count).map(Double.init), count: count, training: true)
    plain.backward(logitGradient: logitGradient.map(Double.init))
    let weights = plainPlan.tensors[0].count
    let gradients = executor.gradients()[plan.tensors[1].offset...]
    return [
      error(executor.value(y, count: count), plain.value(plainPlan.representations[1].value)),
      error(input, Array(plain.inputGradient.prefix(input.count))),
      error(Array(gradients.prefix(weights)), Array(plain.gradients().prefix(weights))),
    ]
  }

  /// The gradient by the first image's convolution input, (channel, pixel).
  ///
  /// The executor does not show it, but its products with the image are the gradient of the weights before: images
  /// that are 1 at a pixel of each channel, and 0 elsewhere, pick it out, exactly.
  private func inputGradient(_ executor: CPUExecutor) -> [Float] {
    let (channels, area) = (plan.input.channels, plan.input.area)
    let inputs = plan.values[plan.representations[0].value].channels
    var result = [Float](repeating: 0, count: inputs * area)
    for first in stride(from: 0, to: area, by: channels) {
      let pixels = first..<min(first + channels, area)
      var image = [Float](repeating: 0, count: channels * area)
      for (channel, pixel) in pixels.enumerated() { image[channel * area + pixel] = 1 }
      write(image, count: 1, to: executor)
      executor.forward(count: 1, training: true)
      executor.backward(logitGradient: [logitGradient[0]], count: 1)
      let gradients = executor.gradients()
      for (channel, pixel) in pixels.enumerated() {
        for i in 0..<inputs { result[i * area + pixel] = gradients[i * channels + channel] }
      }
    }
    return result
  }

  private func write(_ images: [Float], count: Int, to executor: CPUExecutor) {
    let (channels, area, stride) = (plan.input.channels, plan.input.area, executor.pixelStride)
    executor.prepare(count: count) { example, x in
      for channel in 0..<channels {
        for pixel in 0..<area { x[pixel * stride + channel] = images[(example * channels + channel) * area + pixel] }
      }
    }
  }

  private func error(_ values: [Float], _ plain: [Double]) -> Double {
    let scale = plain.reduce(0) { max($0, abs($1)) }
    return zip(values, plain).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / scale
  }
}
