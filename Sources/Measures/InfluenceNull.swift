import Randomness

/// What influence scores look like where there is no influence: the runs are exchangeable, so that those which are right
/// about an example are a uniformly random subset of as many runs.
///
/// Of `inside` runs that trained on the other example, the number that are right then has the hypergeometric
/// distribution. Its tail is summed exactly; nothing is drawn.
public struct InfluenceNull: Sendable {
  /// ln k! by k.
  private let logFactorial: [Double]

  /// - Parameter runs: the most runs that are asked about.
  public init(runs: Int) {
    var sums = [0.0]
    for k in 1...max(1, runs) { sums.append(sums[k - 1] + Elementary.log(Double(k))) }
    logFactorial = sums
  }

  private func logChoose(_ n: Int, _ k: Int) -> Double { logFactorial[n] - logFactorial[k] - logFactorial[n - k] }

  /// The probability of so many correct runs inside.
  public func probability(_ score: InfluenceScore) -> Double {
    let (c, n, t, all) = (score.correctInside, score.inside, score.correct, score.runs)
    guard c >= max(0, t - (all - n)), c <= min(n, t) else { return 0 }
    return Elementary.exp(logChoose(t, c) + logChoose(all - t, n - c) - logChoose(all, n))
  }

  /// Adds to each bin `weight` times the probability of a score in it.
  ///
  /// Terms below 1e-60 are left out: a 32-bit float holds nothing as small.
  public func add(
    _ weight: Double, inside n: Int, correct t: Int, runs all: Int, to expected: inout [Double], _ bins: InfluenceBins
  ) {
    guard
      var count = InfluenceScore.leastCorrect(reaching: bins.threshold, inside: n, correct: t, runs: all)
    else { return }
    let last = min(n, t)
    func score(_ count: Int) -> InfluenceScore {
      InfluenceScore(correctInside: count, inside: n, correct: t, runs: all)
    }
    var term = weight * probability(score(count))
    while term > 1e-60 {
      expected[bins.index(of: score(count).value)] += term
      guard count < last else { return }
      // The ratio of neighbouring probabilities.
      term *= Double(t - count) * Double(n - count) / (Double(count + 1) * Double(all - t - n + count + 1))
      count += 1
    }
  }
}

/// Intervals of scores from a threshold up, 1/1024 wide each.
public struct InfluenceBins: Sendable {
  public let threshold: Double
  public let count: Int

  /// - Parameter threshold: above 0, at most 1.
  public init(threshold: Double) {
    precondition(threshold > 0 && threshold <= 1, "a threshold within the range of scores")
    self.threshold = threshold
    count = Int((1 - threshold) * 1024) + 1
  }

  /// The bin of a score of at least the threshold.
  public func index(of score: Double) -> Int { min(count - 1, Int((score - threshold) * 1024)) }

  /// The least score of a bin.
  public func lowerEnd(_ index: Int) -> Double { threshold + Double(index) / 1024 }
}

/// How many pairs reach each score, and how many would by chance.
public struct InfluenceTail: Sendable {
  public let bins: InfluenceBins
  /// Pairs that have a score at all.
  public let defined: Int
  /// Pairs with at least the lower end of a bin, by bin: the first is the number of pairs that reach the threshold.
  public let observed: [Int]
  /// The expected number of those by chance alone.
  public let expected: [Double]

  /// - Parameters:
  ///   - observed: pairs in each bin.
  ///   - expected: of the null hypothesis, in each bin.
  public init(bins: InfluenceBins, defined: Int, observed: [Int], expected: [Double]) {
    precondition(observed.count == bins.count && expected.count == bins.count, "a number for each bin")
    self.bins = bins
    self.defined = defined
    // From the least term up: small ones are not lost.
    var (pairs, chance) = (observed, expected)
    for i in stride(from: bins.count - 2, through: 0, by: -1) {
      pairs[i] += pairs[i + 1]
      chance[i] += chance[i + 1]
    }
    (self.observed, self.expected) = (pairs, chance)
  }

  public var pairs: Int { observed[0] }
  public var expectedFalsePairs: Double { expected[0] }

  /// The expected number of pairs by chance that reach the bin of a score.
  public func expectedFalsePairs(at score: Double) -> Double { expected[bins.index(of: score)] }

  /// The q-value of the pairs in each bin: the least expected share of false pairs among those that reach a threshold
  /// which the pair reaches.
  ///
  ///     q(b) = min over a <= b of min(1, expected(a) / observed(a))
  ///
  /// - Source: Benjamini and Hochberg 1995, with the exact null distribution of each pair in place of a uniform one;
  ///   Storey 2002 with the share of true null hypotheses taken as 1.
  public var qValues: [Double] {
    var least = 1.0
    return zip(observed, expected).map { pairs, chance in
      if pairs > 0 { least = min(least, chance / Double(pairs)) }
      return least
    }
  }

  /// The least threshold, of those between bins, that no more than so many pairs reach; nil where none is.
  public func threshold(reachedByAtMost most: Int) -> Double? {
    observed.firstIndex { $0 <= most }.map { bins.lowerEnd($0) }
  }
}
