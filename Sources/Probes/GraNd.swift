import Kernels
import Networks
import Training

/// The norm of each training example's loss gradient: |d CE(z(x), y) / d w|, batch-norm's statistics being the running
/// ones.
///
/// - Source: Paul, Ganguli and Dziugaite 2021, "Deep learning on a data diet" (arXiv 2107.07075), definition 2.1, which is
///   the mean over runs.
public struct GraNd {
  /// `(example)` each.
  public struct Values: Sendable {
    /// Over all parameters, those of batch-norm among them.
    public var all: [Double] = []
    /// Over weight and bias of the last layer alone.
    public var lastLayer: [Double] = []
  }

  private let pass: GradientPass
  private let lastLayer: [TensorID]

  /// - Parameters:
  ///   - data: its training split is measured.
  ///   - memory: bytes that activations may take.
  public init(
    _ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet, pool: ThreadPool,
    memory: Int = 1 << 30
  ) {
    pass = GradientPass(
      network, data: data, of: .loss(.crossEntropy()), by: .norms, instructionSet: instructionSet, pool: pool,
      memory: memory)
    lastLayer = network.plan.lastLayer
  }

  /// The norms of the examples' gradients; NaN where a gradient is.
  ///
  /// - Parameter examples: places in the training split; all where it is nil.
  public func values(state: [Float], examples: [Int32]? = nil) -> Values {
    let examples = examples ?? pass.allExamples
    let tensors = pass.network.plan.tensors.count
    var values = Values()
    pass.executor.load(state: state)
    for batch in pass.batches(of: examples) {
      pass.run(batch)
      let norms = pass.executor.gradientNorms(count: batch.count)
      for slot in 0..<batch.count {
        let row = norms[slot * tensors..<(slot + 1) * tensors]
        values.all.append(row.reduce(0, +).squareRoot())
        values.lastLayer.append(lastLayer.reduce(0) { $0 + row[row.startIndex + $1] }.squareRoot())
      }
    }
    return values
  }
}

extension Plan {
  /// Weight and bias of the last layer that has weights.
  fileprivate var lastLayer: [TensorID] {
    for operation in operations.reversed() {
      switch operation.kind {
      case .dense(let weight, let bias): return [weight] + (bias.map { [$0] } ?? [])
      case .convolution(let convolution): return [convolution.weight] + (convolution.bias.map { [$0] } ?? [])
      default: continue
      }
    }
    return []
  }
}
