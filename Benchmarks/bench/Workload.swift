import Kernels
import Networks
import Randomness
import Training

/// A network at work on batches of images of bytes, with all that `train` does in a step but augmentation.
///
/// It is used by one thread at a time.
final class Workload: @unchecked Sendable {
  let plan: Plan
  let batch: Int
  private let image: Shape
  private let executor: CPUExecutor
  private let images: [UInt8]
  private let labels: [Int32]
  private let preparation: ImagePreparation
  private var gradient: [Float] = []

  static let image = square(32)
  static let classes = 10

  /// A training split of noise.
  static func noise(examples: Int) -> TrainingData {
    var stream = RandomStream(seed: 0, purpose: .test)
    let split = TrainingData.Split(
      image: (0..<examples * image.count).map { _ in UInt8(stream.below(256)) },
      label: (0..<examples).map { Int32($0 * 7 % classes) }, position: (0..<Int64(examples)).map { $0 })
    return TrainingData(shape: image, classes: classes, train: split)
  }

  static func square(_ size: Int) -> Shape { Shape(channels: 3, height: size, width: size) }

  /// - Parameters:
  ///   - image: the shape of an image; the plan's own input may be flat.
  ///   - images: `(example, y, x, channel)`; the network gets (byte - 128) / 64, which is exact.
  ///   - labels: `(example)`, a class each.
  init(
    plan: Plan, image: Shape = Workload.image, state: [Float], images: [UInt8], labels: [Int32], batch: Int,
    mode: CPUExecutor.Mode, threads: Int, instructionSet: InstructionSet
  ) {
    precondition(images.count == labels.count * image.count, "one label an image")
    self.plan = plan
    self.image = image
    self.batch = batch
    self.images = images
    self.labels = labels
    executor = CPUExecutor(
      plan: plan, capacity: batch, mode: mode, pool: ThreadPool(threads: threads), instructionSet: instructionSet)
    executor.load(state: state)
    preparation = ImagePreparation(
      height: image.height, width: image.width, channels: image.channels,
      pixelStride: plan.input.area == 1 ? image.channels : executor.pixelStride)
  }

  /// A network in its initial state, with one batch of noise.
  convenience init(
    plan: Plan, image: Shape, batch: Int, mode: CPUExecutor.Mode, threads: Int, instructionSet: InstructionSet
  ) {
    var stream = RandomStream(seed: 0, purpose: .test)
    let images = (0..<batch * image.count).map { _ in UInt8(stream.below(256)) }
    let labels = (0..<batch).map { Int32($0 * 7 % Workload.classes) }
    self.init(
      plan: plan, image: image, state: initialState(plan: plan, seed: 0, run: 0), images: images, labels: labels,
      batch: batch, mode: mode, threads: threads, instructionSet: instructionSet)
  }

  private func prepare(from first: Int) {
    let size = image.count
    let mean = [Float](repeating: 128, count: image.channels)
    let inverse = [Float](repeating: 1 / 64, count: image.channels)
    executor.prepare(count: batch) { [images, preparation] example, target in
      images.withUnsafeBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return }
        preparation.write(base + (first + example) * size, mean: mean, inverse: inverse, to: target)
      }
    }
  }

  /// One step of training on the batch that starts at example `first`.
  ///
  /// - Returns: the mean loss before the step.
  @discardableResult
  func train(from first: Int = 0, _ sgd: SGD) -> Double {
    prepare(from: first)
    executor.forward(count: batch, training: true)
    let losses = Loss.crossEntropy.evaluate(
      logits: executor.logits(count: batch), labels: Array(labels[first..<first + batch]),
      classes: Workload.classes, into: &gradient)
    executor.backward(logitGradient: gradient, count: batch, updating: sgd)
    return losses.reduce(0) { $0 + Double($1) } / Double(batch)
  }

  /// The logits of the first batch.
  @discardableResult
  func infer() -> [Float] {
    prepare(from: 0)
    executor.forward(count: batch, training: false)
    return executor.logits(count: batch)
  }
}
