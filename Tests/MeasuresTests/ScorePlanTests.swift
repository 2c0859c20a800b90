@testable import Measures
import Randomness
import Testing

@Suite struct ScorePlanTests {
  @Test(arguments: [(20, 0.244), (50, 0.154), (100, 0.109), (400, 0.055), (2000, 0.024)])
  func `at a ratio of .7 the worst standard errors are the published ones`(runs: Int, expected: Double) {
    // docs/methods.md, A1.
    #expect(abs(ScorePlan(ratio: 0.7, spread: .worst).standardError(runs: runs) - expected) < 5e-4)
  }

  @Test func `the standard error is that of simulated scores`() {
    let (p, q) = ScorePlan.Spread.typical.accuracies
    #expect(abs(p * (1 - p) - 1.0 / 6) < 1e-15 && abs(q * (1 - q) - 1.0 / 6) < 1e-15)
    let (x, y) = (BinomialTable(trials: 70, p: p), BinomialTable(trials: 30, p: q))
    var stream = RandomStream(seed: 0, purpose: .test)
    let scores = (0..<20_000).map { _ in
      Double(x.quantile(stream.uniform())) / 70 - Double(y.quantile(stream.uniform())) / 30
    }
    // The s.d. of an s.d. of 20,000 normal numbers is .5 % of it.
    let found = Summary(scores).standardDeviation
    #expect(abs(found / ScorePlan(ratio: 0.7, spread: .typical).standardError(runs: 100) - 1) < 0.02)
  }

  @Test func `the runs that a question takes are the fewest that answer it`() {
    for ratio in [0.5, 0.7, 0.9] {
      for spread in ScorePlan.Spread.allCases {
        let plan = ScorePlan(ratio: ratio, spread: spread)
        for target in [0.01, 0.05, 0.11, 0.3] {
          let runs = Int(plan.runs(standardError: target))
          #expect(plan.standardError(runs: runs) <= target * (1 + 1e-9))
          #expect(runs == 1 || plan.standardError(runs: runs - 1) > target)
          let detecting = Int(plan.runs(detecting: target))
          #expect(plan.detectableDifference(runs: detecting) <= target * (1 + 1e-9))
          #expect(detecting == 1 || plan.detectableDifference(runs: detecting - 1) > target)
        }
      }
    }
    // v / (r (1 - r)) = 1 and S = .1: 100 runs exactly, not 101 by rounding.
    #expect(ScorePlan(ratio: 0.5, spread: .worst).runs(standardError: 0.1) == 100)
    #expect(ScorePlan(ratio: 0.5, spread: .worst).runs(standardError: 1e-6) == .infinity)
    let mean = Int(ScorePlan.runs(detectingMean: 0.01, standardDeviation: 0.02))
    #expect(ScorePlan.detectableMean(runs: mean, standardDeviation: 0.02) <= 0.01)
    #expect(ScorePlan.detectableMean(runs: mean - 1, standardDeviation: 0.02) > 0.01)
    #expect(ScorePlan.runs(detectingMean: 1e-9, standardDeviation: 2) == .infinity)
  }

  @Test func `a difference of the detectable size is found in 80 % of pairs of runs`() {
    // A paired t test over 30 runs, whose differences have mean δ and s.d. .02.
    let delta = ScorePlan.detectableMean(runs: 30, standardDeviation: 0.02)
    var found = 0
    let repetitions = 2000
    for repetition in 0..<repetitions {
      var stream = RandomStream(seed: 1, purpose: .test, run: repetition)
      let summary = Summary((0..<30).map { _ in delta + 0.02 * stream.normal() })
      if summary.interval.lower > 0 { found += 1 }
    }
    // s.d. of the share: .009
    #expect(abs(Double(found) / Double(repetitions) - 0.8) < 0.04, "\(found)")
  }

  @Test func `the share called constant grows with runs and alpha, falls with sizes, and is the noise floor's`() {
    let worst = ConstantShare(plan: ScorePlan(ratio: 0.7, spread: .worst), sizes: 7, draws: 2000, seed: 0)
    let shares = [20, 100, 400, 2000].map { worst.share(runs: $0, alpha: 0.2) }
    #expect(shares == shares.sorted() && shares[0] < 0.2 && shares[3] > 0.99)
    #expect(worst.share(runs: 100, alpha: 0.1) < worst.share(runs: 100, alpha: 0.3))
    let fewer = ConstantShare(plan: worst.plan, sizes: 2, draws: 2000, seed: 0)
    #expect(fewer.share(runs: 100, alpha: 0.2) > worst.share(runs: 100, alpha: 0.2))
    // 35 of 70 and 15 of 30 right at each size: pooled accuracies of 1/2 but for the halves that are added.
    let seven = [Int](repeating: 7, count: 7)
    let counts = TrajectoryCounts(
      inRight: seven.map { 5 * $0 }, inRuns: seven.map { 10 * $0 }, outRight: seven.map { _ in 15 },
      outRuns: seven.map { _ in 30 })
    let floor = TrajectoryNoise(counts, example: 0, alphas: [0.2, 0.3], draws: 4000, seed: 1).floor
    for (a, alpha) in [0.2, 0.3].enumerated() {
      #expect(abs(Double(floor[6 * a]) / 4000 - worst.share(runs: 100, alpha: alpha)) < 0.06)
    }
    let runs = Int(worst.runs(alpha: 0.2))
    #expect(worst.share(runs: runs, alpha: 0.2) >= 0.9 && worst.share(runs: runs - 10, alpha: 0.2) < 0.9)
    #expect(worst.share(runs: 1, alpha: 0.2).isNaN)
  }
}
