import Measures
import Randomness
import Testing

@Suite struct CorrelationTests {
  typealias Stored = StatisticsFixtures

  @Test func `correlations are SciPy's, with ties and without`() {
    for i in Stored.x.indices {
      #expect(abs(Correlation.pearson(Stored.x[i], Stored.y[i]).value - Stored.pearson[i]) < 1e-13)
      #expect(abs(Correlation.spearman(Stored.x[i], Stored.y[i]).value - Stored.spearman[i]) < 1e-13)
      #expect(abs(Correlation.kendall(Stored.x[i], Stored.y[i]).value - Stored.kendall[i]) < 1e-13)
    }
  }

  @Test func `intervals are Fisher's with the variances of Bonett and Wright, and Fieller`() {
    let (x, y) = (Stored.x[0], Stored.y[0])
    for (found, expected) in [
      (Correlation.pearson(x, y), Stored.pearsonInterval), (.spearman(x, y), Stored.spearmanInterval),
      (.kendall(x, y), Stored.kendallInterval),
    ] {
      #expect(abs(found.interval.lower - expected[0]) < 1e-12 && abs(found.interval.upper - expected[1]) < 1e-12)
      #expect(found.interval.lower < found.value && found.value < found.interval.upper)
    }
  }

  @Test func `tau-b equals its definition over all pairs of examples`() {
    for seed in UInt64(0)..<20 {
      var stream = RandomStream(seed: seed, purpose: .test)
      let n = 2 + stream.below(60)
      let x = (0..<n).map { _ in Double(stream.below(7)) }
      let y = (0..<n).map { _ in Double(stream.below(30)) }
      var (surplus, untiedX, untiedY) = (0.0, 0.0, 0.0)
      for i in 0..<n {
        for j in 0..<i {
          let (a, b) = ((x[i] - x[j]).signum, (y[i] - y[j]).signum)
          surplus += a * b
          untiedX += a * a
          untiedY += b * b
        }
      }
      let expected = surplus / (untiedX * untiedY).squareRoot()
      let found = Correlation.kendall(x, y).value
      #expect(abs(found - expected) < 1e-13 || found.isNaN && expected.isNaN)
    }
  }

