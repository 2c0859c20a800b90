import Networks
import ToolKit

extension Recipe {
  /// A value that no network can be trained with.
  struct Impossible {
    /// Its key in the recipe's JSON, and the option that sets it.
    let key: String
    let option: String
    let requirement: String

    var usage: Failure { Failure(.usage, nil, "--\(option) \(requirement)") }

    func inFile(_ name: String) -> Failure { Failure(.badData, name, "\"\(key)\" \(requirement)") }
  }

  /// The first value that is impossible, or nil.
  var impossibility: Impossible? {
    func isPositive(_ value: Double) -> Bool { value.isFinite && value > 0 }
    func isAtLeast0(_ value: Double) -> Bool { value.isFinite && value >= 0 }
    let counts = 1...1_000_000
    let oneOrMore = "must be from 1 to \(counts.upperBound)"
    var rules: [(holds: Bool, key: String, option: String, requirement: String)] = [
      (counts.contains(epochs), "epochs", "epochs", oneOrMore),
      (counts.contains(batchSize), "batch_size", "batch-size", oneOrMore),
      (isAtLeast0(learningRate), "learning_rate", "learning-rate", "must be 0 or above"),
      (
        (0...Double(max(0, epochs))).contains(warmUpEpochs), "warm_up_epochs", "warm-up-epochs",
        "must be from 0 to the epochs"
      ),
      ((0..<1).contains(momentum), "momentum", "momentum", "must be from 0 up to and without 1"),
      (momentum > 0 || !nesterov, "nesterov", "nesterov", "needs a momentum above 0"),
      (isAtLeast0(weightDecay), "weight_decay", "weight-decay", "must be 0 or above"),
      (counts.contains(testEvery), "test_every", "test-every", oneOrMore),
    ]
    if let stopAtAccuracy {
      rules.append(
        (
          stopAtAccuracy > 0 && stopAtAccuracy <= 1, "stop_at_accuracy", "stop-at-accuracy",
          "must be above 0, and 1 at most"
        ))
    }
    if case .step(let epochs, let factor) = decay {
      rules.append((epochs.allSatisfy(isAtLeast0), "decay.epochs", "decay-at", "takes epochs of 0 or above, as 10,20"))
      rules.append((isPositive(factor), "decay.factor", "decay-factor", "must be above 0"))
    }
    switch loss {
    case .crossEntropy(let temperature, let smoothing):
      rules.append((isPositive(temperature), "loss.temperature", "loss-temperature", "must be above 0"))
      rules.append(
        (
          (0..<1).contains(smoothing), "loss.label_smoothing", "label-smoothing", "must be from 0 up to and without 1"
        ))
    case .hinge(let margin):
      rules.append((isAtLeast0(margin), "loss.margin", "hinge-margin", "must be 0 or above"))
    case .squared(_, let scale):
      rules.append((isPositive(scale), "loss.target_scale", "target-scale", "must be above 0"))
    }
    return rules.first { !$0.holds }.map { Impossible(key: $0.key, option: $0.option, requirement: $0.requirement) }
  }
}
