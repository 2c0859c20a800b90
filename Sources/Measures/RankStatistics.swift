/// The area under the ROC curve: how often a positive example scores above a negative one, ties as half.
///
/// - Complexity: O(n log n).
/// - Source: the Mann–Whitney statistic over the number of pairs; Hanley and McNeil 1982,
///   doi:10.1148/radiology.143.1.7063747.
public struct AUROC: Sendable, Equatable {
  /// In 0...1; NaN without both a positive and a negative.
  public let value: Double
  /// The number of examples that count of each kind, and of those left out because their score is NaN.
  public let positives: Int
  public let negatives: Int
  public let missing: Int

  /// - Parameters:
  ///   - scores: `(example)`; NaN leaves the example out.
  ///   - positive: `(example)`
  public init(scores: [Float], positive: [Bool]) {
    precondition(scores.count == positive.count, "each score belongs to an example")
    let kept = scores.indices.filter { !scores[$0].isNaN }
    let ranks = midRanks(kept.map { scores[$0] })
    var (positives, rankSum) = (0, 0.0)
    for (rank, i) in zip(ranks, kept) where positive[i] {
      positives += 1
      rankSum += rank
    }
    self.positives = positives
    negatives = kept.count - positives
    missing = scores.count - kept.count
    let (p, n) = (Double(positives), Double(negatives))
    value = (rankSum - p * (p + 1) / 2) / (p * n)
  }
}

/// The rank of each value, from 1; equal values share the mean of their ranks.
///
/// - Precondition: no value is NaN.
public func midRanks(_ values: [Float]) -> [Double] { midRanks(of: values.map(Double.init)) }

/// The same of doubles.
public func midRanks(of values: [Double]) -> [Double] {
  precondition(!values.contains { $0.isNaN }, "NaN has no rank")
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    // Ranks start + 1 to end.
    for i in start..<end { ranks[order[i]] = Double(start + 1 + end) / 2 }
    start = end
  }
  return ranks
}
