/// Elementary functions from additions, multiplications and divisions alone.
///
/// The C library picks its version by the processor, so its last bits differ between machines; these do not,
/// and so neither do initial weights, schedules and intervals. Errors are a few units in the last place:
/// series are summed until the next term is below 2^-56 of the result. Scalar and double: use them for
/// set-up, not in inner loops.
public enum Elementary {
  @usableFromInline static let ln2High = 0x1.62e42fee00000p-1  // 33 bits: exact times any exponent
  @usableFromInline static let ln2Low = 0x1.a39ef35793c76p-33

  /// The natural logarithm; NaN below 0, -infinity at 0.
  @inlinable
  public static func log(_ x: Double) -> Double {
    guard x > 0, x < .infinity else { return x == 0 ? -.infinity : (x == .infinity ? x : .nan) }
    // x = m 2^e with m in [1/sqrt 2, sqrt 2); ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172.
    var e = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m /= 2
      e += 1
    }
    let s = (m - 1) / (m + 1)
    let z = s * s
    var sum = 0.0
    var k = 23.0
    while k >= 3 {
      sum = (sum + 1 / k) * z
      k -= 2
    }
    return e * ln2High + (2 * s + (2 * s * sum + e * ln2Low))
  }

  /// e to the power of x.
  @inlinable
  public static func exp(_ x: Double) -> Double {
    guard x == x else { return x }
    if x > 709.79 { return .infinity }
    if x < -745.2 { return 0 }
    let n = (x * 1.4426950408889634).rounded()
    let r = (x - n * ln2High) - n * ln2Low
    // e^r = sum of r^k / k!, |r| <= 0.347.
    var sum = 1.0
    var k = 14.0
    while k >= 1 {
      sum = 1 + sum * r / k
      k -= 1
    }
    // In two steps, since 2^n alone may be out of range where the result is not.
    let half = Int(n) / 2
    return sum * Double(sign: .plus, exponent: half, significand: 1)
      * Double(sign: .plus, exponent: Int(n) - half, significand: 1)
  }

  /// x to the power of y, for x > 0.
  @inlinable
  public static func pow(_ x: Double, _ y: Double) -> Double { exp(y * log(x)) }

  /// The sine, for |x| below about 1e6; beyond, digits are lost, and NaN from 2^52 on.
  @inlinable
  public static func sin(_ x: Double) -> Double { quadrant(x, shift: 0) }

  /// The cosine, for |x| below about 1e6; beyond, digits are lost, and NaN from 2^52 on.
  @inlinable
  public static func cos(_ x: Double) -> Double { quadrant(x, shift: 1) }

  /// sin(x + shift pi/2), from the remainder of x by pi/2 in three parts of pi/2 (Cody and Waite).
  @inlinable
  static func quadrant(_ x: Double, shift: Int) -> Double {
    guard abs(x) < 0x1p52 else { return .nan }
    let n = (x * 0.6366197723675814).rounded()
    let r =
      ((x - n * 0x1.921fb54400000p0) - n * 0x1.0b4611a600000p-34) - n * 0x1.3198a2e037073p-69
    let z = r * r
    let q = (Int(n) + shift) & 3
    var sum = 0.0
    // sin r = r (1 - z/(2·3) (1 - z/(4·5) (1 - …))); cos r = 1 - z/(1·2) (1 - z/(3·4) (1 - …)).
    var k = q & 1 == 0 ? 18.0 : 17.0
    while k >= 1 {
      sum = (1 - sum) * z / (k * (k + 1))
      k -= 2
    }
    let value = q & 1 == 0 ? r * (1 - sum) : 1 - sum
    return q & 2 == 0 ? value : -value
  }
}
