import ArgumentParser
import Figures
import Kernels
import Networks
import ToolKit

struct ConvolutionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convolutions", abstract: "The rates of the convolutions of the ResNets, beside oneDNN's.")

  @Option(help: "Images a batch.")
  var batch = 128

  @Option(help: "Threads; 0 for all cores.")
  var threads = 0

  @Option(help: "Repeats, of which the median counts.")
  var repeats = 21

  @Option(help: ArgumentHelp("Benchmarks/onednn.c, compiled; none: ours alone.", valueName: "program"))
  var onednn: String?

  /// A 3x3 convolution of images of `size` x `size`, padded by 1.
  struct Convolution: Hashable {
    let inputs, outputs, size, stride: Int

    /// The first of a network: its input has no gradient.
    var isStem: Bool { inputs == Workload.image.channels }
    var name: String { "\(inputs) → \(outputs) @ \(size)" + (stride == 1 ? "" : ", stride \(stride)") }
  }

  static let all = [
    Convolution(inputs: 3, outputs: 16, size: 32, stride: 1),
    Convolution(inputs: 16, outputs: 16, size: 32, stride: 1),
    Convolution(inputs: 16, outputs: 32, size: 32, stride: 2),
    Convolution(inputs: 32, outputs: 32, size: 16, stride: 1),
    Convolution(inputs: 32, outputs: 64, size: 16, stride: 2),
    Convolution(inputs: 64, outputs: 64, size: 8, stride: 1),
  ]

  /// Rates in FLOP/s, of a direct convolution's operations whatever is done in their place.
  struct Rates {
    var forward: Double
    /// By data and by weights together; for a stem, by weights.
    var backward: Double
  }

  func run() throws {
    let threads = threads > 0 ? threads : Machine.cores
    let instructionSet = try InstructionSet.selected()
    let theirs = onednn == nil ? "" : "; oneDNN's in the layouts of its choice"
    var table = Table(
      name: "convolutions", title: "3x3 convolutions, GFLOP/s",
      caption: """
        Batch \(batch), \(threads) threads, \(instructionSet), float32\(theirs). The operations counted are those of a \
        direct convolution. Backward is the gradient by data and by weights together; of the first row, by weights.
        """,
      columns: [
        .init("convolution", .text), .init("forward", .number(digits: 0)), .init("backward", .number(digits: 0)),
        .init("onednn_forward", heading: "oneDNN forward", .number(digits: 0)),
        .init("onednn_backward", heading: "oneDNN backward", .number(digits: 0)),
        .init("forward_ratio", heading: "forward ratio", .number(digits: 2)),
        .init("backward_ratio", heading: "backward ratio", .number(digits: 2)),
      ])
    for convolution in Self.all {
      let ours = rates(convolution, threads: threads, instructionSet)
      let theirs = try onednn.map { try oneDNNRates($0, convolution, threads: threads) }
      table.append([
        .text(convolution.name), .number(ours.forward / 1e9), .number(ours.backward / 1e9),
        theirs.map { .number($0.forward / 1e9) } ?? .missing, theirs.map { .number($0.backward / 1e9) } ?? .missing,
        theirs.map { .number(ours.forward / $0.forward) } ?? .missing,
        theirs.map { .number(ours.backward / $0.backward) } ?? .missing,
      ])
    }
    try StandardOutput.write(Array(Markdown.render(table).utf8))
  }

  /// Our rates: the time of a plan with the convolution, less that of the plan without.
  ///
  /// An input image has few channels, so a shortcut that pads it with zero channels stands before the convolution.
  private func rates(_ convolution: Convolution, threads: Int, _ instructionSet: InstructionSet) -> Rates {
    let plan = plan(convolution, withConvolution: true)
    let whole = times(plan, threads: threads, instructionSet)
    let before =
      convolution.isStem
      ? (forward: 0, backward: 0)
      : times(self.plan(convolution, withConvolution: false), threads: threads, instructionSet)
    let operations = Double(plan.forwardFLOPs * batch)
    return Rates(
      forward: operations / (whole.forward - before.forward),
      backward: operations * (convolution.isStem ? 1 : 2) / (whole.backward - before.backward))
  }

  private func plan(_ convolution: Convolution, withConvolution: Bool) -> Plan {
    var net = PlanBuilder(
      architecture: convolution.name,
      input: Shape(channels: Workload.image.channels, height: convolution.size, width: convolution.size),
      classes: convolution.outputs)
    net.represent("input", 0)
    var x = convolution.isStem ? 0 : net.subsample(0, stride: 1, channels: convolution.inputs)
    if withConvolution {
      x = net.convolution("conv", x, channels: convolution.outputs, kernel: 3, stride: convolution.stride)
    }
    return net.plan()
  }

  private func times(
    _ plan: Plan, threads: Int, _ instructionSet: InstructionSet
  ) -> (forward: Double, backward: Double) {
    let executor = CPUExecutor(
      plan: plan, capacity: batch, mode: .training, pool: ThreadPool(threads: threads), instructionSet: instructionSet)
    executor.load(state: initialState(plan: plan, seed: 0, run: 0))
    let stride = executor.pixelStride
    executor.prepare(count: batch) { example, target in
      for pixel in 0..<plan.input.area { target[pixel * stride] = Float(pixel % 7) / 8 }
    }
    let gradient = [Float](repeating: 1 / 8, count: batch * plan.values[plan.logits].channels)
    var (forward, backward): ([Double], [Double]) = ([], [])
    for _ in 0..<repeats + 2 {
      let start = Machine.seconds
      executor.forward(count: batch, training: true)
      let middle = Machine.seconds
      executor.backward(logitGradient: gradient, count: batch)
      forward.append(middle - start)
      backward.append(Machine.seconds - middle)
    }
    return (median(Array(forward.dropFirst(2))), median(Array(backward.dropFirst(2))))
  }

  private func oneDNNRates(_ program: String, _ convolution: Convolution, threads: Int) throws -> Rates {
    let numbers = [batch, convolution.inputs, convolution.outputs, convolution.size, convolution.stride]
    let lines = try Child.lines(
      of: [program] + numbers.map { "\($0)" }, environment: ["OMP_NUM_THREADS": "\(threads)"])
    let answer = try JSON(parsing: lines.joined(), subject: program)
    guard let forward = answer["forward"]?.double, let data = answer["backward_data"]?.double,
      let weights = answer["backward_weights"]?.double
    else { throw Failure(.failed, program, "no rates") }
    // Times add up, so rates of the same number of operations have their harmonic mean.
    let both = 2 / (1 / data + 1 / weights)
    return Rates(forward: forward * 1e9, backward: (convolution.isStem ? weights : both) * 1e9)
  }
}
