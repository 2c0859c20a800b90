import Measures
import Randomness
import Testing

/// How often the 95 % intervals hold the truth: of a score by exact enumeration, of the mean by simulation.
@Suite struct CoverageTests {
  /// Runs with and without an example, K = 20 and 400 at a ratio of .7.
  private static let small = DifferenceCoverage(inside: 14, outside: 6)
  private static let large = DifferenceCoverage(inside: 280, outside: 120)

  /// (p_in, p_out), both 0, .05, ..., 1.
  private static let grid: [(Double, Double)] = (0...20).flatMap { i in
    (0...20).map { (Double(i) / 20, Double($0) / 20) }
  }

  @Test func `the probabilities of all counts add up to 1`() {
    for (_, p) in CoverageTests.grid.prefix(21) {
      for trials in [6, 14, 120, 280] {
        #expect(abs(binomial(trials, p).reduce(0, +) - 1) < 1e-12)
      }
    }
    // C(3,1) .2 .8² = .384.
    #expect(abs(binomial(3, 0.2)[1] - 0.384) < 1e-15)
  }

  @Test func `at 20 runs coverage on the grid is .94 to .97 on average and at least .86`() {
    let found = CoverageTests.grid.map { CoverageTests.small.coverage($0.0, $0.1) }
    let mean = found.reduce(0, +) / Double(found.count)
    #expect(mean >= 0.94 && mean <= 0.97, "\(mean)")
    #expect(found.allSatisfy { $0 >= 0.86 })
    // The least, .9229, at p_in .05 and p_out .9, by NumPy.
    #expect(abs((found.min() ?? 0) - 0.9229) < 5e-5)
  }

  @Test func `at 400 runs coverage on the grid is .94 to .97 on average and at least .94`() {
    let found = CoverageTests.grid.map { CoverageTests.large.coverage($0.0, $0.1) }
    let mean = found.reduce(0, +) / Double(found.count)
    #expect(mean >= 0.94 && mean <= 0.97, "\(mean)")
    #expect(found.allSatisfy { $0 >= 0.94 })
    // The least, .9417, at p_in .05 and p_out .95, by NumPy.
    #expect(abs((found.min() ?? 0) - 0.9417) < 5e-5)
  }

  /// With p_in = 1 all runs with the example are right. If one of the n without it is right too, the interval ends at
  /// 1 - l, l the lower end of Wilson's interval of 1 in n; where p_out is just below l, only 0 in n covers: (1 - l)^n.
  @Test(arguments: [(14, 6, 0.8325, 0.8330), (280, 120, 0.8375, 0.8380)])
  func `between the points of the grid, where p_in is 1, coverage falls to .83 at any number of runs`(
    inside: Int, outside: Int, least: Double, most: Double
  ) {
    let coverage = DifferenceCoverage(inside: inside, outside: outside)
    let edge = Interval.wilson(1, of: outside).lower
    let found = coverage.coverage(1, edge * (1 - 1e-6))
    #expect(found >= least && found < most, "\(found)")
    #expect(abs(found - binomial(outside, edge)[0]) < 1e-5)
    // Just beyond, an interval more covers.
    #expect(coverage.coverage(1, edge * (1 + 1e-6)) > 0.94)
  }

  @Test func `away from the ends coverage is at least .90 at 20 runs and .94 at 400, on steps of .01 too`() {
    for (coverage, bar) in [(CoverageTests.small, 0.90), (CoverageTests.large, 0.94)] {
      for i in 5...95 {
        for j in 5...95 where coverage.coverage(Double(i) / 100, Double(j) / 100) < bar {
          Issue.record("\(coverage.coverage(Double(i) / 100, Double(j) / 100)) at \(i), \(j)")
        }
      }
    }
  }

