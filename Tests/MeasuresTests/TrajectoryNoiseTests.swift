@testable import Measures
import Randomness
import Testing

/// Examples whose accuracies are the same at every size, and the counts that runs of them would give.
private func constantExamples(
  _ count: Int, runs: Int, sizes: Int, seed: UInt64, repetition: Int = 0
) -> [TrajectoryCounts] {
  (0..<count).map { i in
    var truth = RandomStream(seed: seed, purpose: .test, index: i)
    let p = truth.uniform()
    let q = truth.uniform() * p
    var stream = RandomStream(seed: seed, purpose: .test, run: 1 + repetition, index: i)
    let inside = runs * 7 / 10
    func successes(_ n: Int, _ p: Double) -> [Int] {
      (0..<sizes).map { _ in (0..<n).count { _ in stream.uniform() < p } }
    }
    return TrajectoryCounts(
      inRight: successes(inside, p), inRuns: [Int](repeating: inside, count: sizes),
      outRight: successes(runs - inside, q), outRuns: [Int](repeating: runs - inside, count: sizes))
  }
}

@Suite struct TrajectoryNoiseTests {
  let alphas = [0.05, 0.1, 0.2, 0.3]

  @Test(arguments: [(20, 1500), (100, 800), (400, 300)])
  func `on constant examples the floor is within .05 of what is observed, in each category`(runs: Int, examples: Int) {
    let counts = constantExamples(examples, runs: runs, sizes: 7, seed: 1)
    let found = Trajectories(counts, alphas: alphas, draws: 20, seed: 1)
    // What is observed is a sum over examples: two s.d. are at most 1/sqrt(examples) = .026, .035, .058. So it is
    // averaged over repetitions of the whole experiment.
    let repetitions = runs == 400 ? 4 : 2
    var truth = [[Double]](repeating: [Double](repeating: 0, count: 6), count: alphas.count)
    for repetition in 0..<repetitions {
      let again = constantExamples(examples, runs: runs, sizes: 7, seed: 1, repetition: repetition)
      for counts in again {
        for (a, alpha) in alphas.enumerated() {
          guard let trajectory = Trajectory(counts.scores) else { continue }
          truth[a][Int(trajectory.category(alpha: alpha).rawValue)] += 1 / Double(examples * repetitions)
        }
      }
    }
    for a in alphas.indices {
      for c in 0..<6 {
        #expect(abs(found.floor[a][c] / Double(examples) - truth[a][c]) < 0.05, "alpha \(alphas[a]), category \(c)")
      }
    }
    // Methods: at 400 runs and 7 sizes no more than two thirds are called constant at .1, and nearly all at .2.
    if runs == 20 { #expect(found.isReliable == [false, false, false, false]) }
    if runs == 400 { #expect(found.isReliable == [false, false, true, true]) }
  }

  @Test func `an increase beyond the noise stands out from the floor, and its posterior says so`() {
    let runs = 100
    let counts = (0..<50).map { i in
      // In-accuracy 1; out-accuracy from 27/30 to 3/30.
      TrajectoryCounts(
        inRight: [70, 70, 70, 70], inRuns: [70, 70, 70, 70], outRight: [27, 19, 11, 3 + i % 2],
        outRuns: [Int](repeating: runs - 70, count: 4))
    }
    let found = Trajectories(counts, alphas: [0.2], draws: 200, seed: 0)
    #expect(found.observed == [[0, 50, 0, 0, 0, 0]])
    #expect(found.excess[0][1] > 40)
    for i in 0..<50 { #expect(found.posterior[0][6 * i + 1] > 0.9) }
  }

  @Test func `examples without a score at a size have no category and count nowhere`() {
    let whole = TrajectoryCounts(inRight: [7, 7], inRuns: [7, 7], outRight: [0, 3], outRuns: [3, 3])
    let lacking = TrajectoryCounts(inRight: [7, 7], inRuns: [7, 10], outRight: [0, 0], outRuns: [3, 0])
    let found = Trajectories([lacking, whole, lacking], alphas: [0.1, 0.5], draws: 10, seed: 0)
    #expect(found.scored == 1)
    #expect(found.category.allSatisfy { $0[0] == -1 && $0[1] == 2 && $0[2] == -1 })
    #expect(found.posterior.allSatisfy { $0[0..<6].allSatisfy(\.isNaN) && !$0[6..<12].contains { $0.isNaN } })
    for a in 0..<2 {
      #expect(found.observed[a].reduce(0, +) == 1)
      #expect(abs(found.floor[a].reduce(0, +) - 1) < 1e-12)
      #expect(abs(found.posterior[a][6..<12].reduce(0, +) - 1) < 1e-6)
    }
    let none = Trajectories([lacking], alphas: [0.1], draws: 10, seed: 0)
    #expect(none.scored == 0 && none.constantShare[0].isNaN && none.isReliable == [false])
  }

  @Test func `an example's draws depend on its position and the seed, and not on its neighbours or the order of work`()
  {
    let counts = constantExamples(40, runs: 20, sizes: 5, seed: 2)
    let all = Trajectories(counts, alphas: alphas, draws: 30, seed: 5)
    let backwards = Trajectories(counts, alphas: alphas, draws: 30, seed: 5) { count, body in
      for i in (0..<count).reversed() { body(i) }
    }
    #expect(all == backwards)
    let few = Trajectories(Array(counts.prefix(10)), alphas: alphas, draws: 30, seed: 5)
    #expect(few.posterior.indices.allSatisfy { few.posterior[$0] == Array(all.posterior[$0].prefix(60)) })
    #expect(Trajectories(counts, alphas: alphas, draws: 30, seed: 6).floor != all.floor)
    // An alpha's figures do not depend on which others are asked for.
    let one = Trajectories(counts, alphas: [0.2], draws: 30, seed: 5)
    #expect(one.posterior[0] == all.posterior[2] && one.floor[0] == all.floor[2])
  }

  @Test func `the posterior is that of independent beta distributions`() {
    // Two sizes: Pr(q_2 - q_1 >= .2) and so on, by SciPy's beta on a grid (Tests/python/statistics_fixtures.py).
    let counts = TrajectoryCounts(inRight: [12, 14], inRuns: [14, 14], outRight: [3, 1], outRuns: [6, 6])
    let draws = 40_000
    let found = Trajectories([counts], alphas: [0.2], draws: draws, seed: 3)
    let expected = StatisticsFixtures.twoSizesPosterior
    for c in 0..<3 {
      let p = expected[c]
      let error = (p * (1 - p) / Double(draws)).squareRoot()
      #expect(abs(Double(found.posterior[0][c]) - p) < 4.5 * error, "category \(c)")
    }
  }

  @Test func `the binomial table's distribution is the binomial's`() {
    for (n, p) in [(0, 0.3), (1, 0.7), (6, 0.012), (14, 0.995), (120, 0.5), (2800, 0.3)] {
      let table = BinomialTable(trials: n, p: p)
      // Pr(X <= k) by the definition, with logarithms: what the table's quantiles must turn at.
      var sum = 0.0
      var logWeight = Double(n) * Elementary.log(1 - p)
      for k in 0...n {
        if k > 0 { logWeight += Elementary.log(Double(n - k + 1) / Double(k) * p / (1 - p)) }
        let before = sum
        sum += Elementary.exp(logWeight)
        guard sum - before > 1e-6 else { continue }
        #expect(table.quantile(before + (sum - before) * 1e-3) == k, "\(n) \(p) \(k)")
        #expect(table.quantile(min(before + (sum - before) * 0.999, 1 - 1e-12)) == k, "\(n) \(p) \(k)")
      }
      #expect(abs(sum - 1) < 1e-10)
    }
  }
}
