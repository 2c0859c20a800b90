import Measures
import Randomness
import Testing

@Suite struct MemorisationTests {
  @Test func `scores equal the definition written out, NaN cases included`() {
    // Few runs and a high ratio, so that some examples are in all runs.
    let runs = Runs.independent(examples: 200, runs: 8, ratio: 0.7, seed: 1)
    let scores = runs.scores
    var missing = 0
    for i in 0..<200 {
      let inside = (0..<8).filter { runs.masks[$0][i] == 1 }.map { Double(runs.correct[$0][i]) }
      let outside = (0..<8).filter { runs.masks[$0][i] == 0 }.map { Double(runs.correct[$0][i]) }
      #expect(scores.inCount[i] == Int32(inside.count))
      #expect(scores.outCount[i] == Int32(outside.count))
      guard !inside.isEmpty, !outside.isEmpty else {
        missing += 1
        #expect(scores.inAccuracy[i].isNaN == inside.isEmpty)
        #expect(scores.outAccuracy[i].isNaN == outside.isEmpty)
        #expect(scores.score[i].isNaN && scores.standardError[i].isNaN)
        #expect(scores.lower[i].isNaN && scores.upper[i].isNaN)
        continue
      }
      let p = inside.reduce(0, +) / Double(inside.count)
      let q = outside.reduce(0, +) / Double(outside.count)
      let variance = p * (1 - p) / Double(inside.count) + q * (1 - q) / Double(outside.count)
      #expect(scores.inAccuracy[i] == Float(p))
      #expect(scores.outAccuracy[i] == Float(q))
      #expect(scores.score[i] == Float(p - q))
      #expect(scores.standardError[i] == Float(variance.squareRoot()))
      #expect(scores.lower[i] <= scores.score[i] && scores.score[i] <= scores.upper[i])
      #expect(-1 <= scores.lower[i] && scores.upper[i] <= 1 && scores.lower[i] < scores.upper[i])
    }
    #expect(missing > 0 && missing < 100)
  }

  @Test func `a model that is always right, or always wrong, memorises nothing`() {
    for value: UInt8 in [0, 1] {
      var stream = RandomStream(seed: 2, purpose: .test)
      let runs = Runs(
        correct: [[UInt8]](repeating: [UInt8](repeating: value, count: 120), count: 20),
        masks: balancedMasks(examples: 120, runs: 20, from: &stream))
      let scores = runs.scores
      #expect(scores.score.allSatisfy { $0 == 0 })
      #expect(scores.standardError.allSatisfy { $0 == 0 })
      // The interval knows that 20 runs are not for ever.
      #expect(scores.lower.allSatisfy { $0 < 0 } && scores.upper.allSatisfy { $0 > 0 })
      #expect(runs.mean.value == 0 && runs.mean.halfWidth == 0)
    }
  }

  @Test func `a model that is right on its subset alone memorises everything`() {
    var stream = RandomStream(seed: 3, purpose: .test)
    let masks = balancedMasks(examples: 120, runs: 10, from: &stream)
    let runs = Runs(correct: masks, masks: masks)
    #expect(runs.scores.score.allSatisfy { $0 == 1 })
    #expect(runs.scores.upper.allSatisfy { $0 == 1 })
    #expect(runs.mean.value == 1 && runs.mean.meanOverRuns == 1)
  }

  @Test func `permuting runs changes no bit of the scores`() {
    let runs = Runs.independent(examples: 50, runs: 12, ratio: 0.7, seed: 4)
    let permuted = runs.picking(runs: [5, 0, 11, 3, 9, 1, 7, 2, 10, 4, 8, 6])
    let (a, b) = (runs.scores, permuted.scores)
    #expect(same(a.score, b.score) && same(a.lower, b.lower) && same(a.upper, b.upper))
    #expect(same(a.standardError, b.standardError) && a.inCount == b.inCount)
    #expect(runs.mean.value == permuted.mean.value)
    #expect(abs(runs.mean.halfWidth - permuted.mean.halfWidth) < 1e-14)
  }

  @Test func `permuting examples permutes the scores and keeps their mean`() {
    let runs = Runs.independent(examples: 50, runs: 12, ratio: 0.7, seed: 5)
    var stream = RandomStream(seed: 5, purpose: .test, run: 1)
    let order = stream.permutation(50).map(Int.init)
    let permuted = runs.picking(examples: order)
    #expect(same(order.map { runs.scores.score[$0] }, permuted.scores.score))
    #expect(abs(runs.mean.value - permuted.mean.value) < 1e-14)
    #expect(abs(runs.mean.halfWidth - permuted.mean.halfWidth) < 1e-14)
  }

