import Networks
import Randomness

/// How the learning rate falls after the warm-up.
public enum Decay: Hashable, Sendable {
  /// Half a cosine from the peak to 0 at the end.
  case cosine
  /// Times `factor` at the start of each of these epochs, counted from 0.
  case step(at: [Double], factor: Double)
  case constant

  public enum Kind: String, Sendable, CaseIterable { case cosine, step, constant }

  public var kind: Kind {
    switch self {
    case .cosine: .cosine
    case .step: .step
    case .constant: .constant
    }
  }

  /// Of step decay, where only its epochs are given.
  static let standardFactor = 0.1
}

public enum Augmentation: String, Sendable, CaseIterable {
  case none
  /// A crop of the image's size from the image with 4 rows and columns of zeros around it, mirrored with probability 1/2.
  case padCropFlip = "pad-crop-flip"
}

public enum Standardisation: String, Sendable, CaseIterable {
  /// (x - mean) / s.d. with one mean and s.d. a channel, over all training images of the data set.
  case perChannel = "per-channel"
  /// (x - mean) / max(s.d., 1/sqrt(values)) over all values of the image itself.
  case perImage = "per-image"
}

/// How a network is trained: every value that a run depends on beside its architecture and data.
public struct Recipe: Hashable, Sendable {
  public var name: String
  public var epochs: Int
  public var batchSize: Int
  /// The peak.
  public var learningRate: Double
  /// Epochs over which the rate rises linearly to the peak.
  public var warmUpEpochs: Double
  public var decay: Decay
  public var momentum: Double
  public var nesterov: Bool
  /// L2 penalty on all parameters, as PyTorch's SGD has it.
  public var weightDecay: Double
  /// Of a label; students of a teacher take cross-entropy.
  public var loss: LabelLoss
  public var augmentation: Augmentation
  public var standardisation: Standardisation
  /// The test split is evaluated after every so many epochs, and after the last.
  public var testEvery: Int
  /// The run ends after the first epoch that leaves it with at least this accuracy on its own subset, in evaluation
  /// mode and without augmentation. The schedule stays that of all `epochs`.
  public var stopAtAccuracy: Double?

  /// What `--recipe` knows by name.
  public static let all = [quick, cifar, tinyImageNet, extreme]

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - step: from 0, over the whole run.
  ///   - stepsPerEpoch: batches an epoch, the short last one included.
  public func rate(step: Int, stepsPerEpoch: Int) -> Double {
    let warm = warmUpEpochs * Double(stepsPerEpoch)
    let total = Double(epochs * stepsPerEpoch)
    let position = Double(step)
    if position < warm { return learningRate * min(1, (position + 1) / warm) }
    switch decay {
    case .constant: return learningRate
    case .cosine:
      return learningRate * 0.5 * (1 + Elementary.cos(Double.pi * (position - warm) / max(1, total - warm)))
    case .step(let milestones, let factor):
      let epoch = position / Double(stepsPerEpoch)
      return milestones.reduce(learningRate) { $1 <= epoch ? $0 * factor : $0 }
    }
  }
}
