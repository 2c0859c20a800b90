/// A closed interval of plausible values; both ends are NaN where it is undefined.
public struct Interval: Sendable, Equatable {
  public var lower: Double
  public var upper: Double

  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  /// The interval about `centre`, symmetric.
  public init(centre: Double, halfWidth: Double) {
    self.init(lower: centre - halfWidth, upper: centre + halfWidth)
  }

  static let undefined = Interval(lower: .nan, upper: .nan)

  /// Wilson's 95 % score interval for a proportion; undefined for no trials.
  ///
  /// - Source: Wilson 1927, doi:10.2307/2276774.
  public static func wilson(_ successes: Int, of trials: Int) -> Interval {
    guard trials > 0 else { return .undefined }
    let z = 1.959963984540054  // the normal distribution's .975 quantile
    let n = Double(trials)
    let p = Double(successes) / n
    let centre = p + z * z / (2 * n)
    let spread = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    // At 0 and 1 the ends coincide with p, but for rounding.
    return Interval(
      lower: successes == 0 ? 0 : (centre - spread) / scale,
      upper: successes == trials ? 1 : (centre + spread) / scale)
  }

  /// Newcombe's 95 % hybrid score interval for the first of two independent proportions less the second.
  ///
  ///     lower = d - √((p1 - l1)² + (u2 - p2)²),  upper = d + √((u1 - p1)² + (p2 - l2)²)
  ///
  /// with l and u the ends of Wilson's intervals. It stays within -1...1 and has positive width at the ends.
  /// - Source: Newcombe 1998, method 10,
  ///   doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
  public static func newcombe(
    _ successes1: Int, of trials1: Int, minus successes2: Int, of trials2: Int
  ) -> Interval {
    let first = wilson(successes1, of: trials1)
    let second = wilson(successes2, of: trials2)
    let p1 = Double(successes1) / Double(trials1)
    let p2 = Double(successes2) / Double(trials2)
    func hypotenuse(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
    return Interval(
      lower: p1 - p2 - hypotenuse(p1 - first.lower, second.upper - p2),
      upper: p1 - p2 + hypotenuse(first.upper - p1, p2 - second.lower))
  }
}
