import Randomness

/// The share of examples that are called constant over sizes, if they are: what a plan has in place of the noise floor.
///
/// Examples have the accuracies of a plan's spread at every size, and the rule of `Trajectory` is applied to scores that are
/// simulated from binomials. Draws are the same uniform numbers for any number of runs, sizes and alpha, so that the
/// share hardly depends on chance where two of them are compared.
/// - Complexity: O(draws x sizes x log K).
public struct ConstantShare: Sendable {
  public let plan: ScorePlan
  public let sizes: Int
  public let draws: Int
  public let seed: UInt64

  /// - Precondition: at least two sizes, and a draw.
  public init(plan: ScorePlan, sizes: Int, draws: Int, seed: UInt64) {
    precondition(sizes >= 2 && draws > 0, "trajectories have two sizes or more")
    (self.plan, self.sizes, self.draws, self.seed) = (plan, sizes, draws, seed)
  }

  /// The share at K runs, of which K r, to the nearest whole number, have the example; NaN where that is none or all.
  public func share(runs: Int, alpha: Double) -> Double {
    let inside = Int((Double(runs) * plan.ratio).rounded())
    guard 0 < inside, inside < runs else { return .nan }
    let (p, q) = plan.spread.accuracies
    let (x, y) = (BinomialTable(trials: inside, p: p), BinomialTable(trials: runs - inside, p: q))
    var constant = 0
    var scores = [Double](repeating: 0, count: sizes)
    for draw in 0..<draws {
      var stream = RandomStream(seed: seed, purpose: .plannedShare, index: draw)
      for s in scores.indices {
        let right = (inside: x.quantile(stream.uniform()), outside: y.quantile(stream.uniform()))
        scores[s] = Double(right.inside) / Double(inside) - Double(right.outside) / Double(runs - inside)
      }
      if Trajectory(scores)?.category(alpha: alpha) == .constant { constant += 1 }
    }
    return Double(constant) / Double(draws)
  }

  /// The fewest runs, in steps of ten, at which 90 % of constant examples are called so; infinite beyond 10^6.
  public func runs(alpha: Double) -> Double {
    let tens = ScorePlan.fewest(from: 1) { tens in
      // Beyond, the search ends.
      tens > 100_000 || share(runs: 10 * tens, alpha: alpha) >= Trajectories.leastConstantShare
    }
    return tens > 100_000 ? .infinity : 10 * tens
  }
}
