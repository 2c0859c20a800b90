import ArgumentParser
import Kernels
import Networks
import ToolKit

struct LossesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "losses", abstract: "Trains from a given state on given batches, and prints each step's loss.",
    discussion: "Tests/torch/curves.py writes the files, trains the same with PyTorch, and compares.")

  @Option(help: "An architecture.")
  var architecture = "resnet-20"

  @Option(help: "The state to start from: float32, all tensors in the order of PyTorch's state_dict.")
  var state: String

  @Option(help: "Images: bytes, (example, y, x, channel), 32x32x3. The network gets (byte - 128) / 64.")
  var images: String

  @Option(help: "Labels: int32, one an image.")
  var labels: String

  @Option(help: "Steps; each takes the next images of the file.")
  var steps = 300

  @Option(help: "Images a step.")
  var batch = 128

  @Option(help: "The learning rate, which stays.")
  var learningRate: Float = 0.05

  @Option(help: "Nesterov momentum.")
  var momentum: Float = 0.9

  @Option(help: "Weight decay.")
  var weightDecay: Float = 5e-4

  @Option(help: "Threads; 0 for all cores. The losses do not depend on it.")
  var threads = 0

  func run() throws {
    let plan = try Architecture(architecture).plan(image: Workload.image, classes: Workload.classes)
    let state = try elements(of: state, as: Float.self)
    let images = try bytes(of: images)
    let labels = try elements(of: labels, as: Int32.self)
    guard state.count == plan.stateCount else {
      throw Failure(.badData, self.state, "holds \(state.count) values; the network has \(plan.stateCount)")
    }
    guard batch > 0, images.count == labels.count * Workload.image.count, labels.count >= steps * batch else {
      throw Failure(.badData, self.images, "\(steps) steps take \(steps * batch) images, and as many labels")
    }
    guard labels.allSatisfy({ (0..<Int32(Workload.classes)).contains($0) }) else {
      throw Failure(.badData, self.labels, "a label is no class")
    }
    let workload = Workload(
      plan: plan, state: state, images: images, labels: labels, batch: batch, mode: .training,
      threads: threads > 0 ? threads : Machine.cores, instructionSet: try InstructionSet.selected())
    let sgd = SGD(learningRate: learningRate, momentum: momentum, weightDecay: weightDecay, nesterov: true)
    for step in 0..<steps {
      let loss = workload.train(from: step * batch, sgd)
      try StandardOutput.write(Array("\(loss)\n".utf8))
    }
  }

  /// A file of little-endian elements of 4 bytes.
  private func elements<Element>(of path: String, as _: Element.Type) throws -> [Element] {
    let bytes = try bytes(of: path)
    let size = MemoryLayout<Element>.stride
    guard bytes.count % size == 0 else { throw Failure(.badData, path, "no whole number of elements") }
    return bytes.withUnsafeBytes { raw in
      stride(from: 0, to: bytes.count, by: size).map { raw.loadUnaligned(fromByteOffset: $0, as: Element.self) }
    }
  }
}
