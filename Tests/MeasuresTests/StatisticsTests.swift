import Measures
import Randomness
import Testing

@Suite struct StudentTTests {
  @Test(arguments: [
    // scipy.stats.t.isf((1 - c) / 2, df), SciPy 1.17.1.
    (0.5, 1, 1.0000000000000002), (0.5, 3, 0.7648923284043444), (0.5, 19, 0.6876214602039602),
    (0.5, 1e6, 0.6744899955310875), (0.95, 1, 12.706204736174694), (0.95, 2, 4.302652729749462),
    (0.95, 3, 3.1824463052837078), (0.95, 5, 2.5705818356363146), (0.95, 9.5, 2.2441374614922958),
    (0.95, 19, 2.0930240544083087), (0.95, 30, 2.0422724563012378), (0.95, 100, 1.9839715185235518),
    (0.95, 399, 1.965927295920882), (0.95, 1000, 1.9623390808264083), (0.95, 31622, 1.9600390070082812),
    (0.95, 1e6, 1.959966356814107), (0.99, 1, 63.656741162871526), (0.99, 30, 2.7499956535672254),
    (0.99, 1e6, 2.5758342201053344), (0.999999, 1, 636619.7723487513), (0.999999, 5, 28.478473462819565),
    (0.999999, 1000, 4.922289523423825), (0.999999, 1e6, 4.891668960704727),
  ])
  func `quantiles agree with SciPy's`(confidence: Double, degrees: Double, expected: Double) {
    let t = StudentT.quantile(confidence: confidence, degreesOfFreedom: degrees)
    #expect(abs(t / expected - 1) < 1e-10)
  }

  @Test func `quantiles of 1 and 2 degrees of freedom have their closed forms`() {
    for confidence in stride(from: 0.01, to: 1, by: 0.01) {
      let one = StudentT.quantile(confidence: confidence, degreesOfFreedom: 1)
      let half = Double.pi / 2 * confidence
      #expect(abs(one * Elementary.cos(half) - Elementary.sin(half)) < 1e-14 * (1 + one))
      let two = StudentT.quantile(confidence: confidence, degreesOfFreedom: 2)
      // Pr(|T| < t) = t / √(2 + t²)
      #expect(abs(two - confidence * (2 / (1 - confidence * confidence)).squareRoot()) < 1e-13 * (1 + two))
    }
  }

  @Test func `the tail is the inverse of the quantile and falls with t`() {
    for degrees in [1, 2.5, 7, 40, 3e3, 1e6] {
      var last = 1.0
      for t in stride(from: 0.25, to: 8, by: 0.25) {
        let tail = StudentT.tail(t, degreesOfFreedom: degrees)
        #expect(tail < last && tail > 0)
        #expect(tail == StudentT.tail(-t, degreesOfFreedom: degrees))
        if t < 4 {
          let back = StudentT.quantile(confidence: 1 - tail, degreesOfFreedom: degrees)
          #expect(abs(back - t) < 1e-10)
        }
        last = tail
      }
    }
  }

  @Test func `the edges are defined`() {
    #expect(StudentT.quantile(confidence: 0, degreesOfFreedom: 3) == 0)
    #expect(StudentT.quantile(confidence: 0.95, degreesOfFreedom: 0).isNaN)
    #expect(StudentT.quantile(confidence: 0.95, degreesOfFreedom: .nan).isNaN)
    #expect(StudentT.tail(0, degreesOfFreedom: 3) == 1)
    #expect(StudentT.tail(.infinity, degreesOfFreedom: 3) == 0)
    #expect(StudentT.tail(.nan, degreesOfFreedom: 3).isNaN)
  }
}

@Suite struct SummaryTests {
  @Test func `a summary has the textbook's values`() {
    // Mean 5, squares 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32.
    let summary = Summary([2, 4, 4, 4, 5, 5, 7, 9])
    #expect(summary.count == 8 && summary.mean == 5)
    #expect(abs(summary.standardDeviation - (32.0 / 7).squareRoot()) < 1e-15)
    // scipy.stats.t.ppf(0.975, 7) = 2.3646242515927849
    #expect(abs(summary.halfWidth - 2.3646242515927849 * (32.0 / 7 / 8).squareRoot()) < 1e-12)
    #expect(summary.interval == Interval(centre: 5, halfWidth: summary.halfWidth))
  }

  @Test func `the smallest detectable mean is that of the noncentral t distribution, but for a little`() {
    // Of s.d. 1; scipy: brentq(lambda d: nct.sf(t.ppf(.975, n - 1), n - 1, d * n**.5) - .8, .1, 2).
    for (n, exact) in [(10, 0.9960022543), (20, 0.6604424098), (100, 0.2829129784)] {
      let deviation = (Double(n) / Double(n - 1)).squareRoot()
      let summary = Summary((0..<n).map { ($0 % 2 == 0 ? 3 : 1) / deviation })
      #expect(abs(summary.standardDeviation - 1) < 1e-12)
      #expect(abs(summary.smallestDetectable - exact) < 0.003 * exact, "\(n): \(summary.smallestDetectable)")
    }
    #expect(Summary([1]).smallestDetectable.isNaN)
  }

  @Test func `NaN values are left out and counted`() {
    let summary = Summary([.nan, 1, 3, .nan])
    #expect(summary.missing == 2 && summary.count == 2)
    #expect(summary.mean == 2 && summary == Summary([.nan, .nan, 3, 1]))
  }

