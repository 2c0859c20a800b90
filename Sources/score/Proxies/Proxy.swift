import Measures

/// A proxy of memorisation by name, as `--measures` and the variables of a scores file have it.
enum Proxy: String, CaseIterable, Sendable, Hashable {
  case cScore = "c_score"
  case cumulativeProbability = "cumulative_probability"
  case cumulativeAccuracy = "cumulative_accuracy"
  case cumulativeMaxProbability = "cumulative_max_probability"
  case cumulativeNegativeEntropy = "cumulative_negative_entropy"
  case csl
  case confidence, variability
  case aum
  case forgettingEvents = "forgetting_events"
  case firstLearnedEpoch = "first_learned_epoch"
  case learnedForGoodEpoch = "learned_for_good_epoch"
  case agreement
  case ensembleConfidence = "ensemble_confidence"
  case el2n
  case grand
  case grandLastLayer = "grand_last_layer"
  case vog
  case vogWithinClass = "vog_within_class"
  case curvature
  case lossSensitivity = "loss_sensitivity"
  case predictionDepth = "prediction_depth"
  case inputNorm = "input_norm"
  case random

  /// What a proxy is made from beside the runs' masks.
  enum Need: Hashable, Sendable {
    case correctness
    /// A quantity of `--dynamics`.
    case dynamics(String)
    case logits
    /// The data set's images.
    case images
    /// Images and a checkpoint of an early epoch, of all snapshots, or of the last one.
    case earlyCheckpoint, snapshots, lastCheckpoint
    case nothing
  }

  var need: Need {
    switch self {
    case .cScore: .correctness
    case .cumulativeProbability, .confidence, .variability: .dynamics("label_probability")
    case .cumulativeAccuracy, .forgettingEvents, .firstLearnedEpoch, .learnedForGoodEpoch: .dynamics("correct")
    case .cumulativeMaxProbability: .dynamics("max_probability")
    case .cumulativeNegativeEntropy: .dynamics("entropy")
    case .csl: .dynamics("loss")
    case .aum: .dynamics("margin")
    case .agreement, .ensembleConfidence: .logits
    case .el2n, .grand, .grandLastLayer: .earlyCheckpoint
    case .vog, .vogWithinClass, .curvature, .lossSensitivity: .snapshots
    case .predictionDepth: .lastCheckpoint
    case .inputNorm: .images
    case .random: .nothing
    }
  }

  /// Whether larger values are expected of memorised examples (1) or smaller ones (-1).
  var sign: Int {
    switch self {
    case .cScore, .cumulativeProbability, .cumulativeAccuracy, .cumulativeMaxProbability, .cumulativeNegativeEntropy,
      .confidence, .aum, .ensembleConfidence:
      -1
    default: 1
    }
  }

