import Randomness
import ToolKit

/// How the learning rate falls after the warm-up.
public enum Decay: Hashable, Sendable {
  /// Half a cosine from the peak to 0 at the end.
  case cosine
  /// Times `factor` at the start of each of these epochs, counted from 0.
  case step(at: [Double], factor: Double)
  case constant

  public var name: String {
    switch self {
    case .cosine: "cosine"
    case .step: "step"
    case .constant: "constant"
    }
  }
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
  public var augmentation: Augmentation
  public var standardisation: Standardisation
  /// The test split is evaluated after every so many epochs, and after the last.
  public var testEvery: Int

  /// A short schedule for small sets: made for the sprites, which an MLP and ResNet-8 interpolate with it.
  public static let quick = Recipe(
    name: "quick",
    epochs: 30,
    batchSize: 50,
    // Above about .03 the logits of an MLP on 3,072 inputs grow without end.
    learningRate: 0.02,
    warmUpEpochs: 2,
    decay: .cosine,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0,
    augmentation: .none,
    standardisation: .perChannel,
    testEvery: 1)

  /// Lukasik et al. 2024 (arXiv 2310.05337), Table 4, column CIFAR.
  public static let cifar = Recipe(
    name: "cifar",
    epochs: 450,
    batchSize: 1024,
    learningRate: 1.0,
    warmUpEpochs: 15,
    decay: .step(at: [200, 300, 400], factor: 0.1),
    momentum: 0.9,
    nesterov: true,
    // The table says "10e-4". With 1e-3 deep networks do not interpolate, as the paper says they do; 1e-4 is He et al.'s.
    weightDecay: 1e-4,
    augmentation: .padCropFlip,
    standardisation: .perChannel,
    testEvery: 1)

  public static let all = [quick, cifar]

  /// The recipe as it stands in a runs file.
  public var json: JSON {
    var decayMembers: [String: JSON] = ["kind": .string(decay.name)]
    if case .step(let epochs, let factor) = decay {
      decayMembers["epochs"] = .array(epochs.map { .number($0) })
      decayMembers["factor"] = .number(factor)
    }
    return [
      "name": .string(name), "epochs": .number(Double(epochs)), "batch_size": .number(Double(batchSize)),
      "learning_rate": .number(learningRate), "warm_up_epochs": .number(warmUpEpochs),
      "decay": .object(decayMembers), "momentum": .number(momentum), "nesterov": .bool(nesterov),
      "weight_decay": .number(weightDecay), "test_every": .number(Double(testEvery)),
    ]
  }

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
