import Measures
import Randomness
import Testing

@Suite struct MeanMemorisationTests {
  @Test func `with balanced masks the mean over examples is the mean over runs`() {
    for seed in UInt64(0)..<20 {
      var stream = RandomStream(seed: seed, purpose: .test)
      var runs = Runs.independent(examples: 240, runs: 20, ratio: 0.7, seed: seed)
      runs.masks = balancedMasks(examples: 240, runs: 20, from: &stream)
      #expect(abs(runs.mean.value - runs.mean.meanOverRuns) < 1e-14)
    }
  }

  @Test func `with unbalanced masks the mean over examples is not the mean over runs`() {
    let runs = Runs.independent(examples: 240, runs: 20, ratio: 0.7, seed: 7)
    #expect(abs(runs.mean.value - runs.mean.meanOverRuns) > 1e-6)
  }

  @Test func `the half-width equals the formula written out`() {
    let runs = Runs.independent(examples: 30, runs: 6, ratio: 0.6, seed: 8)
    let (examples, k) = (30, 6)
    var squares = 0.0
    var leftOut = 0
    for run in 0..<k {
      var residual = 0.0
      for (member, sign) in [(UInt8(1), 1.0), (UInt8(0), -1.0)] {
        var terms: [Double] = []
        for i in 0..<examples where runs.masks[run][i] == member {
          let others = (0..<k).filter { runs.masks[$0][i] == member }
          guard others.count > 1, others.count < k else {
            leftOut += 1
            continue
          }
          let n = Double(others.count)
          let accuracy = others.reduce(0.0) { $0 + Double(runs.correct[$1][i]) } / n
          terms.append((Double(runs.correct[run][i]) - accuracy) / (1 - 1 / n).squareRoot())
        }
        residual += sign * terms.reduce(0, +) / Double(terms.count)
      }
      squares += residual * residual
    }
    // scipy.stats.t.ppf(0.975, 5)
    let expected = 2.5705818356363146 * (squares / Double(k) / Double(k)).squareRoot()
    #expect(leftOut > 0)
    #expect(abs(runs.mean.halfWidth - expected) < 1e-13)
  }

  @Test func `examples in all runs or in none are left out of the mean and counted`() {
    let runs = Runs(
      correct: [[1, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 1]],
      masks: [[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]])
    let mean = runs.mean
    #expect(mean.scored == 2 && mean.missing == 2)
    // Example 1: 2/2 - 0/2; example 2: 0/2 - 2/2.
    #expect(mean.value == 0)
    #expect(mean.runs[0].inAccuracy == 2.0 / 3 && mean.runs[0].outAccuracy == 1)
    #expect(mean.runs[3].difference == 1 - 2.0 / 3)
  }

  @Test func `a single run has a difference but neither a mean score nor an interval`() {
    let mean = Runs(correct: [[1, 1, 0, 1]], masks: [[1, 1, 0, 0]]).mean
    #expect(mean.value.isNaN && mean.scored == 0)
    #expect(mean.meanOverRuns == 0.5)
    #expect(mean.halfWidth.isNaN && mean.interval.lower.isNaN)
  }

  @Test func `examples left out by one run each have a mean but no interval`() {
    let masks: [[UInt8]] = (0..<4).map { run in (0..<4).map { $0 == run ? 0 : 1 } }
    let mean = Runs(correct: [[1, 1, 0, 1], [1, 0, 1, 1], [1, 1, 1, 0], [0, 1, 1, 1]], masks: masks).mean
    #expect(!mean.value.isNaN)
    #expect(mean.halfWidth.isNaN)
  }

  @Test func `the 95 % interval at 20 runs covers the true mean 95 times in 100`() {
    // Each run has a luck of its own inside and outside, so that examples of a run are not independent.
    let (examples, runs, studies) = (120, 20, 1500)
    var covered = 0
    var stream = RandomStream(seed: 9, purpose: .test)
    for _ in 0..<studies {
      let inside = (0..<examples).map { _ in 0.85 + 0.1 * stream.uniform() }
      let outside = (0..<examples).map { _ in 0.15 + 0.7 * stream.uniform() }
      var study = Runs(masks: balancedMasks(examples: examples, runs: runs, from: &stream))
      for run in 0..<runs {
        let luck = 0.05 * (2 * stream.uniform() - 1)
        let outerLuck = 0.15 * (2 * stream.uniform() - 1)
        study.correct.append(
          (0..<examples).map { i in
            let p = study.masks[run][i] == 1 ? inside[i] + luck : outside[i] + outerLuck
            return stream.uniform() < p ? 1 : 0
          })
      }
      let truth = (inside.reduce(0, +) - outside.reduce(0, +)) / Double(examples)
      let interval = study.mean.interval
      if interval.lower <= truth, truth <= interval.upper { covered += 1 }
    }
    // Three standard errors of a proportion of .95 in 1,500.
    let coverage = Double(covered) / Double(studies)
    #expect(abs(coverage - 0.95) < 0.017, "\(coverage)")
  }
}
