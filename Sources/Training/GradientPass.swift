import Kernels
import Networks

/// The statistics that batch-norm takes: its running ones, or a batch's.
public enum BatchNormMode: String, CaseIterable, Sendable { case evaluation, training }

/// A trained network's way forward and back over training examples, batch by batch: no augmentation, no gradient of any
/// batch as a whole.
public struct GradientPass {
  /// What is differentiated.
  public enum Quantity: Sendable { case labelLogit, loss(LabelLoss) }

  /// What there is to go through: prepared images, and logits with or without a way back.
  public let network: TrainedNetwork
  public let data: TrainingData
  public let executor: CPUExecutor
  private let input: InputWriter
  private let quantity: Quantity
  private let batchNorm: BatchNormMode

  private static func mode(_ gradients: CPUExecutor.Gradients) -> CPUExecutor.Mode {
    gradients.isEmpty ? .evaluation : .training
  }

  /// Bytes that batches of `capacity` examples take.
  public static func memoryNeed(
    _ network: TrainedNetwork, by gradients: CPUExecutor.Gradients, capacity: Int, threads: Int,
    instructionSet: InstructionSet, keeping: [ValueID] = []
  ) -> Int {
    CPUExecutor.memoryNeed(
      plan: network.plan, capacity: capacity, mode: mode(gradients), gradients: gradients, threads: threads,
      instructionSet: instructionSet, exactConvolution: network.exactConvolution, keeping: keeping
    ).total
  }

  /// - Parameters:
  ///   - gradients: what a way back leaves behind; none: there is no way back.
  ///   - batchNorm: in training mode `gradients` must be those of parameters.
  ///   - memory: bytes that the executor may take, with one thread; it takes more only where a shard of 16 examples needs
  ///     them.
  ///   - most: examples of a batch, at most; where it is nil as few as keep the threads busy.
  ///   - keeping: values that are read after the way back.
  public init(
    _ network: TrainedNetwork, data: TrainingData, of quantity: Quantity, by gradients: CPUExecutor.Gradients,
    batchNorm: BatchNormMode = .evaluation, instructionSet: InstructionSet, pool: ThreadPool, memory: Int,
    most: Int? = nil, keeping: [ValueID] = []
  ) {
    (self.network, self.data, self.quantity, self.batchNorm) = (network, data, quantity, batchNorm)
    input = InputWriter(data: data, standardisation: network.standardisation)
    // An example's results do not depend on its batch. Four shards a thread keep all of them busy, and let large layers
    // read their weights seldom.
    var capacity = max(16, min(most ?? 64 * pool.threads, (data.train.count + 15) / 16 * 16) / 16 * 16)
    func need() -> Int {
      GradientPass.memoryNeed(
        network, by: gradients, capacity: capacity, threads: 1, instructionSet: instructionSet, keeping: keeping)
    }
    while capacity > 16, need() > memory { capacity = max(16, capacity / 32 * 16) }
    executor = CPUExecutor(
      plan: network.plan, capacity: capacity, mode: GradientPass.mode(gradients), gradients: gradients, pool: pool,
      instructionSet: instructionSet, exactConvolution: network.exactConvolution, keeping: keeping)
  }

  package var allExamples: [Int32] { (0..<Int32(data.train.count)).map { $0 } }

  /// Examples in batches, as slices.
  package func batches(of examples: [Int32]) -> some Sequence<ArraySlice<Int32>> {
    stride(from: 0, to: examples.count, by: executor.capacity).lazy.map { [capacity = executor.capacity] in
      examples[$0..<min($0 + capacity, examples.count)]
    }
  }

  /// Prepares a batch, and takes it forward.
  ///
  /// - Parameter change: what is done to each prepared example, by its place in the batch, as `(pixel, channel)` floats
  ///   `stride` apart from pixel to pixel.
  package func forward(
    _ batch: ArraySlice<Int32>,
    change: (@Sendable (_ slot: Int, _ pixels: UnsafeMutablePointer<Float>, _ stride: Int) -> Void)? = nil
  ) {
    input.write(batch, of: data.train, to: executor)
    if let change {
      let stride = isFlat ? data.shape.channels : executor.pixelStride
      executor.prepare(count: batch.count) { change($0, $1, stride) }
    }
    executor.forward(count: batch.count, training: batchNorm == .training)
  }

  /// Prepares a batch, and takes it forward and back.
  package func run(
    _ batch: ArraySlice<Int32>,
    change: (@Sendable (_ slot: Int, _ pixels: UnsafeMutablePointer<Float>, _ stride: Int) -> Void)? = nil
  ) {
    forward(batch, change: change)
    executor.backward(logitGradient: logitGradient(batch), count: batch.count)
  }

  /// Whether the network takes an image as one vector, `(y, x, channel)`.
  private var isFlat: Bool { network.plan.input.area == 1 }

  /// The gradient of each example's own quantity by its logits, `(example, class)`, after `forward`.
  package func logitGradient(_ batch: ArraySlice<Int32>) -> [Float] {
    let labels = batch.map { data.train.label[Int($0)] }
    switch quantity {
    case .labelLogit:
      var gradient = [Float](repeating: 0, count: batch.count * data.classes)
      for (slot, label) in labels.enumerated() { gradient[slot * data.classes + Int(label)] = 1 }
      return gradient
    case .loss(let label):
      var loss = BatchLoss(.labels(label), classes: data.classes, isMean: false)
      loss.evaluate(logits: executor.logits(count: batch.count), labels: labels)
      return loss.gradient
    }
  }

  /// Places of a pixel's channels in one example's gradient by the input.
  package func place(pixel: Int, channel: Int) -> Int {
    isFlat ? pixel * data.shape.channels + channel : channel * data.shape.area + pixel
  }
}