  /// What it is of one run; the file has means over runs.
  var definition: String {
    switch self {
    case .cScore: "share of the runs not trained on the example that get it right, at the subset ratio of these runs"
    case .cumulativeProbability: "mean over epochs of the label's softmax probability"
    case .cumulativeAccuracy: "mean over epochs of correctness"
    case .cumulativeMaxProbability: "mean over epochs of the largest softmax probability"
    case .cumulativeNegativeEntropy: "mean over epochs of the negative entropy of the softmax, in nats"
    case .csl: "sum over epochs of the cross-entropy, in nats"
    case .confidence: "mean over epochs of the label's softmax probability; the same numbers as cumulative_probability"
    case .variability: "standard deviation over epochs (divisor E) of the label's softmax probability"
    case .aum: "mean over epochs of the label's logit minus the largest other one"
    case .forgettingEvents: "changes from right to wrong between epochs; the number of epochs where never right"
    case .firstLearnedEpoch: "first epoch after which the example is right; epochs + 1 where it never is"
    case .learnedForGoodEpoch: "epoch from which on the example stays right; epochs + 1 where it is wrong at the end"
    case .agreement:
      "Jensen-Shannon divergence of the final softmaxes of neighbouring runs, in nats; both runs as `over` says"
    case .ensembleConfidence: "largest probability of the final softmax"
    case .el2n: "|softmax - onehot| after an early epoch"
    case .grand: "norm of the cross-entropy's gradient by all parameters after an early epoch, evaluation mode"
    case .grandLastLayer: "norm of the cross-entropy's gradient by the last layer's parameters after an early epoch"
    case .vog:
      "standard deviation over snapshots of d(logit of the label)/d(input), mean over channels; mean over pixels"
    case .vogWithinClass: "vog minus its mean within the class, over its standard deviation there"
    case .curvature:
      "mean over snapshots and 10 Rademacher directions v of |g(x + h v) - g(x)|^2 / h^2, h = 1e-3, g the gradient of the "
        + "cross-entropy by the standardised input"
    case .lossSensitivity: "mean over snapshots of the norm of the cross-entropy's gradient by the standardised input"
    case .predictionDepth:
      "first layer from which on 30-nearest-neighbour probes of the run's subset agree with the prediction; "
        + "number of layers + 1 where the last does not"
    case .inputNorm: "norm of the standardised input: a baseline"
    case .random: "uniform random numbers: a baseline"
    }
  }

  /// What a value that stands for something else means; nil for proxies that have none.
  var flagDefinition: String? {
    switch self {
    case .forgettingEvents, .firstLearnedEpoch: "the example is never right"
    case .learnedForGoodEpoch: "the example is wrong at the end"
    case .predictionDepth: "the last probe disagrees with the network"
    default: nil
    }
  }

  var source: String {
    switch self {
    case .cScore, .cumulativeProbability, .cumulativeAccuracy, .cumulativeMaxProbability,
      .cumulativeNegativeEntropy, .learnedForGoodEpoch:
      "Jiang et al. 2021"
    case .csl: "Ravikumar et al. 2025"
    case .confidence, .variability: "Swayamdipta et al. 2020"
    case .aum: "Pleiss et al. 2020"
    case .forgettingEvents, .firstLearnedEpoch: "Toneva et al. 2019"
    case .agreement, .ensembleConfidence: "Carlini et al. 2019"
    case .el2n, .grand, .grandLastLayer: "Paul et al. 2021"
    case .vog, .vogWithinClass: "Agarwal et al. 2022"
    case .curvature: "Garg et al. 2024"
    case .lossSensitivity: "Arpit et al. 2017"
    case .predictionDepth: "Baldock et al. 2021"
    case .inputNorm, .random: "-"
    }
  }

  /// The measure over epochs, of those that are made from dynamics.
  func dynamics(examples: Int) -> (any DynamicsProxy)? {
    switch self {
    case .cumulativeProbability, .cumulativeAccuracy, .cumulativeMaxProbability, .cumulativeNegativeEntropy,
      .confidence, .aum:
      EpochMean(examples: examples)
    case .csl: LossSum(examples: examples)
    case .variability: Variability(examples: examples)
    case .forgettingEvents: ForgettingEvents(examples: examples)
    case .firstLearnedEpoch: FirstLearnedEpoch(examples: examples)
    case .learnedForGoodEpoch: LearnedForGoodEpoch(examples: examples)
    default: nil
    }
  }
}

/// The runs whose values of an example are averaged.
enum ProxyScope: String, CaseIterable, Sendable {
  /// Those that were trained on it, those that were not, or all.
  case inside = "in"
  case outside = "out"
  case all

  /// Sets values that do not count to NaN.
  func restrict(_ values: [Float], _ mask: [UInt8]) -> [Float] {
    switch self {
    case .all: values
    case .inside: zip(values, mask).map { $1 == 1 ? $0 : .nan }
    case .outside: zip(values, mask).map { $1 == 0 ? $0 : .nan }
    }
  }
}
