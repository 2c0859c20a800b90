import Randomness
import Testing

@Suite struct GammaTests {
  @Test(arguments: [1, 2, 3, 7, 40, 1001])
  func `gamma numbers have the mean, variance and third moment of their shape`(halves: Int) {
    // Shape a: mean a, variance a, third central moment 2a, fourth 3a² + 6a, sixth 15a³ + 130a² + 120a.
    let a = Double(halves) / 2
    let n = 200_000
    var stream = RandomStream(seed: UInt64(halves), purpose: .test)
    var (one, two, three) = (0.0, 0.0, 0.0)
    for _ in 0..<n {
      let d = stream.gamma(halves: halves) - a
      #expect(d >= -a)
      one += d / Double(n)
      two += d * d / Double(n)
      three += d * d * d / Double(n)
    }
    let root = Double(n).squareRoot()
    #expect(abs(one) < 5 * a.squareRoot() / root)
    #expect(abs(two - a) < 5 * (2 * a * a + 6 * a).squareRoot() / root)
    let spread = (15 * a * a * a + 130 * a * a + 120 * a - 4 * a * a).squareRoot()
    #expect(abs(three - 2 * a) < 5 * spread / root)
  }

  @Test(arguments: [(1, 1), (1, 13), (29, 1), (15, 15)])
  func `beta numbers have the mean and variance of their shapes`(first: Int, second: Int) {
    let (a, b) = (Double(first) / 2, Double(second) / 2)
    let n = 100_000
    var stream = RandomStream(seed: 1, purpose: .test, run: first, index: second)
    var (sum, squares) = (0.0, 0.0)
    for _ in 0..<n {
      let x = stream.beta(halves: first, second)
      #expect((0...1).contains(x))
      sum += x
      squares += x * x
    }
    let mean = a / (a + b)
    let variance = a * b / ((a + b) * (a + b) * (a + b + 1))
    #expect(abs(sum / Double(n) - mean) < 5 * (variance / Double(n)).squareRoot())
    // The squared deviation's s.d. is at most that of a number in 0...1, half.
    #expect(abs(squares / Double(n) - mean * mean - variance) < 5 * (variance / Double(n)).squareRoot())
  }

  @Test func `half the square of a normal number has the distribution of shape 1/2`() {
    // Pr(X <= x) of shape 1/2 is erf(√x): .25, .5, .75 and .95 at these (scipy.stats.gamma(0.5).ppf).
    let quantiles = [(0.25, 0.05076556), (0.5, 0.22746821), (0.75, 0.66165185), (0.95, 1.92072941)]
    var stream = RandomStream(seed: 4, purpose: .test)
    let draws = (0..<100_000).map { _ in stream.gamma(halves: 1) }
    for (p, x) in quantiles {
      let share = Double(draws.count { $0 <= x }) / 100_000
      #expect(abs(share - p) < 5 * (p * (1 - p) / 100_000).squareRoot())
    }
  }
}
