import Measures
import Testing

@Suite struct BimodalityTests {
  @Test(arguments: StatisticsFixtures.peaks.indices)
  func `Sarle's coefficient and the dip agree with SciPy and diptest`(i: Int) {
    let values = StatisticsFixtures.peaks[i]
    #expect(abs(Bimodality.dip(values) - StatisticsFixtures.dip[i]) < 1e-9)
    #expect(abs(Bimodality.sarle(values) - StatisticsFixtures.sarle[i]) < 1e-9)
    // Neither order nor what has no value makes a difference; nor does the unit.
    let mixed = [.nan] + values.reversed() + [Float.nan]
    #expect(Bimodality.dip(mixed) == Bimodality.dip(values))
    #expect(abs(Bimodality.sarle(mixed) - StatisticsFixtures.sarle[i]) < 1e-9)
    #expect(abs(Bimodality.dip(values.map { 4 * $0 - 8 }) - StatisticsFixtures.dip[i]) < 1e-6)
  }

  @Test func `What has no peak to speak of`() {
    let even = (0..<200).map(Float.init)
    #expect(abs(Bimodality.dip(even) - 1 / 400) < 1e-9)
    #expect(abs(Bimodality.sarle(even) - 5 / 9) < 0.02)
    #expect(abs(Bimodality.dip([Float](repeating: 0, count: 50) + [Float](repeating: 1, count: 50)) - 0.25) < 1e-12)
    #expect(Bimodality.dip([2, 2, 2, 2, 2]) == 0.1)
    #expect(Bimodality.dip([Float.nan]).isNaN && Bimodality.dip([Float]()).isNaN)
    #expect(Bimodality.sarle([1, 2, 3] as [Float]).isNaN && Bimodality.sarle([1, 1, 1, 1, 1] as [Float]).isNaN)
  }
}
