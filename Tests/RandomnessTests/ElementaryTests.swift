import Randomness
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The distance of `value` from `exact` in units of the last place of `exact`.
private func ulps(_ value: Double, _ exact: Double) -> Double {
  value == exact ? 0 : abs(value - exact) / exact.ulp
}

/// `count` points from a to b.
private func points(_ a: Double, _ b: Double, _ count: Int = 20_000) -> [Double] {
  var stream = RandomStream(seed: 1, purpose: .test)
  return (0..<count).map { _ in a + (b - a) * stream.uniform() }
}

/// The C library's errors are below 1 unit, so these bounds hold for the functions themselves but for 1.
@Suite struct ElementaryTests {
  @Test("exp is within 3 units in the last place of the C library's")
  func exponential() {
    for x in points(-1, 1) + points(-700, 700) {
      #expect(ulps(Elementary.exp(x), exp(x)) <= 3, "\(x)")
    }
    // Subnormal results are rounded twice.
    for x in points(-745, -708) { #expect(ulps(Elementary.exp(x), exp(x)) <= 3, "\(x)") }
    for x in points(709.7, 709.9) { #expect(ulps(Elementary.exp(x), exp(x)) <= 3, "\(x)") }
  }

  @Test("exp of 0, infinities and NaN is exact")
  func exponentialLimits() {
    #expect(Elementary.exp(0) == 1)
    #expect(Elementary.exp(.infinity) == .infinity)
    #expect(Elementary.exp(-.infinity) == 0)
    #expect(Elementary.exp(.nan).isNaN)
  }

  @Test("log is within 3 units in the last place of the C library's")
  func logarithm() {
    for x in points(0, 2) + points(0.99, 1.01) + points(0, 1e6) + points(0, 1e-308) {
      #expect(ulps(Elementary.log(x), log(x)) <= 3, "\(x)")
    }
    for e in -1074...1023 {
      let x = Double(sign: .plus, exponent: e, significand: 1)
      #expect(ulps(Elementary.log(x), log(x)) <= 3, "2^\(e)")
    }
  }

  @Test("log of 1, 0, negative numbers, infinity and NaN is exact")
  func logarithmLimits() {
    #expect(Elementary.log(1) == 0)
    #expect(Elementary.log(0) == -.infinity)
    #expect(Elementary.log(-1).isNaN)
    #expect(Elementary.log(.infinity) == .infinity)
    #expect(Elementary.log(.nan).isNaN)
  }

  @Test("sin and cos are within 3 units in the last place of the C library's")
  func trigonometric() {
    for x in points(-4, 4) + points(-1000, 1000) + points(-1e6, 1e6) {
      #expect(ulps(Elementary.sin(x), sin(x)) <= 3, "\(x)")
      #expect(ulps(Elementary.cos(x), cos(x)) <= 3, "\(x)")
    }
    // Next to the zeros, where the reduction cancels.
    for k in 1...1000 {
      let x = Double(k) * (Double.pi / 2)
      #expect(ulps(Elementary.sin(x), sin(x)) <= 3, "\(x)")
      #expect(ulps(Elementary.cos(x), cos(x)) <= 3, "\(x)")
    }
    for x in [1e-300, -1e-10, 0] { #expect(Elementary.sin(x) == sin(x)) }
  }

  @Test(
    "sin and cos of what they cannot reduce is NaN, not a trap",
    arguments: [Double.nan, .infinity, -.infinity, 1e30, -1e300])
  func trigonometricLimits(x: Double) {
    #expect(Elementary.sin(x).isNaN && Elementary.cos(x).isNaN)
  }

  @Test("pow agrees with the C library's to 1e-13")
  func power() {
    for (x, y) in zip(points(0.1, 10, 1000), points(-20, 20, 1000).reversed()) {
      #expect(abs(Elementary.pow(x, y) / pow(x, y) - 1) <= 1e-13, "\(x)^\(y)")
    }
  }
}
