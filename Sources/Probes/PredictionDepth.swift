import Kernels
import Networks
import Training

/// The prediction depth of each training example: the first layer from which on k-NN probes on all layers' outputs agree
/// with the network's prediction.
///
/// Layer 0 is the input; then come the plan's representations in order; the last is the softmax of the logits. A probe's
/// answer is the class that most of the 30 nearest examples of the run's training subset have, by Euclidean distance and
/// without the example itself, of several the lowest. The network's prediction is that of evaluation mode.
/// - Source: Baldock, Maennel and Neyshabur 2021, "Deep learning through the lens of example difficulty" (arXiv
///   2106.09647).
public struct PredictionDepth {
  /// `(example)` each.
  public struct Values: Sendable {
    /// The layer, from 0; the number of `layers` where the last probe disagrees; NaN where a logit is.
    public var depth: [Double] = []
    /// 1 where the last probe disagrees with the network.
    public var isUnresolved: [UInt8] = []
  }

  /// Of each layer that is probed, the input first.
  public let layers: [String]

  let network: TrainedNetwork
  let data: TrainingData
  let instructionSet: InstructionSet
  let pool: ThreadPool
  private let k: Int
  private let memory: Int

  /// - Parameters:
  ///   - data: its training split is measured.
  ///   - neighbours: k.
  ///   - memory: bytes that references, products and activations may take. Where the references of all layers do not fit,
  ///     the network runs more than once; where those of one layer do not, they are taken in blocks, of no fewer than 1,024.
  public init(
    _ network: TrainedNetwork, data: TrainingData, instructionSet: InstructionSet, pool: ThreadPool,
    neighbours: Int = 30, memory: Int = 2 << 30
  ) {
    precondition(neighbours > 0, "a probe asks at least one neighbour")
    (self.network, self.data, self.instructionSet, self.pool) = (network, data, instructionSet, pool)
    (k, self.memory) = (neighbours, memory)
    layers = network.plan.representations.map(\.name) + ["softmax"]
  }

  /// The prediction depths.
  ///
  /// - Parameters:
  ///   - inMask: `(training example)`, 1 for those of the run's subset, which are the references.
  ///   - examples: places in the training split; all where it is nil.
  public func values(state: [Float], inMask: [UInt8], examples: [Int32]? = nil) -> Values {
    precondition(inMask.count == data.train.count, "a mask has an element an example")
    let examples = examples ?? (0..<Int32(data.train.count)).map { $0 }
    let probes = LayerProbes(self, state: state, inMask: inMask, k: k, memory: memory)
    let answers = probes.answers(of: examples)
    var values = Values()
    for (place, prediction) in answers.predictions.enumerated() {
      let agrees = layers.indices.map { answers.votes[$0][place] == prediction }
      let depth = agrees.lastIndex(of: false).map { $0 + 1 } ?? 0
      values.depth.append(prediction < 0 ? .nan : Double(depth))
      values.isUnresolved.append(prediction >= 0 && depth == layers.count ? 1 : 0)
    }
    return values
  }
}