  @Test(arguments: ["pearson", "spearman", "kendall"])
  func `a correlation is symmetric, odd, and blind to order and to what changes no order`(kind: String) {
    let function = ["pearson": Correlation.pearson, "spearman": Correlation.spearman][kind] ?? Correlation.kendall
    var stream = RandomStream(seed: 8, purpose: .test)
    let x = (0..<50).map { _ in Double(stream.below(12)) }
    let y = x.map { $0 + 4 * stream.normal() }
    let value = function(x, y).value
    #expect(abs(function(y, x).value - value) < 1e-14)
    #expect(abs(function(x.map { -$0 }, y).value + value) < 1e-14)
    let order = stream.permutation(50).map(Int.init)
    #expect(abs(function(order.map { x[$0] }, order.map { y[$0] }).value - value) < 1e-14)
    #expect(abs(function(x.map { 3 * $0 + 7 }, y).value - value) < 1e-14)
    if kind != "pearson" { #expect(abs(function(x.map { $0 * $0 * $0 }, y).value - value) < 1e-14) }
    // 1 but for rounding.
    #expect(abs(function(x, x).value - 1) < 1e-15 && function(x, x).interval.lower > 1 - 1e-6)
    #expect(Correlation.kendall(x, x).interval == Interval(lower: 1, upper: 1))
  }

  @Test func `pairs with a NaN are left out and counted`() {
    let (x, y) = (Stored.x[1], Stored.y[1])
    for function in [Correlation.pearson, Correlation.spearman, Correlation.kendall] {
      let found = function([.nan] + x + [1, .nan], [2] + y + [.nan, .nan])
      let plain = function(x, y)
      #expect(found.value == plain.value && found.interval == plain.interval)
      #expect(found.pairs == 30 && found.missing == 3 && plain.missing == 0)
    }
  }

  @Test func `where there is no spread, or nothing to correlate, the value is NaN`() {
    for function in [Correlation.pearson, Correlation.spearman, Correlation.kendall] {
      // .1 is no binary number: a mean that is rounded would leave a spread.
      #expect(function([0.1, 0.1, 0.1], [1, 2, 3]).value.isNaN)
      #expect(function([1, 2, 3], [0.1, 0.1, 0.1]).value.isNaN)
      #expect(function([], []).value.isNaN && function([1], [2]).value.isNaN)
      #expect(function([.nan, 1], [1, .nan]).value.isNaN)
      let three = function([1, 2, 3], [1, 3, 2])
      #expect(!three.value.isNaN && three.interval.lower.isNaN && three.interval.upper.isNaN)
    }
  }

  @Test func `intervals of Pearson and Spearman cover 95 % of normal samples`() {
    // Truth .6; Spearman's of a normal pair is 6/π asin(ρ/2) = .5819 (Pearson 1907), Kendall's 2/π asin ρ = .4097.
    let truth = [0.6, 0.58193, 0.40967]
    var covered = [0, 0, 0]
    let repetitions = 2000
    for repetition in 0..<repetitions {
      var stream = RandomStream(seed: 9, purpose: .test, run: repetition)
      let x = (0..<60).map { _ in stream.normal() }
      let y = x.map { 0.6 * $0 + 0.8 * stream.normal() }
      for (i, found) in [Correlation.pearson(x, y), .spearman(x, y), .kendall(x, y)].enumerated()
      where found.interval.lower <= truth[i] && truth[i] <= found.interval.upper { covered[i] += 1 }
    }
    // s.d. of the share: .005
    for count in covered { #expect((0.93...0.97).contains(Double(count) / Double(repetitions)), "\(covered)") }
  }
}

extension Double {
  fileprivate var signum: Double { self > 0 ? 1 : self < 0 ? -1 : 0 }
}

@Suite struct RankingTests {
  typealias Stored = StatisticsFixtures

  @Test func `average precision is scikit-learn's, with ties and without`() {
    for (scores, expected) in zip(Stored.scores, Stored.averagePrecision) {
      let found = AveragePrecision(scores: scores, positive: Stored.positive)
      #expect(abs(found.value - expected) < 1e-14)
      #expect(found.positives + found.negatives == 40 && found.missing == 0)
    }
  }

  @Test func `average precision does not depend on the order of ties, and leaves NaN out`() {
    let found = AveragePrecision(scores: [1, 1, 0, 0, .nan], positive: [true, false, false, true, true])
    // Half of what scores 1 is positive, and half of all: (1/2) 1/2 + (1/2) 2/4.
    #expect(found.value == 0.5 && found.positives == 2 && found.negatives == 2 && found.missing == 1)
    let turned = AveragePrecision(scores: [1, 1, 0, 0], positive: [false, true, true, false])
    #expect(turned.value == found.value)
    #expect(AveragePrecision(scores: [2, 1, 0], positive: [true, true, false]).value == 1)
    #expect(AveragePrecision(scores: [1, 2], positive: [false, false]).value.isNaN)
    #expect(AveragePrecision(scores: [], positive: []).value.isNaN)
  }

  @Test func `DeLong's variance is that over all pairs`() {
    for i in Stored.scores.indices {
      let found = AUROCInterval(scores: Stored.scores[i], positive: Stored.positive)
      #expect(abs(found.auroc.value - Stored.auroc[i]) < 1e-14)
      #expect(abs(found.variance - Stored.deLongVariance[i]) < 1e-14)
      #expect(0 < found.interval.lower && found.interval.lower < found.auroc.value)
      #expect(found.auroc.value < found.interval.upper && found.interval.upper < 1)
    }
  }

  @Test func `the interval of an area mirrors with the labels, and covers 95 % of samples`() {
    // Normal scores one s.d. apart: the area is Φ(1/√2) = .76025.
    var covered = 0
    let repetitions = 2000
    for repetition in 0..<repetitions {
      var stream = RandomStream(seed: 12, purpose: .test, run: repetition)
      let positive = (0..<90).map { $0 < 30 }
      let scores = positive.map { Float(stream.normal() + ($0 ? 1 : 0)) }
      let found = AUROCInterval(scores: scores, positive: positive)
      if found.interval.lower <= 0.76025, 0.76025 <= found.interval.upper { covered += 1 }
      if repetition < 20 {
        let mirrored = AUROCInterval(scores: scores, positive: positive.map { !$0 })
        #expect(abs(mirrored.interval.lower + found.interval.upper - 1) < 1e-12)
      }
    }
    // s.d. of the share: .005
    #expect((0.93...0.97).contains(Double(covered) / Double(repetitions)), "\(covered)")
  }

  @Test func `an area without spread on both sides has no interval`() {
    let separated = AUROCInterval(scores: [1, 2, 3, 4], positive: [false, false, true, true])
    #expect(separated.auroc.value == 1 && separated.variance == 0 && separated.interval.lower.isNaN)
    #expect(AUROCInterval(scores: [1, 2, 3], positive: [true, false, false]).variance.isNaN)
    #expect(AUROCInterval(scores: [.nan, 2], positive: [true, false]).interval.upper.isNaN)
  }
}

@Suite struct ConfusionTableTests {
  typealias Stored = StatisticsFixtures

  @Test func `cells, margins and kappa are those of a plain count and of scikit-learn`() {
    let table = ConfusionTable(rows: Stored.rowCategories, columns: Stored.columnCategories, categories: 6)
    for row in 0..<6 {
      for column in 0..<6 {
        let pairs = zip(Stored.rowCategories, Stored.columnCategories)
        #expect(table.counts[row][column] == pairs.count { $0 == Int8(row) && $1 == Int8(column) })
      }
      #expect(table.rowTotals[row] == Stored.rowCategories.count { $0 == Int8(row) })
      #expect(table.columnTotals[row] == Stored.columnCategories.count { $0 == Int8(row) })
    }
    #expect(abs(table.kappa - Stored.kappa) < 1e-14)
    #expect(table.total == 50 && table.missing == 0)
  }

  @Test func `examples without a category are counted apart, and no examples agree about nothing`() {
    let table = ConfusionTable(rows: [0, -1, 1, -1], columns: [0, 1, -1, -1], categories: 2)
    #expect(table.counts == [[1, 0], [0, 0]] && table.missing == 3 && table.agreement == 1)
    // All in one category of both: agreement by chance is 1.
    #expect(table.kappa.isNaN)
    #expect(ConfusionTable(rows: [], columns: [], categories: 2).agreement.isNaN)
  }
}
