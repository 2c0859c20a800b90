import Randomness

/// The sampling error of an area under the ROC curve, over examples, and a 95 % interval.
///
/// With V_i the share of negatives that positive i exceeds and W_j the share of positives that exceed negative j, ties
/// as half,
///
///     variance = s²(V) / n_positive + s²(W) / n_negative
///
/// The interval is symmetric in the logit of the area and so lies in 0...1. It is undefined, NaN, below two examples of
/// a kind, and at areas of 0 and 1, where the variance is 0 and says nothing. It is over examples as if they were drawn
/// independently; the noise of the scores is in it only as far as it differs between examples.
/// - Complexity: O(n log n), by mid-ranks.
/// - Source: DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595; by ranks, Sun and Xu 2014,
///   doi:10.1109/LSP.2014.2337313; the logit, Qin and Hotilovac 2008, doi:10.1177/0962280207087173.
public struct AUROCInterval: Sendable, Equatable {
  public let auroc: AUROC
  /// NaN below two examples of a kind.
  public let variance: Double
  public let interval: Interval

  /// The parameters are those of `AUROC`.
  public init(scores: [Float], positive: [Bool]) {
    auroc = AUROC(scores: scores, positive: positive)
    let kept = scores.indices.filter { !scores[$0].isNaN }
    let ranks = midRanks(kept.map { scores[$0] })
    /// Sample variance of how many of the other kind each example of this one exceeds, as a share.
    func spread(_ kind: Bool) -> Double {
      let own = ranks.indices.filter { positive[kept[$0]] == kind }
      let ownRanks = midRanks(own.map { scores[kept[$0]] })
      let others = Double(ranks.count - own.count)
      let shares = zip(own, ownRanks).map { (ranks[$0] - $1) / others }
      let mean = shares.reduce(0, +) / Double(shares.count)
      return shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count - 1)
    }
    guard auroc.positives > 1, auroc.negatives > 1 else {
      (variance, interval) = (.nan, .undefined)
      return
    }
    variance = spread(true) / Double(auroc.positives) + spread(false) / Double(auroc.negatives)
    let area = auroc.value
    guard 0 < area, area < 1 else {
      interval = .undefined
      return
    }
    let logit = Elementary.log(area / (1 - area))
    let halfWidth = 1.959963984540054 * variance.squareRoot() / (area * (1 - area))
    func inverse(_ logit: Double) -> Double { 1 / (1 + Elementary.exp(-logit)) }
    interval = Interval(lower: inverse(logit - halfWidth), upper: inverse(logit + halfWidth))
  }
}
