import Kernels
import Measures
import Randomness
import Testing

@Suite struct InfluenceNullTests {
  private let pool = ThreadPool(threads: 2)

  @Test func `Probabilities are those of a count of subsets`() {
    // Of 10 runs 4 inside; 5 right: C(5, c) C(5, 4 - c) of C(10, 4) = 210.
    let null = InfluenceNull(runs: 10)
    for (count, ways) in [5.0, 50, 100, 50, 5].enumerated() {
      let p = null.probability(InfluenceScore(correctInside: count, inside: 4, correct: 5, runs: 10))
      #expect(abs(p - ways / 210) < 1e-14)
    }
    #expect(null.probability(InfluenceScore(correctInside: 5, inside: 4, correct: 5, runs: 10)) == 0)
    #expect(null.probability(InfluenceScore(correctInside: 0, inside: 4, correct: 9, runs: 10)) == 0)
  }

  @Test(arguments: [(20, 14), (400, 280), (4000, 2800)])
  func `Probabilities add up to 1, and the mean is what the runs inside would have of all right ones`(
    runs: Int, inside: Int
  ) {
    let null = InfluenceNull(runs: runs)
    for correct in [1, runs / 3, runs - 2] {
      var (sum, mean) = (0.0, 0.0)
      for count in 0...min(inside, correct) {
        let p = null.probability(InfluenceScore(correctInside: count, inside: inside, correct: correct, runs: runs))
        sum += p
        mean += p * Double(count)
      }
      let expected = Double(inside * correct) / Double(runs)
      #expect(abs(sum - 1) < 1e-10 && abs(mean - expected) < 1e-9 * max(1, expected))
    }
  }

  /// All ways to choose `count` of `items`, each as likely as the others.
  private func subsets(of items: [Int], count: Int) -> [[Int]] {
    guard count > 0 else { return [[]] }
    guard let first = items.first else { return [] }
    let rest = Array(items.dropFirst())
    return subsets(of: rest, count: count - 1).map { [first] + $0 } + subsets(of: rest, count: count)
  }

