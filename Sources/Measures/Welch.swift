/// The difference of two independent means, with a 95 % interval that does not take their variances for equal.
///
/// - Source: Welch 1947, doi:10.1093/biomet/34.1-2.28.
public struct Welch: Sendable, Equatable {
  /// The second less the first.
  public let difference: Double
  /// Undefined where a mean has no interval of its own, as of one run.
  public let interval: Interval

  /// A mean with the half width of its 95 % t interval, and the number of values that it is of.
  public struct Mean: Sendable {
    public let value, halfWidth: Double
    public let count: Int

    public init(_ value: Double, halfWidth: Double, count: Int) {
      (self.value, self.halfWidth, self.count) = (value, halfWidth, count)
    }

    var degrees: Double { Double(count - 1) }
    /// The square of the standard error, which the interval was made from.
    var variance: Double {
      let error = halfWidth / StudentT.quantile(confidence: 0.95, degreesOfFreedom: degrees)
      return error * error
    }
  }

  public init(_ first: Mean, _ second: Mean) {
    difference = second.value - first.value
    let variances = [first.variance, second.variance]
    let sum = variances[0] + variances[1]
    // Without any spread the difference is as certain as can be.
    guard sum != 0 else {
      interval = Interval(centre: difference, halfWidth: 0)
      return
    }
    let degrees =
      sum * sum / (variances[0] * variances[0] / first.degrees + variances[1] * variances[1] / second.degrees)
    let half = sum.isNaN ? .nan : StudentT.quantile(confidence: 0.95, degreesOfFreedom: degrees) * sum.squareRoot()
    interval = Interval(centre: difference, halfWidth: half)
  }
}
