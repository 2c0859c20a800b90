import Measures
import Randomness
import Testing

@Suite struct ReliabilityTests {
  /// Measures of which true values correlate `truth`, and each half adds noise of its own.
  ///
  /// Noise of variance 1 on a true variance of 1: half-reliability 1/2, reliability 2/3.
  func splits(
    _ examples: Int, truth: Double, noise: (x: Double, y: Double) = (1, 1), splits: Int = 1, seed: Int
  ) -> [Disattenuation.Split] {
    var stream = RandomStream(seed: 30, purpose: .test, run: seed)
    let x = (0..<examples).map { _ in stream.normal() }
    let y = x.map { truth * $0 + (1 - truth * truth).squareRoot() * stream.normal() }
    func half(_ values: [Double], _ noise: Double) -> [Double] { values.map { $0 + noise * stream.normal() } }
    return (0..<splits).map { _ in
      Disattenuation.Split(
        x: (half(x, noise.x), half(x, noise.x)), y: (half(y, noise.y), half(y, noise.y)))
    }
  }

  @Test func `values equal the definition with plain correlations`() {
    let splits = splits(60, truth: 0.8, splits: 3, seed: 0)
    let found = Disattenuation(splits)
    func mean(_ pairs: [([Double], [Double])]) -> Double {
      pairs.reduce(0) { $0 + Correlation.pearson($1.0, $1.1).value } / Double(pairs.count)
    }
    let cross = mean(splits.map { ($0.x.first, $0.y.second) } + splits.map { ($0.x.second, $0.y.first) })
    let (x, y) = (mean(splits.map { ($0.x.first, $0.x.second) }), mean(splits.map { ($0.y.first, $0.y.second) }))
    #expect(abs(found.raw.value - cross) < 1e-13)
    #expect(abs(found.reliabilityX.value - 2 * x / (1 + x)) < 1e-13)
    #expect(abs(found.reliabilityY.value - 2 * y / (1 + y)) < 1e-13)
    #expect(abs(found.value.value - cross / (x * y).squareRoot()) < 1e-13)
    #expect(found.withheld == nil && found.examples == 60 && found.missing == 0)
  }

  @Test func `the interval is that of leaving examples out one by one`() {
    // The infinitesimal jackknife and the jackknife agree to O(1/n).
    let splits = splits(400, truth: 0.7, splits: 2, seed: 1)
    let found = Disattenuation(splits)
    let parts: [KeyPath<Disattenuation, Disattenuation.Estimate>] = [\.raw, \.reliabilityX, \.reliabilityY, \.value]
    let without = (0..<400).map { i in
      Disattenuation(
        splits.map { split in
          func less(_ values: [Double]) -> [Double] { Array(values[..<i] + values[(i + 1)...]) }
          return .init(
            x: (less(split.x.first), less(split.x.second)), y: (less(split.y.first), less(split.y.second)))
        })
    }
    for part in parts {
      let values = without.map { $0[keyPath: part].value }
      let mean = values.reduce(0, +) / 400
      let error = (399.0 / 400 * values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot()
      let interval = found[keyPath: part].interval
      #expect(abs((interval.upper - interval.lower) / 2 / (1.959964 * error) - 1) < 0.03)
    }
  }

  @Test func `without noise nothing is attenuated, and with it the truth is found again`() {
    let clear = Disattenuation(splits(200, truth: 0.5, noise: (0, 0), seed: 2))
    #expect(abs(clear.reliabilityX.value - 1) < 1e-12 && abs(clear.raw.value - clear.value.value) < 1e-12)
    // A true .89 that is read as less than half of it.
    let noisy = Disattenuation(splits(20_000, truth: 0.89, noise: (1, 1.2), splits: 2, seed: 3))
    #expect(noisy.raw.value < 0.45)
    #expect(abs(noisy.value.value - 0.89) < 0.04)
    #expect(abs(noisy.reliabilityX.value - 2.0 / 3) < 0.02)
  }

  @Test func `95 % intervals cover the truth in 93 to 97 % of samples`() {
    let repetitions = 1000
    var (value, reliability) = (0, 0)
    for seed in 0..<repetitions {
      let found = Disattenuation(splits(300, truth: 0.8, splits: 2, seed: 100 + seed))
      if found.value.interval.lower <= 0.8, 0.8 <= found.value.interval.upper { value += 1 }
      let interval = found.reliabilityX.interval
      if interval.lower <= 2.0 / 3, 2.0 / 3 <= interval.upper { reliability += 1 }
    }
    // s.d. of the share: .007
    #expect((0.93...0.97).contains(Double(value) / Double(repetitions)), "\(value)")
    #expect((0.93...0.97).contains(Double(reliability) / Double(repetitions)), "\(reliability)")
  }

  @Test func `nothing is disattenuated by an unreliable measure, and the reason says by which`() {
    // Noise of variance 16: half-reliability 1/17, reliability 1/9.
    let x = Disattenuation(splits(3000, truth: 0.8, noise: (4, 1), seed: 4))
    #expect(x.withheld == .unreliableX && x.value.value.isNaN && x.value.interval.lower.isNaN)
    #expect(!x.raw.value.isNaN && x.reliabilityX.value < 0.3)
    #expect(Disattenuation(splits(3000, truth: 0.8, noise: (1, 4), seed: 4)).withheld == .unreliableY)
    #expect(Disattenuation(splits(3000, truth: 0.8, noise: (4, 4), seed: 4)).withheld == .unreliable)
  }

  @Test func `examples with a NaN in any split are left out of all, and what has no spread is undefined`() {
    var some = splits(50, truth: 0.9, splits: 2, seed: 5)
    let plain = Disattenuation(some)
    func extended(_ split: Disattenuation.Split, x: Double = 1, y: Double = 1) -> Disattenuation.Split {
      .init(
        x: (split.x.first + [x, 1], split.x.second + [1, 1]), y: (split.y.first + [1, 1], split.y.second + [1, y]))
    }
    some = [extended(some[0], x: .nan), extended(some[1], y: .nan)]
    let found = Disattenuation(some)
    #expect(found.missing == 2 && found.examples == 50)
    #expect(found.value == plain.value && found.raw == plain.raw)
    let equal = [0.1, 0.1, 0.1]
    let flat = Disattenuation([.init(x: (equal, equal), y: ([1, 2, 3], [1, 3, 2]))])
    #expect(flat.withheld == .undefined && flat.raw.value.isNaN && flat.value.value.isNaN)
    #expect(Disattenuation([]).withheld == .undefined)
    #expect(Disattenuation([.init(x: ([], []), y: ([], []))]).withheld == .undefined)
  }
}
