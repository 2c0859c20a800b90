/// The C-score of each example: its out-of-sample accuracy, the mean over subset ratios.
///
///     C_i = (1/R) Σ_r out_ri
///
/// with out_ri the share of the runs of ratio r without example i that predict its label. `(example)` each; NaN where
/// an example was in all runs of some ratio: a mean over other ratios would be of another thing.
/// - Source: Jiang, Zhang, Talwar and Mozer 2021, eq. 2 (arXiv 2002.03206), with equal weights for the ratios.
public struct CScore: Sendable {
  public private(set) var score: [Float] = []
  /// √(Σ_r p_r (1 - p_r) / n_r) / R with p_r = (x + 1/2) / (n + 1): the plain shares would give 0 at the ends.
  public private(set) var standardError: [Float] = []
  /// Runs without the example, over all ratios.
  public private(set) var count: [Int32] = []

  /// - Parameter ratios: the counts of the runs of each ratio, of the same examples.
  public init(_ ratios: [MemorisationCounts]) {
    let examples = ratios.first?.examples ?? 0
    precondition(ratios.allSatisfy { $0.examples == examples }, "ratios of one data set")
    for i in 0..<examples {
      var (sum, variance, runs) = (0.0, 0.0, 0)
      for counts in ratios {
        let side = counts.outOfSample(i)
        let p = (Double(side.correct) + 0.5) / (Double(side.runs) + 1)
        sum += side.accuracy
        variance += p * (1 - p) / Double(side.runs)
        runs += side.runs
      }
      let r = Double(ratios.count)
      score.append(Float(sum / r))
      standardError.append(sum.isNaN ? .nan : Float(variance.squareRoot() / r))
      count.append(Int32(runs))
    }
  }
}
