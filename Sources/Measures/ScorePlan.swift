/// How sure memorisation scores of so many runs are, and how many runs a question takes.
///
/// A score is the difference of two shares, of K r and K (1 - r) runs at a subset ratio r. Each share has variance v / n
/// with v = p(1 - p): 1/4 at worst, at p = 1/2, and 1/6 in the mean over all p, which is called typical. Hence
///
///     standard error = √(v / (K r) + v / (K (1 - r))) = √(v / (K r (1 - r)))
public struct ScorePlan: Sendable, Equatable {
  /// How accuracies spread: p(1 - p).
  public enum Spread: Sendable, CaseIterable {
    case worst, typical

    public var variance: Double { self == .worst ? 0.25 : 1.0 / 6 }

    /// In- and out-accuracy of that variance: 1/2 each, or 1/2 ± √(1/12).
    var accuracies: (inside: Double, outside: Double) {
      let distance = (0.25 - variance).squareRoot()
      return (0.5 + distance, 0.5 - distance)
    }
  }

  /// The share of the training set in a run's subset, between 0 and 1.
  public let ratio: Double
  public let spread: Spread

  public init(ratio: Double, spread: Spread) {
    precondition(0 < ratio && ratio < 1, "a subset leaves examples out and takes some in")
    (self.ratio, self.spread) = (ratio, spread)
  }

  /// Of an example's score from K runs.
  public func standardError(runs: Int) -> Double {
    (spread.variance / (Double(runs) * ratio * (1 - ratio))).squareRoot()
  }

  /// The fewest runs with at most this standard error; infinite beyond 10^9.
  public func runs(standardError: Double) -> Double {
    let runs = spread.variance / (standardError * standardError * ratio * (1 - ratio))
    // What is whole but for rounding is whole.
    let needed = (runs * (1 - 1e-12)).rounded(.up)
    return needed <= 1e9 ? max(1, needed) : .infinity
  }

  /// The smallest true difference between an example's scores at two sizes that a two-sided test at 5 % finds with
  /// probability 80 %: (1.96 + 0.84) √2 standard errors, the two taken to be independent.
  public func detectableDifference(runs: Int) -> Double { ScorePlan.testFactor * standardError(runs: runs) }

  /// The fewest runs that find such a difference.
  public func runs(detecting difference: Double) -> Double { runs(standardError: difference / ScorePlan.testFactor) }

  /// √2 times the sum of the normal distribution's .975 and .8 quantiles.
  private static let testFactor = 2.0.squareRoot() * (1.959963984540054 + 0.8416212335729143)

  /// The smallest mean that a two-sided t test at 5 % tells from 0 with probability about 80 %, of a quantity with this
  /// standard deviation over runs: (t_.975 + t_.8) s / √K, with K - 1 degrees of freedom; NaN below two runs.
  ///
  /// Of a mean over examples, s is that of the runs' own means; of a difference between sizes that share masks, of the
  /// runs' differences. How many examples there are is in s already.
  public static func detectableMean(runs: Int, standardDeviation: Double) -> Double {
    let degrees = Double(runs - 1)
    let level = StudentT.quantile(confidence: 0.95, degreesOfFreedom: degrees)
    let power = StudentT.quantile(confidence: 0.6, degreesOfFreedom: degrees)
    return (level + power) * standardDeviation / Double(runs).squareRoot()
  }

  /// The fewest runs that tell such a mean from 0; infinite beyond 10^9.
  public static func runs(detectingMean mean: Double, standardDeviation: Double) -> Double {
    fewest(from: 2) { detectableMean(runs: $0, standardDeviation: standardDeviation) <= mean }
  }

  /// The least number from `first` on, up to 10^9, for which `holds`, which stays so from there on.
  static func fewest(from first: Int, _ holds: (Int) -> Bool) -> Double {
    let most = 1_000_000_000
    var (low, high) = (first, first)
    while !holds(high) {
      guard high < most else { return .infinity }
      (low, high) = (high + 1, min(2 * high, most))
    }
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return Double(high)
  }
}