  @Test func `one value has a mean alone and none has nothing`() {
    let one = Summary([0.25])
    #expect(one.mean == 0.25 && one.standardDeviation.isNaN && one.halfWidth.isNaN)
    let none = Summary([])
    #expect(none.count == 0 && none.mean.isNaN && none.standardDeviation.isNaN)
  }

  @Test func `equal values have no spread`() {
    let summary = Summary([0.7, 0.7, 0.7])
    #expect(summary.standardDeviation < 1e-15 && summary.halfWidth < 1e-15)
  }
}

@Suite struct HistogramTests {
  @Test func `counts equal those of a plain search for the bin`() {
    var stream = RandomStream(seed: 10, purpose: .test)
    // Scores of 70 runs inside and 30 outside: multiples of 1/210, many of them on edges.
    let values = (0..<5000).map { _ in
      Float(Double(stream.below(71)) / 70 - Double(stream.below(31)) / 30)
    }
    var histogram = Histogram(-1...1, bins: 20)
    histogram.add(contentsOf: values)
    for bin in 0..<20 {
      // Edges as whole 210ths, so that nothing is rounded.
      let (low, high) = (-210 + 21 * bin, -210 + 21 * (bin + 1))
      let inside = values.filter {
        let k = Int((Double($0) * 210).rounded())
        return k >= low && (k < high || bin == 19 && k == high)
      }
      #expect(histogram.counts[bin] == inside.count)
    }
    #expect(histogram.counts.reduce(0, +) == 5000 && histogram.missing == 0)
  }

  @Test func `both ends are inside, and what is beyond them or NaN is counted apart`() {
    var histogram = Histogram(0...1, bins: 2)
    histogram.add(contentsOf: [0, 0.5, 1, -0.001, -.infinity, 1.001, .nan, Float(0.5).nextDown])
    #expect(histogram.counts == [2, 2])
    #expect(histogram.below == 2 && histogram.above == 1 && histogram.missing == 1)
  }

  @Test func `the order of values does not matter`() {
    var stream = RandomStream(seed: 11, purpose: .test)
    var values = (0..<300).map { _ in Float(stream.normal()) }
    var (a, b) = (Histogram(-1...1, bins: 7), Histogram(-1...1, bins: 7))
    a.add(contentsOf: values)
    stream.shuffle(&values)
    b.add(contentsOf: values)
    #expect(a == b)
  }

  @Test func `the bounds .1 and .9 belong to the masses and negative scores do not`() {
    // 8/10 - 7/10 and 9/10 as they come from counts.
    let scores: [Float] = [
      Float(8.0 / 10 - 7.0 / 10), Float(9.0 / 10), 0, 1, -0.05, 0.5, .nan, Float(0.1).nextUp,
    ]
    let mass = ScoreMass(scores)
    #expect(mass.scored == 7 && mass.missing == 1)
    #expect(mass.low == 2.0 / 7 && mass.high == 2.0 / 7 && mass.negative == 1.0 / 7)
    #expect(ScoreMass([.nan]).low.isNaN)
  }
}

@Suite struct RankStatisticsTests {
  /// The share of pairs in order, ties half.
  func plain(_ scores: [Float], _ positive: [Bool]) -> Double {
    var (sum, pairs) = (0.0, 0.0)
    for i in scores.indices where positive[i] && !scores[i].isNaN {
      for j in scores.indices where !positive[j] && !scores[j].isNaN {
        sum += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
        pairs += 1
      }
    }
    return sum / pairs
  }

  @Test func `AUROC equals the share of ordered pairs, with ties and NaN`() {
    for seed in UInt64(0)..<10 {
      var stream = RandomStream(seed: seed, purpose: .test)
      let scores = (0..<100).map { _ in stream.below(10) == 0 ? Float.nan : Float(stream.below(8)) / 7 }
      let positive = (0..<100).map { _ in stream.below(3) == 0 }
      let auroc = AUROC(scores: scores, positive: positive)
      #expect(abs(auroc.value - plain(scores, positive)) < 1e-14)
      #expect(auroc.missing == scores.filter { $0.isNaN }.count)
      #expect(auroc.positives + auroc.negatives + auroc.missing == 100)

      let order = stream.permutation(100).map(Int.init)
      #expect(auroc == AUROC(scores: order.map { scores[$0] }, positive: order.map { positive[$0] }))
      let reversed = AUROC(scores: scores.map { -$0 }, positive: positive)
      #expect(abs(auroc.value + reversed.value - 1) < 1e-14)
    }
  }

  @Test func `AUROC is 1 for separated, half for equal, and NaN for one-sided scores`() {
    #expect(AUROC(scores: [3, .infinity, 1, 2], positive: [true, true, false, false]).value == 1)
    #expect(AUROC(scores: [1, 1, 1], positive: [true, false, false]).value == 0.5)
    #expect(AUROC(scores: [1, 2], positive: [true, true]).value.isNaN)
    #expect(AUROC(scores: [1, .nan], positive: [true, false]).value.isNaN)
    #expect(AUROC(scores: [], positive: []).value.isNaN)
  }

  @Test func `tied values share the mean of their ranks`() {
    #expect(midRanks([10, 20, 10, 5, 20, 20]) == [2.5, 5, 2.5, 1, 5, 5])
    #expect(midRanks([0, -0.0]) == [1.5, 1.5])
    #expect(midRanks([]) == [])
  }
}
