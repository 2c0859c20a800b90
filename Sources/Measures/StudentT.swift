import Randomness

/// Student's t distribution: tails and quantiles, with the same bits on every machine.
///
/// Errors are below 1e-10 of the value for 1 to 1e6 degrees of freedom; a tail then takes up to some hundred
/// steps.
public enum StudentT {
  /// The t that |T| stays below with probability `confidence`; NaN without degrees of freedom.
  ///
  /// - Parameters:
  ///   - confidence: in 0..<1; .95 gives the factor of a 95 % interval.
  ///   - degreesOfFreedom: above 0 and finite, whole or not.
  public static func quantile(confidence: Double, degreesOfFreedom n: Double) -> Double {
    precondition((0..<1).contains(confidence), "the confidence lies in 0..<1")
    guard n > 0, n < .infinity else { return .nan }
    let target = 1 - confidence
    // The density of |T| falls with t, so the tail is convex and Newton's steps from 0 never pass the root.
    let peak = 2 * Elementary.exp(logGammaRatio(n / 2)) / (n * .pi).squareRoot()
    var t = 0.0
    while true {
      let density = peak * Elementary.exp(-(n + 1) / 2 * logOnePlus(t * t / n))
      let next = t + (tail(t, degreesOfFreedom: n) - target) / density
      guard next > t * (1 + 1e-15) else { return t }
      t = next
    }
  }

  /// The probability that |T| is above `t`: the p-value of a two-sided t test.
  ///
  ///     Pr(|T| > t) = I_x(n/2, 1/2),  x = n / (n + t²)
  ///
  /// - Source: DLMF 8.17, https://dlmf.nist.gov/8.17.
  public static func tail(_ t: Double, degreesOfFreedom n: Double) -> Double {
    guard n > 0, n < .infinity, t == t else { return .nan }
    guard t != 0 else { return 1 }
    let ratio = t * t / n
    guard ratio < .infinity else { return 0 }
    let x = 1 / (1 + ratio)
    let y = ratio / (1 + ratio)
    // x^(n/2) y^(1/2) / B(n/2, 1/2); B's Γ(1/2) is √π.
    let front =
      Elementary.exp(-n / 2 * logOnePlus(ratio) + logGammaRatio(n / 2)) * (y / .pi).squareRoot()
    // The fraction converges fast for x < (a + 1) / (a + b + 2); above that, I_x(a, b) = 1 - I_y(b, a).
    return x * (n + 5) < n + 2
      ? front * betaFraction(x, n / 2, 0.5) / (n / 2)
      : 1 - front * betaFraction(y, 0.5, n / 2) / 0.5
  }

  /// The continued fraction of the incomplete beta function, by Lentz's method.
  ///
  /// - Source: DLMF 8.17.22; the method as in Thompson and Barnett 1986, doi:10.1016/0021-9991(86)90046-X.
  private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300  // stands for a denominator of 0
    func nonzero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / nonzero(1 - (a + b) * x / (a + 1))
    var fraction = d
    var m = 1.0
    while true {
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / nonzero(1 + even * d)
      c = nonzero(1 + even / c)
      fraction *= c * d
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / nonzero(1 + odd * d)
      c = nonzero(1 + odd / c)
      fraction *= c * d
      if abs(c * d - 1) < 1e-15 || m > 1e6 { return fraction }
      m += 1
    }
  }

  /// ln(Γ(a + 1/2) / Γ(a)), whose two parts would cancel at large a.
  ///
  /// - Source: the difference of DLMF 5.11.8 at h = 1/2 and h = 0: its terms, for odd k, are
  ///   (2^-k - 2) B_{k+1} / (k (k + 1) a^k).
  private static func logGammaRatio(_ a: Double) -> Double {
    // Γ(a + 1/2) / Γ(a) = a / (a + 1/2) · Γ(a + 3/2) / Γ(a + 1), up to where the series is exact.
    var shifted = a
    var product = 1.0
    while shifted < 16 {
      product *= shifted / (shifted + 0.5)
      shifted += 1
    }
    let z = 1 / (shifted * shifted)
    let series = -1.0 / 8 + z * (1.0 / 192 + z * (-1.0 / 640 + z * (17.0 / 14336 - z * 31 / 18432)))
    return 0.5 * Elementary.log(shifted) + series / shifted + Elementary.log(product)
  }

  /// ln(1 + x) for x >= 0, without the rounding of 1 + x.
  ///
  /// - Source: Goldberg 1991, theorem 4, doi:10.1145/103162.103163.
  private static func logOnePlus(_ x: Double) -> Double {
    let sum = 1 + x
    return sum == 1 ? x : Elementary.log(sum) * (x / (sum - 1))
  }
}
