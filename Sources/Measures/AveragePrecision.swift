/// The average precision of scores as a ranking of positive examples: the area under the steps of precision over
/// recall.
///
///     AP = Σ_t (R_t - R_{t-1}) P_t
///
/// over the distinct scores t in descending order, with recall R_t and precision P_t of `score >= t`. Examples that tie
/// come in together, so that their order does not matter, and nothing is interpolated. Chance gives about the share of
/// positives.
/// - Complexity: O(n log n).
/// - Source: the definition of scikit-learn's `average_precision_score`; on interpolation, Davis and Goadrich 2006,
///   doi:10.1145/1143844.1143874.
public struct AveragePrecision: Sendable, Equatable {
  /// In 0...1; NaN without a positive.
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
    let order = scores.indices.filter { !scores[$0].isNaN }.sorted { scores[$0] > scores[$1] }
    let positives = order.count { positive[$0] }
    var (sum, hits, start) = (0.0, 0, 0)
    while start < order.count {
      var (end, new) = (start, 0)
      while end < order.count, scores[order[end]] == scores[order[start]] {
        if positive[order[end]] { new += 1 }
        end += 1
      }
      hits += new
      sum += Double(new) * (Double(hits) / Double(end))
      start = end
    }
    value = sum / Double(positives)
    self.positives = positives
    negatives = order.count - positives
    missing = scores.count - order.count
  }
}
