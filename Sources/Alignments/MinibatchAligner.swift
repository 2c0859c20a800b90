import Kernels
import Measures
import Networks
import Training

/// The alignment within minibatches, from the inner products of all their pairs: what whole sets have, and cosine stiffness
/// and confusion.
public struct MinibatchAligner {
  public let tensors: AlignedTensors
  private let pass: GradientPass
  private let pool: ThreadPool
  private let kernels: KernelTable

  /// Statistics of a batch are for executors that sum over it.
  private static func gradients(_ tensors: AlignedTensors, _ batchNorm: BatchNormMode) -> CPUExecutor.Gradients {
    batchNorm == .training ? .parameters : tensors.needsGradients ? .products : []
  }

  /// Bytes that minibatches of this size take.
  public static func memoryNeed(
    _ network: TrainedNetwork, tensors: AlignedTensors, batch: Int, batchNorm: BatchNormMode = .evaluation,
    threads: Int,
    instructionSet: InstructionSet
  ) -> Int {
    let gradients = gradients(tensors, batchNorm)
    return GradientPass.memoryNeed(
      network, by: gradients, capacity: (batch + 15) / 16 * 16, threads: threads, instructionSet: instructionSet,
      keeping: tensors.representations) + 4 * 8 * batch * batch
  }

  /// - Parameters:
  ///   - batch: examples of the largest minibatch.
  ///   - batchNorm: by the minibatch's statistics there are no gradients by parameters, as others' examples set the scale.
  public init(
    _ network: TrainedNetwork, data: TrainingData, tensors: AlignedTensors, batch: Int,
    batchNorm: BatchNormMode = .evaluation, instructionSet: InstructionSet, pool: ThreadPool
  ) {
    precondition(batchNorm == .evaluation || !tensors.needsGradients, "gradients of examples' own")
    (self.tensors, self.pool, kernels) = (tensors, pool, instructionSet.kernels)
    pass = GradientPass(
      network, data: data, of: .loss(network.loss), by: MinibatchAligner.gradients(tensors, batchNorm),
      batchNorm: batchNorm, instructionSet: instructionSet, pool: pool, memory: .max, most: (batch + 15) / 16 * 16,
      keeping: tensors.representations)
  }

  /// Calls `body` with the sums of each minibatch, one a tensor.
  public func forEachBatch(state: [Float], _ batches: [[Int32]], _ body: ([TensorSums]) -> Void) {
    pass.executor.load(state: state)
    for batch in batches { body(sums(batch)) }
  }

  private func sums(_ batch: [Int32]) -> [TensorSums] {
    let count = batch.count
    pass.forward(batch[...])
    let gradient = pass.logitGradient(batch[...])
    let representations = tensors.tensors.map { tensor -> [Double] in
      guard case .representation(let value) = tensor else { return [] }
      return products(pass.executor.value(value, count: count), count: count)
    }
    if tensors.needsGradients { pass.executor.backward(logitGradient: gradient, count: count) }
    let labels = batch.map { Int(pass.data.train.label[Int($0)]) }
    let members = (0..<pass.data.classes).map { c in labels.indices.filter { labels[$0] == c } }
    return tensors.tensors.enumerated().map { i, tensor in
      let all: [Double]
      switch tensor {
      case .logits: all = products(gradient, count: count)
      case .representation: all = representations[i]
      case .parameter(let id): all = pass.executor.gradientProducts(of: id, count: count)
      case .allParameters:
        var sum = [Double](repeating: 0, count: count * count)
        for (id, tensor) in pass.network.plan.tensors.enumerated() where tensor.role == .parameter {
          for (k, value) in pass.executor.gradientProducts(of: id, count: count).enumerated() { sum[k] += value }
        }
        all = sum
      }
      return all.withUnsafeBufferPointer { products in
        func sums(_ members: [Int]) -> AlignmentSums {
          AlignmentSums(products: products, stride: count, members: members)
        }
        return TensorSums(classes: members.map(sums), all: sums(Array(0..<count)))
      }
    }
  }

  /// The inner products of all pairs of vectors, `(vector, dimension)`.
  private func products(_ vectors: [Float], count: Int) -> [Double] {
    let length = vectors.count / count
    // Each on a 64-byte boundary, and zero up to the next.
    let stride = (length + 15) / 16 * 16
    let rows = Memory(count: count * stride)
    for i in 0..<count {
      for k in 0..<length { rows.floats[i * stride + k] = vectors[i * length + k] }
    }
    let room = Memory(count: 2 * count * count)
    nonisolated(unsafe) let result = UnsafeMutableRawPointer(room.floats).assumingMemoryBound(to: Double.self)
    let pairs = PairProducts(kernels, count: count)
    pairs.forEachBlock(pool) { i, j, out in
      pairs.set(i, j, length: stride, { UnsafePointer(rows.floats + $0 * stride) }, out)
      pairs.forEachPlace(i, j) { a, b, place in
        result[a * count + b] = out[place]
        result[b * count + a] = out[place]
      }
    }
    return Array(UnsafeBufferPointer(start: result, count: count * count))
  }
}