  /// Each target's right answers are given to every subset of the runs that count, of the same size.
  @Test(arguments: InfluenceTests.targets, [0.15, 0.5])
  func `The expected number of false pairs is the mean over all permutations of the answers`(
    target: Influence.Target, threshold: Double
  ) {
    let sample = SplitRuns.random(examples: 14, tests: 9, runs: 9, ratio: 0.6, seed: 6)
    let search = sample.search(target, threshold)
    let tail = search.tail(pool)
    var expected = [Double](repeating: 0, count: search.bins.count)
    for j in 0..<search.influence.targets {
      let runs = sample.runs.masks.indices.filter { target == .test || sample.runs.masks[$0][j] == 0 }
      let answers = target == .test ? sample.test : sample.runs.correct
      let ways = subsets(of: runs, count: runs.count { answers[$0][j] == 1 })
      for right in ways {
        for i in 0..<14 {
          let inside = runs.filter { sample.runs.masks[$0][i] == 1 }
          let score = InfluenceScore(
            correctInside: right.count { sample.runs.masks[$0][i] == 1 }, inside: inside.count, correct: right.count,
            runs: runs.count)
          guard score.value >= threshold else { continue }
          for bin in 0...search.bins.index(of: score.value) { expected[bin] += 1 / Double(ways.count) }
        }
      }
    }
    for bin in expected.indices { #expect(abs(tail.expected[bin] - expected[bin]) < 1e-11) }
    #expect(tail.expectedFalsePairs > 0.5 && tail.expectedFalsePairs(at: threshold) == tail.expectedFalsePairs)
  }

  /// With 300 x 400 pairs. The standard deviation of the mean of 40 simulations is measured, not assumed: pairs of one
  /// target are not independent.
  @Test func `The expected number of false pairs is that of simulated permutations at 40 runs`() {
    let sample = SplitRuns.random(examples: 300, tests: 400, runs: 40, ratio: 0.7, seed: 7)
    let expected = sample.search(.test, 0.3).tail(pool).expectedFalsePairs
    var stream = RandomStream(seed: 8, purpose: .test)
    let counts = (0..<40).map { _ in
      var shuffled = sample
      for j in 0..<400 {
        let order = stream.permutation(40)
        for run in 0..<40 { shuffled.test[run][j] = sample.test[Int(order[run])][j] }
      }
      return Double(shuffled.search(.test, 0.3).tail(pool).pairs)
    }
    let summary = Summary(counts)
    #expect(abs(summary.mean - expected) < 4 * summary.standardDeviation / 40.0.squareRoot(), "\(summary), \(expected)")
    #expect(expected > 500)
  }

  @Test func `q-values fall from pair to better pair, and are the least share of false pairs at any threshold below`() {
    let bins = InfluenceBins(threshold: 1 - 3.5 / 1024)
    #expect(bins.count == 4)
    let tail = InfluenceTail(bins: bins, defined: 100, observed: [10, 0, 5, 5], expected: [4, 3, 2, 0.5])
    #expect(tail.observed == [20, 10, 10, 5] && tail.expected == [9.5, 5.5, 2.5, 0.5])
    // 9.5/20, min(.., 5.5/10 is worse), 2.5/10, .5/5
    #expect(tail.qValues == [0.475, 0.475, 0.25, 0.1])
    #expect(tail.threshold(reachedByAtMost: 12) == bins.lowerEnd(1) && tail.threshold(reachedByAtMost: 4) == nil)
    let chance = InfluenceTail(bins: bins, defined: 9, observed: [1, 0, 0, 0], expected: [5, 1, 1, 1])
    #expect(chance.qValues == [1, 1, 1, 1])
  }

  /// Of 200 x 200 pairs, those of equal index are true: the target is right whenever the run has the example. The rest
  /// is chance. Where q is at most .05, no more than .05 of the pairs should be false on average.
  @Test func `Of planted pairs q-values find all, and hardly any others`() {
    var (found, wrong) = (0, 0)
    for seed in UInt64(0)..<10 {
      var sample = SplitRuns.random(examples: 200, tests: 200, runs: 60, ratio: 0.5, seed: 100 + seed)
      var stream = RandomStream(seed: seed, purpose: .test)
      sample.runs.masks = (0..<60).map { _ in (0..<200).map { _ in UInt8(stream.below(2)) } }
      for run in 0..<60 {
        for j in 0..<100 { sample.test[run][j] = sample.runs.masks[run][j] }
      }
      let search = sample.search(.test, 0.3)
      let q = search.tail(pool).qValues
      for pair in search.pairs(rows: 0..<200, pool).joined() where q[Int(pair.bin)] <= 0.05 {
        if pair.example == pair.target { found += 1 } else { wrong += 1 }
      }
    }
    #expect(found == 1000)
    // 5 % of what is found, and as much again for the variation between seeds.
    #expect(wrong <= 106, "\(wrong)")
  }

  @Test func `The least count that reaches a threshold is that of a search from 0 up`() {
    for runs in 1...12 {
      for inside in 0...runs {
        for correct in 0...runs {
          for threshold in [0.01, 1 / 3.0, 0.5, 1] {
            let least = (max(0, correct - (runs - inside))...min(inside, correct)).first {
              InfluenceScore(correctInside: $0, inside: inside, correct: correct, runs: runs).value >= threshold
            }
            #expect(
              InfluenceScore.leastCorrect(reaching: threshold, inside: inside, correct: correct, runs: runs) == least)
          }
        }
      }
    }
  }

  @Test func `Every score from a threshold up has a bin, whose lower end it reaches`() {
    for threshold in [1e-9, 0.15, 0.25, 0.9995, 1] {
      let bins = InfluenceBins(threshold: threshold)
      #expect(bins.index(of: threshold) == 0 && bins.index(of: 1) == bins.count - 1)
      for k in 0...5000 {
        let score = threshold + (1 - threshold) * Double(k) / 5000
        let bin = bins.index(of: score)
        #expect((0..<bins.count).contains(bin) && bins.lowerEnd(bin) <= score + 1e-15)
      }
    }
  }
}
