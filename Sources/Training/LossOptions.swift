import ArgumentParser
import Networks
import ToolKit

extension LabelLoss.Kind: ExpressibleByArgument {}
extension LabelLoss.SquaredFactor: ExpressibleByArgument {}

/// The loss of labels, and its values.
struct LossOptions: ParsableArguments {
  @Option(help: "Loss of the label: cross-entropy, hinge or squared.") var loss: LabelLoss.Kind?
  @Option(help: "Cross-entropy: divide the logits by this.") var lossTemperature: Double?
  @Option(help: "Cross-entropy: the share of the label's target, from 0 up to and without 1, that all classes divide.")
  var labelSmoothing: Double?
  @Option(help: "Hinge: the margin that each other class must keep.") var hingeMargin: Double?
  @Option(help: "Squared: mean over the classes, or half of the sum.") var squaredFactor: LabelLoss.SquaredFactor?
  @Option(help: "Squared: what the label's logit should be; the others should be 0.") var targetScale: Double?

  /// The loss with what the command line overrides.
  func resolved(_ standard: LabelLoss) throws -> LabelLoss {
    let kind = loss ?? standard.kind
    for (option, isGiven, goesWith) in [
      ("--loss-temperature", lossTemperature != nil, LabelLoss.Kind.crossEntropy),
      ("--label-smoothing", labelSmoothing != nil, .crossEntropy),
      ("--hinge-margin", hingeMargin != nil, .hinge), ("--squared-factor", squaredFactor != nil, .squared),
      ("--target-scale", targetScale != nil, .squared),
    ] where isGiven && goesWith != kind {
      throw Failure(.usage, nil, "\(option) goes with --loss \(goesWith.rawValue), not with \(kind.rawValue)")
    }
    // What is not given is the recipe's, where the recipe has that loss.
    switch (kind, standard) {
    case (.crossEntropy, .crossEntropy(let temperature, let smoothing)):
      return .crossEntropy(temperature: lossTemperature ?? temperature, smoothing: labelSmoothing ?? smoothing)
    case (.crossEntropy, _):
      return .crossEntropy(temperature: lossTemperature ?? 1, smoothing: labelSmoothing ?? 0)
    case (.hinge, .hinge(let margin)): return .hinge(margin: hingeMargin ?? margin)
    case (.hinge, _): return .hinge(margin: hingeMargin ?? 1)
    case (.squared, .squared(let factor, let scale)):
      return .squared(squaredFactor ?? factor, targetScale: targetScale ?? scale)
    case (.squared, _): return .squared(squaredFactor ?? .mean, targetScale: targetScale ?? 1)
    }
  }
}
