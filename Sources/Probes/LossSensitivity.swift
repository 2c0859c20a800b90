import Kernels
import Networks
import Training

/// The norm of the gradient of each training example's own loss by its input, averaged over snapshots:
/// mean over t of |d CE(z_t(x), y) / d x|.
///
/// The input is standardised, so the unit is nats a standardised pixel value.
/// - Source: Arpit et al. 2017, "A closer look at memorization in deep networks" (arXiv 1706.05394).
public struct LossSensitivity {
  /// `(example)` each.
  public struct Values: Sendable {
    /// The root of the sum of squares.
    public var euclidean: [Double]
    /// The sum of magnitudes.
    public var absolute: [Double]
  }

  private let pass: GradientPass

  /// - Parameters:
  ///   - data: its training split is measured.
  ///   - memory: bytes that activations may take.
  public init(
    _ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet, pool: ThreadPool,
    memory: Int = 1 << 30
  ) {
    pass = GradientPass(
      network, data: data, of: .loss(.crossEntropy()), by: .input, instructionSet: instructionSet, pool: pool,
      memory: memory)
  }

  /// The sensitivity of each example; NaN without snapshots, and where a gradient is.
  ///
  /// - Parameters:
  ///   - examples: places in the training split; all where it is nil.
  ///   - state: the network's state at a snapshot, from 0 below `snapshots`.
  public func values(
    snapshots: Int, examples: [Int32]? = nil, state: (Int) throws -> [Float]
  ) rethrows -> Values {
    let examples = examples ?? pass.allExamples
    let size = pass.data.shape.count
    let zeros = [Double](repeating: 0, count: examples.count)
    var values = Values(euclidean: zeros, absolute: zeros)
    for snapshot in 0..<snapshots {
      pass.executor.load(state: try state(snapshot))
      for batch in pass.batches(of: examples) {
        pass.run(batch)
        let gradient = pass.executor.inputGradient(count: batch.count)
        for (slot, place) in batch.indices.enumerated() {
          var (squares, magnitudes) = (0.0, 0.0)
          for element in gradient[slot * size..<(slot + 1) * size] {
            squares += Double(element) * Double(element)
            magnitudes += Double(abs(element))
          }
          values.euclidean[place] += squares.squareRoot()
          values.absolute[place] += magnitudes
        }
      }
    }
    for place in examples.indices {
      values.euclidean[place] /= Double(snapshots)
      values.absolute[place] /= Double(snapshots)
    }
    return values
  }
}
