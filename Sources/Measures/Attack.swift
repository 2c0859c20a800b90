/// How well scores tell one kind of example from the other: points of the ROC curve and the area under it.
public struct Attack: Sendable {
  /// The true-positive rate at false-positive rates of .001 and .01: the largest that a threshold reaches whose
  /// false-positive rate is not above.
  public let strictest: Double
  public let strict: Double
  public let area: Double

  /// - Parameters:
  ///   - scores: `(example)`; NaN leaves the example out.
  ///   - member: `(example)`
  public init(scores: [Float], member: [Bool]) {
    area = AUROC(scores: scores, positive: member).value
    let kept = scores.indices.filter { !scores[$0].isNaN }.sorted { scores[$0] > scores[$1] }
    let positives = kept.reduce(0) { $0 + (member[$1] ? 1 : 0) }
    let negatives = kept.count - positives
    func rate(_ most: Double) -> Double {
      let allowed = Int(most * Double(negatives) * (1 + 1e-12))
      var (hits, misses, best, k) = (0, 0, 0, 0)
      while k < kept.count {
        // Equal scores lie on one side of any threshold.
        let score = scores[kept[k]]
        while k < kept.count, scores[kept[k]] == score {
          if member[kept[k]] { hits += 1 } else { misses += 1 }
          k += 1
        }
        guard misses <= allowed else { break }
        best = hits
      }
      return positives > 0 && negatives > 0 ? Double(best) / Double(positives) : .nan
    }
    strictest = rate(0.001)
    strict = rate(0.01)
  }
}
