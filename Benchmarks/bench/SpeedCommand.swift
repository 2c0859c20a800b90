import ArgumentParser
import Kernels
import Networks
import ToolKit

/// What is measured of a network.
enum SpeedMode: String, ExpressibleByArgument, CaseIterable {
  case train, infer

  /// Floating-point operations an image, in direct convolutions and dense layers. Training has three passes, forward and
  /// backward by data and by weights, but that the input of the network needs no gradient.
  func operations(_ plan: Plan) -> Int {
    guard self == .train else { return plan.forwardFLOPs }
    let first = plan.operations.filter { $0.inputs.contains(0) }.reduce(0) { sum, operation in
      let weights = plan.tensors.first { $0.name == "\(operation.name).weight" }?.count ?? 0
      return sum + 2 * weights * plan.values[operation.output].area
    }
    return 3 * plan.forwardFLOPs - first
  }
}

/// Bursts of training or inference, each answered by a line of JSON. `torch_peer.py` speaks the same protocol, so that a
/// driver can let the two take turns; while one works, the other waits for its line and takes no time.
struct SpeedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "speed", abstract: "Images a second of one network; a burst for each line on standard input.")

  @Argument(help: "An architecture, such as resnet-20 or mlp.")
  var model: String

  @Option(help: "Images a batch.")
  var batch = 128

  @Option(help: "Height and width of the images.")
  var size = 32

  @Option(help: "Threads of each run; 0 for all cores.")
  var threads = 0

  @Option(help: "train or infer.")
  var mode = SpeedMode.train

  @Option(help: "Runs side by side; the figure is their sum.")
  var runs = 1

  @Option(help: "Length of a burst, which ends with the step under way.")
  var seconds = 0.5

  @Option(help: "Bursts to do at once, in place of one for each line that is read.")
  var bursts: Int?

  func validate() throws {
    guard batch > 0, size > 0, threads >= 0, runs > 0, seconds > 0 else {
      throw ValidationError("batch, size, threads, runs and seconds must be above 0")
    }
  }

  func run() throws {
    let instructionSet = try InstructionSet.selected()
    let image = Workload.square(size)
    let plan = try Architecture(model).plan(image: image, classes: Workload.classes)
    let threads = threads > 0 ? threads : Machine.cores
    let workloads = (0..<runs).map { _ in
      Workload(
        plan: plan, image: image, batch: batch, mode: mode == .train ? .training : .evaluation, threads: threads,
        instructionSet: instructionSet)
    }
    var peak: Double?
    var done = 0
    while bursts.map({ done < $0 }) ?? (readLine() != nil) {
      // At the first burst and not before: by then it is this process's turn.
      let limit = peak ?? multiplyAddRate(instructionSet, threads: runs * threads)
      peak = limit
      let rate = burst(workloads)
      let share = rate * Double(mode.operations(plan)) / limit
      let line: JSON = [
        "images_per_second": .number(rate), "share_of_peak": .number(share),
        "peak_memory": .number(Double(peakMemory())),
      ]
      try StandardOutput.write(Array((line.canonical + "\n").utf8))
      done += 1
    }
  }

  /// Images a second, all runs together.
  private func burst(_ workloads: [Workload]) -> Double {
    let sgd = SGD(learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, nesterov: true)
    let rates = Memory(count: workloads.count)
    ThreadPool(threads: workloads.count).run(workloads.count) { [mode, seconds] i in
      let start = Machine.seconds
      var images = 0
      repeat {
        if mode == .train { workloads[i].train(sgd) } else { workloads[i].infer() }
        images += workloads[i].batch
      } while Machine.seconds - start < seconds
      rates.floats[i] = Float(Double(images) / (Machine.seconds - start))
    }
    return (0..<workloads.count).reduce(0) { $0 + Double(rates.floats[$1]) }
  }
}
