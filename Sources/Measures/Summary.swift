/// The mean of a small sample, its spread, and Student's t interval for the mean.
public struct Summary: Sendable, Equatable {
  /// The number of values that count, and of NaNs, which are left out.
  public let count: Int
  public let missing: Int
  /// NaN for no values.
  public let mean: Double
  /// With divisor n - 1; NaN below two values.
  public let standardDeviation: Double
  /// Half the width of the interval, t_{n-1} s / √n; NaN below two values.
  public let halfWidth: Double

  /// - Parameter confidence: how often such intervals hold the mean, if values are normally distributed.
  public init(_ values: some Sequence<Double>, confidence: Double = 0.95) {
    var kept: [Double] = []
    var missing = 0
    for value in values {
      if value.isNaN { missing += 1 } else { kept.append(value) }
    }
    let n = Double(kept.count)
    let mean = kept.reduce(0, +) / n
    let squares = kept.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    count = kept.count
    self.missing = missing
    self.mean = mean
    standardDeviation = n > 1 ? (squares / (n - 1)).squareRoot() : .nan
    halfWidth =
      StudentT.quantile(confidence: confidence, degreesOfFreedom: n - 1)
      * standardDeviation / n.squareRoot()
  }

  public var interval: Interval { Interval(centre: mean, halfWidth: halfWidth) }

  /// The smallest true mean that a two-sided t test against 0 at the 5 % level finds with a probability of 80 %, if values
  /// have this standard deviation: (t_{n-1, .975} + t_{n-1, .8}) s / √n, within .2 % of what the noncentral t distribution
  /// gives from n = 10 on, 5 % too small at 3; NaN below two values.
  ///
  /// - Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2.
  public var smallestDetectable: Double {
    let n = Double(count)
    let quantiles = [0.95, 0.6].map { StudentT.quantile(confidence: $0, degreesOfFreedom: n - 1) }
    return (quantiles[0] + quantiles[1]) * standardDeviation / n.squareRoot()
  }
}
