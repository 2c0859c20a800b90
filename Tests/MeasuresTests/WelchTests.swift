import Measures
import Testing

@Suite struct WelchTests {
  @Test func `The interval is SciPy's`() {
    // scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(.95), SciPy 1.17.1.
    let (a, b) = ([0.2, 0.5, 0.35, 0.6, 0.4], [0.7, 0.65, 0.9, 0.4, 0.75, 0.8, 0.66])
    let means = [a, b].map { values in
      let summary = Summary(values)
      return Welch.Mean(summary.mean, halfWidth: summary.halfWidth, count: summary.count)
    }
    let welch = Welch(means[0], means[1])
    #expect(abs(welch.difference - 0.2842857142857143) < 1e-12)
    #expect(abs(welch.interval.lower - 0.0806611396859594) < 1e-9)
    #expect(abs(welch.interval.upper - 0.4879102888854692) < 1e-9)
  }

  @Test func `Of one value alone there is a difference and no interval`() {
    let one = Welch.Mean(0.5, halfWidth: .nan, count: 1)
    let many = Welch.Mean(0.75, halfWidth: 0.1, count: 10)
    #expect(Welch(one, many).difference == 0.25 && Welch(one, many).interval.lower.isNaN)
    #expect(Welch(many, one).interval.upper.isNaN)
  }

  @Test func `Without spread the interval is the difference`() {
    let same = Welch.Mean(1, halfWidth: 0, count: 10)
    #expect(Welch(same, same) == Welch(same, Welch.Mean(1, halfWidth: 0, count: 20)))
    #expect(Welch(same, same).interval == Interval(lower: 0, upper: 0))
  }
}