  @Test func `duplicating runs keeps the scores and divides their standard error by the root of 2`() {
    let runs = Runs.independent(examples: 50, runs: 12, ratio: 0.7, seed: 6)
    let twice = runs.picking(runs: (0..<12).flatMap { [$0, $0] })
    #expect(same(runs.scores.score, twice.scores.score))
    #expect(twice.scores.inCount == runs.scores.inCount.map { 2 * $0 })
    for i in 0..<50 where !runs.scores.score[i].isNaN {
      let ratio = 2 * twice.scores.standardError[i] * twice.scores.standardError[i]
      #expect(abs(ratio - runs.scores.standardError[i] * runs.scores.standardError[i]) < 1e-7)
      #expect(
        twice.scores.upper[i] - twice.scores.lower[i] < runs.scores.upper[i] - runs.scores.lower[i])
    }
  }

  @Test func `no runs give NaN for every example`() {
    let scores = MemorisationCounts(examples: 3).scores
    #expect(scores.score.allSatisfy { $0.isNaN } && scores.lower.allSatisfy { $0.isNaN })
    #expect(scores.inCount == [0, 0, 0] && scores.outCount == [0, 0, 0])
  }
}

@Suite struct IntervalTests {
  @Test(arguments: [
    // Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, method 3.
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
  ])
  func `Wilson's interval has the published values`(x: Int, n: Int, lower: Double, upper: Double) {
    let interval = Interval.wilson(x, of: n)
    #expect(abs(interval.lower - lower) < 5.1e-5)
    #expect(abs(interval.upper - upper) < 5.1e-5)
  }

  @Test func `Wilson's interval ends at 0 and 1 exactly where all runs agree`() {
    for n in 1...400 {
      #expect(Interval.wilson(0, of: n).lower == 0 && Interval.wilson(n, of: n).upper == 1)
    }
    #expect(Interval.wilson(0, of: 0).lower.isNaN)
  }

  @Test(arguments: [
    // The worked examples of Newcombe 1998, method 10.
    (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926), (0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0), (10, 10, 0, 10, 0.6075, 1.0),
  ])
  func `Newcombe's interval has the values of his paper`(
    x1: Int, n1: Int, x2: Int, n2: Int, lower: Double, upper: Double
  ) {
    let interval = Interval.newcombe(x1, of: n1, minus: x2, of: n2)
    #expect(abs(interval.lower - lower) < 5.1e-5)
    #expect(abs(interval.upper - upper) < 5.1e-5)
  }

  @Test func `Newcombe's interval stays within -1 and 1 and about the difference`() {
    for (n1, n2) in [(1, 1), (1, 19), (7, 3), (14, 6), (280, 120)] {
      for x1 in 0...n1 {
        for x2 in 0...n2 {
          let interval = Interval.newcombe(x1, of: n1, minus: x2, of: n2)
          let difference = Double(x1) / Double(n1) - Double(x2) / Double(n2)
          #expect(-1 <= interval.lower && interval.lower <= difference)
          #expect(difference <= interval.upper && interval.upper <= 1)
          // Swapping the proportions mirrors the interval.
          let mirrored = Interval.newcombe(x2, of: n2, minus: x1, of: n1)
          #expect(abs(mirrored.lower + interval.upper) < 1e-15)
        }
      }
    }
  }

  @Test func `at 20 runs Newcombe's interval covers 95 % on average`() {
    let grid = stride(from: 0.05, to: 1, by: 0.1).map { $0 }
    let coverage = coverage(inside: grid, outside: grid)
    #expect((0.94...0.97).contains(coverage.newcombe), "\(coverage)")
  }

  @Test func `where in-sample accuracy is near 1 the plug-in interval covers far less than 95 %`() {
    let grid = stride(from: 0.05, to: 1, by: 0.1).map { $0 }
    let coverage = coverage(inside: [0.99], outside: grid)
    #expect((0.94...0.97).contains(coverage.newcombe), "\(coverage)")
    #expect(abs(coverage.plugIn - 0.72) < 0.005, "\(coverage)")
  }

  /// The mean coverage over a grid of true accuracies, by every outcome of 14 runs inside and 6 outside.
  func coverage(inside: [Double], outside: [Double]) -> (newcombe: Double, plugIn: Double) {
    let (n, m) = (14, 6)
    var (newcombe, plugIn) = (0.0, 0.0)
    for p in inside {
      for q in outside {
        let (a, b) = (binomial(p, n), binomial(q, m))
        for x in 0...n {
          for y in 0...m {
            let weight = a[x] * b[y] / Double(inside.count * outside.count)
            let interval = Interval.newcombe(x, of: n, minus: y, of: m)
            if interval.lower <= p - q, p - q <= interval.upper { newcombe += weight }
            let (u, v) = (Double(x) / Double(n), Double(y) / Double(m))
            let error = (u * (1 - u) / Double(n) + v * (1 - v) / Double(m)).squareRoot()
            if abs(u - v - (p - q)) <= 1.959964 * error { plugIn += weight }
          }
        }
      }
    }
    return (newcombe, plugIn)
  }

  /// The probability of each number of successes in `n` trials.
  func binomial(_ p: Double, _ n: Int) -> [Double] {
    var row = [1.0]
    for _ in 0..<n {
      row = (0...row.count).map {
        ($0 < row.count ? row[$0] * (1 - p) : 0) + ($0 > 0 ? row[$0 - 1] * p : 0)
      }
    }
    return row
  }
}
