import Kernels
import Randomness
import Testing

@testable import Measures

@Suite struct ScoreMixtureTests {
  private let pool = ThreadPool(threads: 2)

  /// Balanced runs of examples whose accuracies are `truth[i % truth.count]`.
  private func counts(_ truth: [(p: Double, q: Double)], examples: Int, runs: Int) -> MemorisationCounts {
    var stream = RandomStream(seed: 12, purpose: .test)
    var result = Runs()
    result.masks = balancedMasks(examples: examples, runs: runs, from: &stream)
    for mask in result.masks {
      result.correct.append(
        mask.indices.map { i in
          let pair = truth[i % truth.count]
          return stream.uniform() < (mask[i] == 1 ? pair.p : pair.q) ? 1 : 0
        })
    }
    return result.counts
  }

  @Test("It finds the shares of true scores where the histogram of the scores does not")
  func recovers() {
    // Three quarters are never memorised, at an accuracy of .7; a quarter wholly.
    let counts = counts([(0.7, 0.7), (0.7, 0.7), (0.7, 0.7), (1, 0)], examples: 6000, runs: 20)
    let mixture = ScoreMixture(counts, pool)
    let plugIn = ScoreMass(counts.scores.score)
    #expect(abs(mixture.mass(0.9...1) - 0.25) < 0.01)
    #expect(mixture.mass(-0.1...0.1) > 0.55, "\(mixture.mass(-0.1...0.1))")
    #expect(plugIn.low + plugIn.negative < 0.55)
    #expect(abs(mixture.mass(-1...1) - 1) < 1e-9)
    #expect(abs(mixture.mean - 0.25) < 0.01)
  }

  @Test("No other distribution on a coarse grid has a larger likelihood")
  func isLargest() {
    let counts = counts([(0.9, 0.3), (0.5, 0.5)], examples: 240, runs: 10)
    let mixture = ScoreMixture(counts, pool)
    let grid = ScoreMixture.steps + 1
    func logLikelihood(_ weight: [Double]) -> Double {
      (0..<counts.examples).reduce(0) { sum, i in
        let (a, b) = (counts.inSample(i), counts.outOfSample(i))
        func likelihood(_ side: MemorisationCounts.Side, _ g: Int) -> Double {
          let p = Double(g) / Double(ScoreMixture.steps)
          return (0..<side.runs).reduce(1) { $0 * ($1 < side.correct ? p : 1 - p) }
        }
        let rows = (0..<grid).map { likelihood(a, $0) }
        let columns = (0..<grid).map { likelihood(b, $0) }
        var density = 0.0
        for p in 0..<grid where rows[p] > 0 {
          for q in 0..<grid { density += weight[p * grid + q] * rows[p] * columns[q] }
        }
        return sum + Elementary.log(density)
      }
    }
    let best = logLikelihood(mixture.weight)
    var stream = RandomStream(seed: 2, purpose: .test)
    // Steps towards single points: at the maximum none of them climbs, but for where EM has stopped.
    for _ in 0..<40 {
      var other = mixture.weight.map { $0 * 0.98 }
      other[stream.below(grid * grid)] += 0.02
      #expect(logLikelihood(other) < best + 1e-3 * Double(counts.examples))
    }
  }

  @Test("Threads, and the order of examples, change no bit; no scored example gives NaN")
  func deterministic() {
    let runs = Runs.independent(examples: 300, runs: 12, ratio: 0.7, seed: 5)
    let first = ScoreMixture(runs.counts, ThreadPool(threads: 1))
    let order = Array((0..<300).reversed())
    let second = ScoreMixture(runs.picking(examples: order).counts, ThreadPool(threads: 3))
    #expect(first.weight == second.weight && first.iterations == second.iterations)
    var always = Runs()
    for _ in 0..<3 {
      always.correct.append([1, 0])
      always.masks.append([1, 1])
    }
    #expect(ScoreMixture(always.counts, pool).mass(0...1).isNaN)
  }
}

@Suite struct CScoreTests {
  @Test("It is the mean of the out-of-sample accuracies of the ratios")
  func mean() {
    let ratios = [0.3, 0.5, 0.8].enumerated().map {
      Runs.independent(examples: 40, runs: 8, ratio: $1, seed: UInt64($0)).counts
    }
    let score = CScore(ratios)
    for i in 0..<40 {
      let expected = ratios.reduce(0) { $0 + Double($1.scores.outAccuracy[i]) } / 3
      #expect(expected.isNaN ? score.score[i].isNaN : abs(Double(score.score[i]) - expected) < 1e-6)
      #expect(score.count[i] == ratios.reduce(0) { $0 + $1.scores.outCount[i] })
      #expect(expected.isNaN || (0.01..<0.5).contains(score.standardError[i]))
    }
    let single = CScore([ratios[0]])
    #expect(same(single.score, ratios[0].scores.outAccuracy))
  }
}

@Suite struct MemorisationHalvesTests {
  @Test("Halves hold the scores of their own runs")
  func halves() {
    let runs = Runs.independent(examples: 50, runs: 9, ratio: 0.6, seed: 3)
    let split = RunHalves(seed: 7, runs: 9, splits: 2)
    var halves = MemorisationHalves(examples: 50, halves: split)
    for (c, m) in zip(runs.correct, runs.masks) {
      c.withUnsafeBufferPointer { c in m.withUnsafeBufferPointer { halves.add(correct: c, inMask: $0) } }
    }
    for s in 0..<2 {
      let parts = [split.halves(s).first, split.halves(s).second]
      for (half, part) in parts.enumerated() {
        #expect(same(halves.halfScores[s][half].map(Float.init), runs.picking(runs: part).scores.score))
      }
    }
    #expect(same(halves.score, runs.scores.score))
  }
}
