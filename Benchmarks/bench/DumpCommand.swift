import ArgumentParser
import Kernels
import Networks
import Randomness
import ToolKit

/// One training step's numbers as raw files, for `Tests/torch/check_networks.py` to take the same step in PyTorch.
struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Logits, losses and all gradients of one batch, as raw files in a folder.")

  @Option(help: "An architecture, such as resnet-20 or \"mobilenet-v3-small width=0.5\".")
  var architecture: String

  @Option(help: "Height and width of the images.")
  var size = 32

  @Option(help: "Classes.")
  var classes = 10

  @Option(help: "Images in the batch.")
  var batch = 8

  @Flag(help: "Compute 3x3 convolutions as plain sums.")
  var exactConvolution = false

  @Flag(
    help: ArgumentHelp(
      "Let batch-norms before a ReLU put each channel well on one side of 0, three in four above: no rounding then "
        + "carries a value over the kink, which would change gradients by more than rounding does."))
  var separated = false

  @Option(help: "The folder, which must be there.")
  var out: String

  func run() throws {
    let image = Shape(channels: 3, height: size, width: size)
    let plan = try Architecture(architecture).plan(image: image, classes: classes)
    let state = startingState(plan)
    var stream = RandomStream(seed: 1, purpose: .test)
    let input = (0..<batch * plan.input.count).map { _ in Float(stream.normal()) }
    let labels = (0..<Int32(batch)).map { $0 * 7 % Int32(classes) }

    let executor = try executor(plan, .training)
    executor.load(state: state)
    fill(executor, input)
    executor.forward(count: batch, training: true)
    let logits = executor.logits(count: batch)
    var logitGradient: [Float] = []
    let losses = Loss.crossEntropy.evaluate(logits: logits, labels: labels, classes: classes, into: &logitGradient)
    executor.backward(logitGradient: logitGradient, count: batch)
    let after = executor.state()
    let evaluator = try self.executor(plan, .evaluation)
    evaluator.load(state: after)
    fill(evaluator, input)
    evaluator.forward(count: batch, training: false)

    try write("plan.json", Array(description(plan).canonical.utf8))
    try write("state.f32", state)
    try write("input.f32", input)
    try write("labels.i32", labels)
    try write("logits.f32", logits)
    try write("loss.f32", losses)
    try write("gradient.f32", executor.gradients())
    try write("after.f32", after)
    try write("evaluation.f32", evaluator.logits(count: batch))
  }

  /// The initial state, its vectors moved a little, so that no scale is 1 and no shift 0.
  private func startingState(_ plan: Plan) -> [Float] {
    var state = initialState(plan: plan, seed: 0, run: 0)
    var stream = RandomStream(seed: 2, purpose: .test)
    for tensor in plan.tensors where tensor.role == .parameter && tensor.shape.count == 1 {
      for i in tensor.offset..<tensor.offset + tensor.count { state[i] += Float(0.2 * stream.uniform() - 0.1) }
    }
    if separated { separate(plan, &state) }
    return state
  }

  /// Scales of 1/2 and shifts of 4 or -4 where a ReLU or a sum follows. What is added up stays above 0: a shift of -4
  /// might meet a shortcut of 4.
  private func separate(_ plan: Plan, _ state: inout [Float]) {
    for operation in plan.operations {
      guard case .batchNorm(let norm) = operation.kind else { continue }
      let next = plan.operations.filter { $0.inputs.contains(operation.output) }.map(\.kind)
      guard next.contains(.activation(.relu)) || next.contains(.add) else { continue }
      let (weight, bias) = (plan.tensors[norm.weight], plan.tensors[norm.bias])
      for channel in 0..<weight.count {
        state[weight.offset + channel] /= 2
        state[bias.offset + channel] += channel % 4 == 3 && !next.contains(.add) ? -4 : 4
      }
    }
  }

  private func executor(_ plan: Plan, _ mode: CPUExecutor.Mode) throws -> CPUExecutor {
    CPUExecutor(
      plan: plan, capacity: batch, mode: mode, pool: ThreadPool(threads: Machine.cores),
      instructionSet: try InstructionSet.selected(), exactConvolution: exactConvolution, keeping: [])
  }

  private func fill(_ executor: CPUExecutor, _ input: [Float]) {
    let (shape, stride) = (executor.plan.input, executor.pixelStride)
    executor.prepare(count: batch) { example, x in
      for channel in 0..<shape.channels {
        for pixel in 0..<shape.area {
          x[pixel * stride + channel] = input[(example * shape.channels + channel) * shape.area + pixel]
        }
      }
    }
  }

  private func description(_ plan: Plan) -> JSON {
    let tensors = plan.tensors.map { tensor -> JSON in
      [
        "name": .string(tensor.name), "shape": .array(tensor.shape.map { .number(Double($0)) }),
        "role": .string(tensor.role == .parameter ? "parameter" : "buffer"), "offset": .number(Double(tensor.offset)),
      ]
    }
    return [
      "architecture": .string(plan.architecture), "classes": .number(Double(classes)),
      "batch": .number(Double(batch)), "channels": .number(Double(plan.input.channels)),
      "height": .number(Double(plan.input.height)), "width": .number(Double(plan.input.width)),
      "exact": .bool(exactConvolution), "tensors": .array(tensors),
    ]
  }

  private func write<T>(_ name: String, _ values: [T]) throws {
    let file = try Output("\(out)/\(name)", isText: true)
    try file.write(values.withUnsafeBytes { Array($0) })
    try file.commit()
  }
}
