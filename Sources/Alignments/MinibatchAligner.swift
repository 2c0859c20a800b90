import CKernels
import Kernels
import Measures
import Networks
import Training

/// The alignment within minibatches, from the inner products of all their pairs, batch-norm in evaluation mode: what whole
/// sets have, and cosine stiffness and confusion.
public struct MinibatchAligner {
  public let tensors: AlignedTensors
  private let pass: GradientPass
  private let pool: ThreadPool
  private let kernels: KernelTable

  private static func gradients(_ tensors: AlignedTensors) -> CPUExecutor.Gradients {
    tensors.needsGradients ? .products : []
  }

  /// Bytes that minibatches of this size take.
  public static func memoryNeed(
    _ network: TrainedNetwork, tensors: AlignedTensors, batch: Int, threads: Int, instructionSet: InstructionSet
  ) -> Int {
    let gradients = gradients(tensors)
    return CPUExecutor.memoryNeed(
      plan: network.plan, capacity: (batch + 15) / 16 * 16, mode: gradients.isEmpty ? .evaluation : .training,
      gradients: gradients, threads: threads, instructionSet: instructionSet,
      exactConvolution: network.exactConvolution, keeping: tensors.representations
    ).total + 4 * 8 * batch * batch
  }

  /// - Parameter batch: examples of the largest minibatch.
  public init(
    _ network: TrainedNetwork, data: TrainingData, tensors: AlignedTensors, batch: Int, instructionSet: InstructionSet,
    pool: ThreadPool
  ) {
    (self.tensors, self.pool, kernels) = (tensors, pool, instructionSet.kernels)
    pass = GradientPass(
      network, data: data, of: .loss(network.loss), by: MinibatchAligner.gradients(tensors),
      instructionSet: instructionSet, pool: pool, memory: .max, most: (batch + 15) / 16 * 16,
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
    let blocks = (count + 3) / 4
    pool.run(blocks) { [kernels] i in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { out in
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 8) { places in
          guard let out = out.baseAddress, let places = places.baseAddress else { return }
          for j in i..<blocks {
            // What is past the last vector stands for that one.
            for k in 0..<4 {
              (places + k).initialize(to: rows.floats + min(4 * i + k, count - 1) * stride)
              (places + 4 + k).initialize(to: rows.floats + min(4 * j + k, count - 1) * stride)
            }
            kernels.c.products(Int64(stride), places, places + 4, out)
            for a in 4 * i..<min(4 * i + 4, count) {
              for b in 4 * j..<min(4 * j + 4, count) {
                let product = out[a % 4 * 4 + b % 4]
                result[a * count + b] = product
                result[b * count + a] = product
              }
            }
          }
        }
      }
    }
    return Array(UnsafeBufferPointer(start: result, count: count * count))
  }
}