  @Test func `a standard error of 0 where all or none are right would not cover`() {
    // What Newcombe's interval is for: d ± z √(p(1-p)/n + q(1-q)/m) over the same grid.
    let naive = DifferenceCoverage(inside: 14, outside: 6) { a, b in
      let (p, q) = (Double(a) / 14, Double(b) / 6)
      return Interval(
        centre: p - q, halfWidth: 1.959963984540054 * (p * (1 - p) / 14 + q * (1 - q) / 6).squareRoot())
    }
    let inner = CoverageTests.grid.filter { $0.0 > 0 && $0.0 < 1 && $0.1 > 0 && $0.1 < 1 }
    let found = inner.map { naive.coverage($0.0, $0.1) }
    #expect(found.reduce(0, +) / Double(found.count) < 0.9)
    #expect((found.min() ?? 1) < 0.65)
  }

  /// - Parameter luck: the half-range of what a run's probability of being right has in common for all its examples.
  @Test(arguments: [(20, 4000, 0.0), (100, 2000, 0.0), (100, 2000, 0.1)])
  func `the interval of the mean covers 94 to 96 times in 100`(runs: Int, studies: Int, luck: Double) {
    let examples = 240
    var stream = RandomStream(seed: UInt64(runs), purpose: .test)
    let (inside, outside) = (
      (0..<examples).map { _ in 0.8 + 0.1 * stream.uniform() }, (0..<examples).map { _ in 0.1 + 0.8 * stream.uniform() }
    )
    let truth = (inside.reduce(0, +) - outside.reduce(0, +)) / Double(examples)
    let masks = balancedMasks(examples: examples, runs: runs, from: &stream)
    var covered = 0
    for _ in 0..<studies {
      let study = Runs(
        correct: masks.map { mask in
          let (inner, outer) = (luck * (2 * stream.uniform() - 1), luck * (2 * stream.uniform() - 1))
          return mask.indices.map { i in
            stream.uniform() < (mask[i] == 1 ? inside[i] + inner : outside[i] + outer) ? 1 : 0
          }
        }, masks: masks)
      let interval = study.mean.interval
      if interval.lower <= truth, truth <= interval.upper { covered += 1 }
    }
    // The standard error of a proportion of .95 is .0034 in 4,000 and .0049 in 2,000.
    let coverage = Double(covered) / Double(studies)
    #expect(coverage >= 0.94 && coverage <= 0.96, "\(coverage)")
  }
}

/// Coverage of an interval for p_in - p_out, summed over all pairs of counts.
private struct DifferenceCoverage: Sendable {
  let inside: Int
  let outside: Int
  /// `(count inside)(count outside)`
  private let intervals: [[Interval]]

  init(inside: Int, outside: Int, _ interval: ((Int, Int) -> Interval)? = nil) {
    (self.inside, self.outside) = (inside, outside)
    intervals = (0...inside).map { a in
      (0...outside).map { b in interval?(a, b) ?? .newcombe(a, of: inside, minus: b, of: outside) }
    }
  }

  /// Σ_a Σ_b Bin(a; n_in, p_in) Bin(b; n_out, p_out) [the interval of (a, b) holds p_in - p_out]
  func coverage(_ p: Double, _ q: Double) -> Double {
    let outer = binomial(outside, q)
    // At 0 and 1 an end equals the truth, but for rounding.
    let (low, high) = (p - q + 1e-12, p - q - 1e-12)
    return zip(binomial(inside, p), intervals).reduce(0) { sum, row in
      row.0 == 0
        ? sum
        : sum + row.0
          * zip(outer, row.1).reduce(0) { $0 + ($1.1.lower <= low && high <= $1.1.upper ? $1.0 : 0) }
    }
  }
}

/// The probabilities of 0...n successes in n trials.
private func binomial(_ n: Int, _ p: Double) -> [Double] {
  guard p > 0 else { return [1] + [Double](repeating: 0, count: n) }
  guard p < 1 else { return [Double](repeating: 0, count: n) + [1] }
  // Pr(k) = Pr(k-1) (n-k+1)/k p/(1-p), from Pr(0) = (1-p)^n; that is 0 in a Double for p near 1 and many trials, and so
  // from the likelier end.
  guard p <= 0.5 else { return binomial(n, 1 - p).reversed() }
  var result = [1.0]
  for _ in 0..<n { result[0] *= 1 - p }
  for k in 1...n { result.append(result[k - 1] * Double(n - k + 1) / Double(k) * p / (1 - p)) }
  return result
}
