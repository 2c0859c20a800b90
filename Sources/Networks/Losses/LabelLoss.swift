import Randomness

/// A loss of one example's logits z against its label y.
///
/// - Source: Mehta, Cutkosky and Neyshabur 2021 (arXiv 2008.13363), for the three kinds, and for temperature, margin
///   and target scale as remedies of a large initialisation; Szegedy et al. 2016 (arXiv 1512.00567), section 7, for
///   label smoothing.
public enum LabelLoss: Hashable, Sendable {
  /// -Σ_k q_k log softmax(z / T)[k], without a factor T: q is 1 at the label and 0 elsewhere, of which the share S
  /// is spread evenly over all C classes, the label's too. `torch.nn.CrossEntropyLoss(label_smoothing=S)`.
  case crossEntropy(temperature: Double = 1, smoothing: Double = 0)
  /// Σ_{j≠y} max(0, margin + z_j - z_y): Weston and Watkins 1999; `torch.nn.MultiMarginLoss` times the classes.
  case hinge(margin: Double = 1)
  /// The factor times Σ_j (z_j - s [j = y])².
  case squared(SquaredFactor = .mean, targetScale: Double = 1)

  public enum SquaredFactor: String, Sendable, CaseIterable {
    /// One over the number of classes, as the released code of Mehta et al. has it.
    case mean
    /// 1/2, as their paper has it.
    case half
  }

  public enum Kind: String, Sendable, CaseIterable {
    case crossEntropy = "cross-entropy"
    case hinge, squared
  }

  public var kind: Kind {
    switch self {
    case .crossEntropy: .crossEntropy
    case .hinge: .hinge
    case .squared: .squared
    }
  }
}

extension LossRow {
  /// The loss; `gradient` becomes its gradient by the logits.
  mutating func evaluate(_ loss: LabelLoss, label: Int) -> Double {
    switch loss {
    case .crossEntropy(let temperature, let smoothing):
      smoothing == 0
        ? crossEntropy(temperature: temperature, label: label)
        : smoothedCrossEntropy(temperature: temperature, smoothing: smoothing, label: label)
    case .hinge(let margin): hinge(margin: margin, label: label)
    case .squared(let factor, let scale):
      squared(factor: factor == .mean ? 1 / Double(logits.count) : 0.5, targetScale: scale, label: label)
    }
  }

  mutating func crossEntropy(temperature: Double, label: Int) -> Double {
    setLogSoftmax(logits, temperature: temperature, into: &logProbabilities)
    var others = 0.0
    for k in logits.indices where k != label {
      let probability = Elementary.exp(logProbabilities[k])
      gradient[k] = probability / temperature
      others += probability
    }
    // p - 1 as the sum of the others, which keeps its digits where p is close to 1.
    gradient[label] = -others / temperature
    return -logProbabilities[label]
  }

  private mutating func smoothedCrossEntropy(temperature: Double, smoothing: Double, label: Int) -> Double {
    let own = crossEntropy(temperature: temperature, label: label)
    let share = smoothing / Double(logits.count)
    var sum = 0.0
    for k in logits.indices {
      sum -= logProbabilities[k]
      // The targets' difference from the label alone; what is there keeps its digits where p is close to 1.
      gradient[k] += ((k == label ? smoothing : 0) - share) / temperature
    }
    return (1 - smoothing) * own + share * sum
  }

  /// At a kink the gradient is PyTorch's: a class that is exactly the margin away does not count.
  private mutating func hinge(margin: Double, label: Int) -> Double {
    var (loss, count) = (0.0, 0.0)
    for k in logits.indices where k != label {
      let violation = margin + logits[k] - logits[label]
      // NaN counts, so that it shows in the loss.
      let counts = !(violation <= 0)
      gradient[k] = counts ? 1 : 0
      guard counts else { continue }
      loss += violation
      count += 1
    }
    gradient[label] = -count
    if loss.isNaN { for k in gradient.indices { gradient[k] = .nan } }
    return loss
  }

  private mutating func squared(factor: Double, targetScale: Double, label: Int) -> Double {
    var sum = 0.0
    for k in logits.indices {
      let error = logits[k] - (k == label ? targetScale : 0)
      gradient[k] = 2 * factor * error
      sum += error * error
    }
    return factor * sum
  }
}
